#include "http/testing/harness.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "fs/filesystem.h"

namespace invar::http::testing {

bool run_until(async::RealLoop& loop, const std::function<bool()>& done, Duration limit) {
  const auto end = loop.now() + limit;
  bool met = false;
  std::function<void()> look = [&] {
    met = done();
    if (met || loop.now() >= end) {
      loop.stop();
    } else {
      loop.schedule_after(std::chrono::microseconds(200), [&look] { look(); });
    }
  };
  loop.post([&look] { look(); });
  loop.run();
  return met;
}

Harness::Harness(Transport::Options options)
    : loop_(async::RealLoop::create()),
      files_(fs::posix()),
      registry_(metrics::Registry::create()),
      scope_(registry_->scope({})),
      transport_(Transport::create(*loop_, files_, scope_.get(), std::move(options))) {}

Harness::~Harness() {
  servers_.clear();
  transport_.reset();
}

std::unique_ptr<Client> Harness::client(const ClientConfig& config, std::string dialer) {
  auto client = transport_->make_client(config, std::move(dialer));
  INVAR_CHECK(client.has_value(), client ? "" : client.error().message);
  return *std::move(client);
}

Outcome Harness::send(Client& client, Request request) {
  std::optional<Outcome> outcome;
  const auto call =
      client.send(std::move(request), [&outcome](Outcome result) { outcome = std::move(result); });
  INVAR_CHECK(!outcome, "done ran inside send()");
  run_until(*loop_, [&outcome] { return outcome.has_value(); }, std::chrono::seconds(60));
  INVAR_CHECK(outcome.has_value(), "no outcome within a minute");
  return *std::move(outcome);
}

Outcome Harness::get(Client& client, std::string url, Duration timeout) {
  Request request;
  request.url = std::move(url);
  request.timeout = timeout;
  return send(client, std::move(request));
}

Server& Harness::serve(Handler handler, ServerOptions options, log::Logger logger) {
  auto server = Server::listen(*loop_, files_, std::move(logger), std::move(options), std::move(handler));
  INVAR_CHECK(server.has_value(), server ? "" : server.error().message);
  return *servers_.emplace_back(*std::move(server));
}

std::string failure_text(const Outcome& outcome) {
  if (outcome) return "";
  return fmt::format("{}: {}", to_string(outcome.error().kind), outcome.error().message);
}

}  // namespace invar::http::testing
