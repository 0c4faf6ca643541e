#include "components/discovery/ec2/discovery.h"

#include <fmt/format.h>

#include "aws/credentials.h"
#include "aws/xml.h"
#include "component/fetcher.h"
#include "component/json_fields.h"
#include "component/poller.h"
#include "components/discovery/ec2/instances.h"

namespace invar::components::discovery_ec2 {
namespace {

constexpr auto kTimeout = std::chrono::seconds(60);
constexpr int kMostPages = 1000;

std::string filters_of(const Arguments& arguments) {
  std::string form;
  for (std::size_t i = 0; i < arguments.filters.size(); ++i) {
    const Filter& filter = arguments.filters[i];
    form += fmt::format("&Filter.{}.Name={}", i + 1, http::query_escape(filter.name));
    for (std::size_t j = 0; j < filter.values.size(); ++j)
      form += fmt::format("&Filter.{}.Value.{}={}", i + 1, j + 1, http::query_escape(filter.values[j]));
  }
  return form;
}

class Ec2Discoverer final : public component::PolledDiscoverer {
 public:
  Ec2Discoverer(const component::Options& options, const Arguments& arguments, aws::Environment environment,
                std::unique_ptr<http::Client> client, std::unique_ptr<aws::CredentialSource> source)
      : PolledDiscoverer(options, "ec2", arguments.refresh_interval),
        loop_(*options.loop),
        logger_(options.logger),
        arguments_(arguments),
        environment_(std::move(environment)),
        fetcher_(std::move(client)),
        source_(std::move(source)) {}

 private:
  using Then = std::move_only_function<void(Result<syntax::Value>, Done)>;

  void refresh(Done done) override {
    targets_.clear();
    pages_ = 0;
    source_->get(alive_.bind([this, done = std::move(done)](auto given) mutable {
      if (!given) return done(std::unexpected(given.error()));
      given_ = *std::move(given);
      context_.region = given_.region;
      context_.port = arguments_.port;
      if (zones_known_) return list("", std::move(done));
      find_zones(std::move(done));
    }));
  }

  // A label only: without the right to see them it is empty.
  void find_zones(Done done) {
    ask("DescribeAvailabilityZones", "", std::move(done), [this](Result<syntax::Value> answer, Done done) {
      if (answer) {
        zones_known_ = true;
        context_.zone_ids = read_zone_ids(*answer);
      } else {
        logger_.debug("the availability zones are not known", {{"err", answer.error().message}});
      }
      list("", std::move(done));
    });
  }

  void list(const std::string& token, Done done) {
    std::string form = "&MaxResults=1000" + filters_of(arguments_);
    if (!token.empty()) form += "&NextToken=" + http::query_escape(token);
    ask("DescribeInstances", form, std::move(done), [this](Result<syntax::Value> answer, Done done) {
      if (!answer) {
        source_->forget();
        return done(std::unexpected(answer.error().wrapped("could not describe instances")));
      }
      read_instances(*answer, context_, targets_);
      const std::string next = component::text_field(*answer, "nextToken");
      if (!next.empty() && ++pages_ < kMostPages) return list(next, std::move(done));
      component::Groups groups;
      groups.emplace(context_.region, std::move(targets_));
      done(std::move(groups));
    });
  }

  void ask(std::string_view action, std::string_view form, Done done, Then then) {
    http::Request request;
    request.method = "POST";
    std::string url =
        arguments_.endpoint.empty() ? aws::endpoint("ec2", given_.region, environment_) : arguments_.endpoint;
    while (url.ends_with('/')) url.pop_back();
    request.url = url + "/";
    request.timeout = kTimeout;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body_head = fmt::format("Action={}&Version=2016-11-15{}", action, form);
    if (auto signed_ = aws::sign(request, given_.credentials, {given_.region, "ec2"}, loop_.unix_ns());
        !signed_)
      return then(std::unexpected(signed_.error()), std::move(done));
    request.headers.set("Accept", "application/xml");
    fetcher_.send(std::move(request),
                  alive_.bind([done = std::move(done), then = std::move(then)](auto answer) mutable {
                    if (!answer) return then(std::unexpected(answer.error()), std::move(done));
                    then(aws::parse_xml(answer->body), std::move(done));
                  }));
  }

  async::Loop& loop_;
  log::Logger logger_;
  const Arguments arguments_;
  const aws::Environment environment_;
  component::Fetcher fetcher_;
  std::unique_ptr<aws::CredentialSource> source_;

  aws::CredentialSource::Given given_;
  InstanceContext context_;
  bool zones_known_ = false;
  component::Targets targets_;  // of the refresh under way
  int pages_ = 0;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(aws::Environment environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(arguments.client, options.id));
  INVAR_ASSIGN_OR_RETURN(
      auto source, aws::CredentialSource::make(options, arguments.identity, arguments.client, environment));
  return std::make_unique<Ec2Discoverer>(options, arguments, std::move(environment), std::move(client),
                                         std::move(source));
}

}  // namespace invar::components::discovery_ec2
