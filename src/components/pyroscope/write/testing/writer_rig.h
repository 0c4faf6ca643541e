// WriterRig: a Writer in virtual time, with a fake network and a disk in memory, that can be killed and started again.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "async/testing/test_loop.h"
#include "components/pyroscope/write/writer.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_transport.h"

namespace invar::components::pyroscope_write {

inline constexpr const char* kUrl = "http://one:4040";

inline http::testing::Answer ok() {
  return http::testing::answer(200, "application/proto", "");
}

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    sink_ = log::Sink::create([this](std::string_view line) { log_.emplace_back(line); },
                              [this] { return loop_.unix_ns(); });
    sink_->configure({.level = log::Level::kInfo});
    (void)memory_->make_directories("/data");
    start();
  }
  ~WriterTest() override { writer_.reset(); }

  // A new process on the same disk.
  void start() {
    scope_ = registry_->scope({{"component_id", "pyroscope.write.test"}});
    Writer::Environment environment;
    environment.component_id = "pyroscope.write.test";
    environment.instance_uid = "uid-1";
    environment.user_agent = "invar/test";
    environment.logger = log::Logger(sink_);
    environment.metrics = scope_.get();
    environment.loop = &loop_;
    environment.pool = &pool_;
    environment.disk_pool = &disk_pool_;
    environment.files = disk_;
    environment.data_path = "/data";
    environment.http = http_;
    environment.random = [this] { return random_(); };
    environment.on_end = [this](const pipeline::ProfilePtr& ended, const delivery::Outcome& outcome) {
      ended_.push_back(ended->id + ": " + outcome.error());
    };
    writer_ = std::make_unique<Writer>(std::move(environment));
  }
  // As kill -9: nothing that the process would still do happens.
  void kill() {
    disk_->inject({.stay_broken = true});
    writer_.reset();
    loop_.run_until_idle();
    disk_->clear();
  }

  static EndpointArguments endpoint(const std::string& url = kUrl) {
    EndpointArguments out;
    out.url = url;
    return out;
  }
  void configure(std::vector<EndpointArguments> endpoints, QueueArguments queue = {}) {
    Arguments arguments;
    arguments.endpoints = std::move(endpoints);
    arguments.queue = queue;
    const auto done = writer_->configure(arguments);
    ASSERT_TRUE(done) << done.error().message;
    loop_.run_until_idle();
  }
  std::shared_ptr<pipeline::Profile> profile(std::string body = "\x1f\x8b profile",
                                             const char* type = "cpu") {
    auto out = std::make_shared<pipeline::Profile>();
    out->labels = Labels{{"__name__", type}, {"service_name", "api"}};
    out->body = share(std::move(body));
    out->taken_unix_ns = loop_.unix_ns();
    out->checked = true;
    return out;
  }
  pipeline::Answer offer(const pipeline::ProfilePtr& p) {
    auto result = writer_->receiver()->accept(p);
    loop_.run_until_idle();
    return result;
  }
  void offer_many(int count) {
    for (int i = 0; i < count; ++i) {
      auto p = profile();
      p->id = "n" + std::to_string(++offered_);
      offer(p);
    }
  }
  void reply_all(const http::testing::Answer& with) {
    for (const auto& exchange : std::vector(http_->exchanges().begin(), http_->exchanges().end()))
      if (exchange->open()) exchange->respond(with);
    loop_.run_until_idle();
  }
  void serve(http::testing::FakeTransport::Handler handler, Duration latency = Duration::zero()) {
    http_->set_handler(std::move(handler), latency);
  }
  void serve_outage() {
    serve([](const auto&) { return http::testing::failure(http::FailureKind::kConnect, "refused"); });
  }
  // From here on every body that was sent is in sent_.
  void serve_all(Duration latency = Duration::zero()) {
    serve(
        [this](const http::Request& request) {
          sent_.push_back(http::testing::body_of(request));
          return ok();
        },
        latency);
  }
  pipeline::LedgerRow ledger(const char* url = kUrl) const {
    const pipeline::LedgerRow row = writer_->ledger(url);
    EXPECT_TRUE(row.balances());
    return row;
  }
  int logged(const std::string& part) const {
    return static_cast<int>(
        std::ranges::count_if(log_, [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  // Whether it had stopped when `within` was over.
  bool stop(Duration within = Duration::zero()) {
    stopped_ = false;
    writer_->stop([this] { stopped_ = true; });
    within > Duration::zero() ? loop_.advance(within) : loop_.run_until_idle();
    return stopped_;
  }

  std::vector<std::string> ended_;  // "<id>: <error>" of every profile that all endpoints are done with
  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_}, disk_pool_{loop_};
  std::shared_ptr<fs::testing::MemoryFileSystem> memory_ = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<fs::testing::FaultFileSystem> disk_ = fs::testing::FaultFileSystem::create(memory_);
  std::shared_ptr<http::testing::FakeTransport> http_ = std::make_shared<http::testing::FakeTransport>(loop_);
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_;
  std::vector<std::string> log_, sent_;
  std::shared_ptr<log::Sink> sink_;
  std::mt19937_64 random_{42};
  int offered_ = 0;
  bool stopped_ = false;
  std::unique_ptr<Writer> writer_;
};

}  // namespace invar::components::pyroscope_write
