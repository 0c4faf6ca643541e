#include "remotecfg/service.h"

#include <fmt/format.h>

#include <utility>

#include "base/build_info.h"
#include "codec/hash.h"
#include "fs/path.h"

namespace invar::remotecfg {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(10);
constexpr Duration kGoodByeTimeout = std::chrono::seconds(1);
constexpr unsigned kOwnerOnly = 0600;  // a configuration may hold secrets
constexpr std::uint64_t kMostCachedBytes = std::uint64_t{16} << 20;

}  // namespace

Duration poll_delay(Duration poll_frequency, std::string_view id, std::uint64_t n) {
  const std::uint64_t hash = codec::fnv1a(fmt::format("{}/{}", id, n));
  const auto span = static_cast<std::uint64_t>(2 * kMostJitter.count() + 1);
  return poll_frequency - kMostJitter + Duration(static_cast<std::int64_t>(hash % span));
}

Service::Metrics::Metrics(metrics::Scope& scope)
    : scope(scope),
      successful(scope.gauge("remotecfg_last_load_successful", "1 when the last question was answered.")),
      not_modified(scope.gauge("remotecfg_last_load_not_modified",
                               "1 when the last answer was that nothing changed.")),
      success_time(
          scope.gauge("remotecfg_last_load_success_timestamp_seconds", "When a question was answered last.")),
      attempts(scope.counter("remotecfg_load_attempts_total", "Questions for the remote configuration.")),
      failures(scope.counter("remotecfg_load_failures_total",
                             "Questions that were not answered, and texts that could not be loaded.")),
      duration(scope.histogram("remotecfg_request_duration_seconds", "How long questions took.",
                               {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})) {}

Service::Service(Environment environment)
    : env_(std::move(environment)), metrics_(*env_.metrics), timer_(*env_.loop) {}

Result<> Service::update(const Arguments& arguments) {
  if (client_ != nullptr && arguments == arguments_) return {};
  std::unique_ptr<http::Client> client;
  if (!arguments.url.empty()) {
    INVAR_ASSIGN_OR_RETURN(client, env_.http->make_client(arguments.client, "remotecfg"));
  }
  const bool same_collector = arguments.url == arguments_.url && arguments.id == arguments_.id;
  if (!same_collector && registered_) say_good_bye([] {});
  if (client == nullptr && text_) {
    env_.load("", [](const std::string&) {});
    text_.reset();
    loaded_unix_ns_ = 0;
  }
  round_.emplace();
  timer_.cancel();
  call_.reset();
  client_ = std::move(client);
  arguments_ = arguments;
  registered_ = asked_ = false;
  hash_.clear();
  refused_.reset();
  last_error_.clear();
  status_ = {};
  told_status_.reset();
  told_text_.reset();
  if (started_) begin();
  return {};
}

void Service::start() {
  started_ = true;
  begin();
}

void Service::begin() {
  if (client_ != nullptr) say_hello();
}

void Service::stop(async::Task done) {
  started_ = false;
  round_.reset();
  timer_.cancel();
  call_.reset();
  if (!registered_) return env_.loop->post(std::move(done));
  say_good_bye(std::move(done));
}

void Service::say_good_bye(async::Task done) {
  registered_ = false;
  http::Request request = make_call(arguments_.url, "UnregisterCollector", unregister_message(collector()));
  request.timeout = kGoodByeTimeout;
  leaving_.reset();
  call_.reset();
  leaving_client_ = std::move(client_);
  leaving_ =
      leaving_client_->send(std::move(request), [done = std::move(done)](const auto&) mutable { done(); });
}

Collector Service::collector() const {
  Collector collector{.id = arguments_.id.empty() ? env_.instance_uid : arguments_.id,
                      .name = arguments_.name,
                      .attributes = arguments_.attributes};
  collector.attributes.insert_or_assign("collector.os", "linux");
  collector.attributes.insert_or_assign("collector.version", build_info().version);
  return collector;
}

void Service::send(std::string_view method, std::string message,
                   std::move_only_function<void(Result<std::string>)> done) {
  http::Request request = make_call(arguments_.url, method, std::move(message));
  request.timeout = kCallTimeout;
  // Through the loop: who hears of it may let go of the client.
  auto tell = round_->bind(std::move(done));
  call_ = client_->send(
      std::move(request), [loop = env_.loop, tell = std::move(tell)](const auto& answer) mutable {
        loop->post(
            [tell = std::move(tell), message = take_answer(answer)]() mutable { tell(std::move(message)); });
      });
}

// A refusal changes nothing: the server may know us already, and is asked again before the next question.
void Service::say_hello() {
  send("RegisterCollector", register_message(collector()), [this](Result<std::string> answer) {
    registered_ = answer.has_value();
    if (!registered_ && last_error_.empty())
      env_.logger.warn("the server of the remote configuration did not take the registration",
                       {{"err", answer.error().message}});
    ask();
  });
}

void Service::ask() {
  metrics_.attempts.add();
  ++questions_;
  asked_unix_ns_ = env_.loop->unix_ns();
  const auto status = told_status_ == status_ ? std::nullopt : std::optional(status_);
  const auto effective = told_text_ == text_ ? std::nullopt : text_;
  send("GetConfig", get_config_message(collector(), hash_, status, effective),
       [this, status, effective, begin = env_.loop->now()](Result<std::string> answer) {
         metrics_.duration.observe(std::chrono::duration<double>(env_.loop->now() - begin).count());
         if (answer) {
           if (status) told_status_ = status;
           if (effective) told_text_ = effective;
         }
         answered(answer ? parse_config(*answer) : std::unexpected(answer.error()));
       });
}

void Service::answered(Result<Config> config) {
  if (!config) return failed(config.error());
  if (!last_error_.empty()) env_.logger.info("the remote configuration can be fetched again");
  last_error_.clear();
  metrics_.successful.set(1);
  metrics_.not_modified.set(config->not_modified ? 1 : 0);
  metrics_.success_time.set(std::chrono::duration<double>(Duration(env_.loop->unix_ns())).count());
  asked_ = true;
  status_ = refused_ ? refused_->status : Status{text_ ? StatusCode::kApplied : StatusCode::kUnset, ""};
  if (config->not_modified) return ask_next();
  hash_ = config->hash;
  note_hash();
  if (refused_ && config->content == refused_->text) return ask_next();
  if (text_ != config->content) return take(std::move(config->content));
  from_cache_ = false;
  refused_.reset();
  status_ = {StatusCode::kApplied, ""};
  ask_next();
}

void Service::note_hash() {
  if (metrics_.hash == hash_) return;
  if (!metrics_.hash.empty()) metrics_.scope.remove("remotecfg_hash", {{"hash", metrics_.hash}});
  metrics_.hash = hash_;
  if (!hash_.empty())
    metrics_.scope.gauge("remotecfg_hash", "1 for the hash of the text that came last.", {{"hash", hash_}})
        .set(1);
}

void Service::failed(const Error& error) {
  metrics_.failures.add();
  metrics_.successful.set(0);
  if (last_error_ != error.message)
    env_.logger.error("the remote configuration cannot be fetched",
                      {{"url", http::redact_url(arguments_.url)}, {"err", error.message}});
  last_error_ = error.message;
  status_ = {StatusCode::kFailed, last_error_};
  const bool first = !std::exchange(asked_, true);
  if (first && !text_) return run_from_cache();
  ask_next();
}

void Service::take(std::string text) {
  auto done = round_->bind(
      [this, text](std::string errors) mutable { loaded(std::move(text), std::move(errors), false); });
  env_.load(text, std::move(done));
}

void Service::loaded(std::string text, std::string errors, bool from_cache) {
  if (errors.empty()) {
    from_cache_ = from_cache;
    loaded_unix_ns_ = env_.loop->unix_ns();
    text_ = std::move(text);
    if (!from_cache) {
      refused_.reset();
      status_ = {StatusCode::kApplied, ""};
      save(*text_);
      env_.logger.info("the remote configuration runs", {{"hash", hash_}});
    }
    return last_error_.empty() ? ask_later(Duration::zero()) : ask_next();
  }
  if (from_cache) return nothing_runs("the copy on disk: " + errors);
  metrics_.failures.add();
  status_ = {StatusCode::kFailed, errors};
  refused_ = {.text = std::move(text), .status = status_};
  env_.logger.error(text_ ? "the remote configuration is wrong; the last good one goes on"
                          : "the remote configuration is wrong, and no good one came yet",
                    {{"err", errors}});
  if (!text_) return run_from_cache();
  // What could be taken of the wrong one goes again.
  env_.load(*text_, round_->bind([this](const std::string&) { ask_later(Duration::zero()); }));
}

void Service::run_from_cache() {
  env_.disk_pool->run(
      [files = env_.files, path = cache_path()] { return files->read_file(path, kMostCachedBytes); },
      round_->bind([this](Result<std::string> text) {
        if (!text) return nothing_runs(text.error().message);
        if (refused_ && refused_->text == *text) return nothing_runs("it is the text that is wrong");
        env_.logger.warn("the remote configuration runs from the copy on disk", {{"path", cache_path()}});
        env_.load(*text, round_->bind([this, text = *text](std::string errors) mutable {
          loaded(std::move(text), std::move(errors), true);
        }));
      }));
}

void Service::nothing_runs(const std::string& why) {
  env_.logger.warn("only the local configuration runs: there is no good copy of the remote one",
                   {{"err", why}});
  ask_next();
}

void Service::save(const std::string& text) {
  env_.disk_pool->run(
      [files = env_.files, directory = env_.directory, path = cache_path(), text]() -> Result<> {
        INVAR_TRY(files->make_directories(directory));
        return files->write_file_atomically(path, text, kOwnerOnly, true);
      },
      alive_.bind([this](const Result<>& saved) {
        if (!saved)
          env_.logger.warn("no copy of the remote configuration could be kept",
                           {{"err", saved.error().message}});
      }));
}

// Of everything that a server may choose the text by.
std::string Service::cache_path() const {
  const Collector who = collector();
  std::string key = arguments_.url + '\0' + who.id + '\0' + who.name;
  for (const auto& [name, value] : arguments_.attributes) key += '\0' + name + '\0' + value;
  return fs::join_path(env_.directory, fmt::format("{:016x}.alloy", codec::fnv1a(key)));
}

// At once when the server does not know yet how its text fared.
void Service::ask_later(Duration delay) {
  if (last_error_.empty() && told_status_ != status_) delay = Duration::zero();
  timer_.arm_after(delay, [this] { registered_ ? ask() : say_hello(); });
}

void Service::ask_next() {
  ask_later(poll_delay(arguments_.poll_frequency, collector().id, questions_));
}

State Service::state() const {
  return {.enabled = !arguments_.url.empty(),
          .url = http::redact_url(arguments_.url),
          .id = collector().id,
          .hash = hash_,
          .status = status_,
          .registered = registered_,
          .from_cache = from_cache_,
          .text = text_.value_or(""),
          .last_error = last_error_,
          .asked_unix_ns = asked_unix_ns_,
          .loaded_unix_ns = loaded_unix_ns_};
}

}  // namespace invar::remotecfg
