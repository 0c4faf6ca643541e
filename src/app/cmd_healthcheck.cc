// `invar healthcheck`: asks a running Invar, for images that have neither shell nor curl.
#include <fmt/format.h>
#include <signal.h>

#include "app/commands.h"
#include "async/loop.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "http/shown_body.h"
#include "metrics/metrics.h"

namespace invar::app {

int healthcheck(const std::string& url) {
  signal(SIGPIPE, SIG_IGN);
  const auto loop = async::RealLoop::create();
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({});
  const auto transport = http::Transport::create(*loop, fs::posix(), scope.get(), {});
  auto client = transport->make_client({}, "healthcheck");
  if (!client) return fail_with(client.error().message);
  int status = 1;
  http::Request request;
  request.url = url;
  request.timeout = std::chrono::seconds(5);
  const auto call =
      (*client)->send(std::move(request), [&](std::expected<http::Response, http::Failure> answer) {
        if (!answer) {
          fail_with(answer.error().message);
        } else if (answer->status != 200) {
          fail_with(fmt::format("{}: {}", answer->status_line,
                                http::shown_body(answer->body, answer->headers.get("Content-Type"))));
        } else {
          status = 0;
        }
        loop->stop();
      });
  loop->run();
  return status;
}

}  // namespace invar::app
