#include "components/discovery/kubelet/discovery.h"

#include <algorithm>

#include "base/build_info.h"
#include "component/poller.h"
#include "components/discovery/kubelet/pod_list.h"
#include "http/answer_body.h"
#include "kube_shared/pods.h"

namespace invar::components::discovery_kubelet {
namespace {

using component::Groups;

constexpr auto kTimeout = std::chrono::seconds(30);

Result<Groups> read_groups(std::string_view json, const std::vector<std::string>& namespaces) {
  INVAR_ASSIGN_OR_RETURN(const auto pods, read_pod_list(json));
  Groups groups;
  for (const kube::Pod& pod : pods) {
    if (!namespaces.empty() && std::ranges::find(namespaces, pod.meta.space) == namespaces.end()) continue;
    groups.insert_or_assign("pod/" + kube::key_of(pod.meta), kube_shared::pod_targets(pod, {}));
  }
  return groups;
}

std::string pods_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url + "/pods";
}

class KubeletDiscoverer final : public component::PolledDiscoverer {
 public:
  KubeletDiscoverer(const component::Options& options, const Arguments& arguments,
                    std::unique_ptr<http::Client> client)
      : PolledDiscoverer(options, "kubelet", arguments.refresh_interval),
        pool_(*options.pool),
        url_(pods_url(arguments.url)),
        namespaces_(arguments.namespaces),
        client_(std::move(client)) {}

 private:
  void refresh(Done done) override {
    http::Request request;
    request.url = url_;
    request.timeout = kTimeout;
    request.headers = {{"Accept", "application/json"}, {"User-Agent", user_agent()}};
    call_ =
        client_->send(std::move(request), alive_.bind([this, done = std::move(done)](auto response) mutable {
          received(std::move(response), std::move(done));
        }));
  }

  void received(std::expected<http::Response, http::Failure> response, Done done) {
    if (!response) return done(failure("error sending kubelet pods request", response.error().message));
    if (response->status != 200)
      return done(failure("error response from kubelet", response->status_line + advice(response->status)));
    pool_.run(
        [answer = std::move(*response), namespaces = namespaces_]() mutable -> Result<Groups> {
          INVAR_TRY(http::unpack(answer));
          return read_groups(answer.body, namespaces);
        },
        alive_.bind([this, done = std::move(done)](Result<Groups> groups) mutable {
          if (!groups) return done(failure("error unmarshaling response body", groups.error().message));
          done(std::move(groups));
        }));
  }

  static std::string advice(int status) {
    return status == 401 || status == 403
               ? "; the credentials need the right to `get` the resource nodes/proxy (a ClusterRole with the "
                 "rule "
                 "{apiGroups: [\"\"], resources: [\"nodes/proxy\"], verbs: [\"get\"]})"
               : "";
  }

  [[nodiscard]] std::unexpected<Error> failure(std::string_view what, std::string_view why) const {
    return fail(ErrorCode::kUnavailable,
                http::redact_url(url_) + ": " + std::string(what) + ": " + std::string(why));
  }

  async::WorkerPool& pool_;
  const std::string url_;
  const std::vector<std::string> namespaces_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(arguments.client, options.id));
  return std::make_unique<KubeletDiscoverer>(options, arguments, std::move(client));
}

}  // namespace invar::components::discovery_kubelet
