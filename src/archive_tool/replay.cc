#include "archive_tool/replay.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <random>

#include "archive_tool/text.h"
#include "async/signals.h"
#include "base/build_info.h"
#include "base/strings.h"
#include "delivery/endpoint.h"
#include "delivery/endpoint_metrics.h"
#include "delivery/packer.h"
#include "http/client.h"
#include "metrics/metrics.h"
#include "pipeline/ledger.h"

namespace invar::archive_tool {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(200);
constexpr Duration kPlainLines = std::chrono::seconds(10);
constexpr Duration kSaveEvery = std::chrono::seconds(1);
constexpr Duration kGrace = std::chrono::seconds(5);  // after Ctrl-C, for what is under way
constexpr UnixNanos kServersWindow = 3600 * UnixNanos{1'000'000'000};

Result<> add_flags(delivery::Destination& to, const ReplayOptions& options) {
  auto& headers = to.endpoint.headers.headers;
  if (!options.to.empty()) to.endpoint.url = options.to;
  if (!options.tenant.empty()) headers["X-Scope-OrgID"] = options.tenant;
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return invalid(
          fmt::format("invalid argument {} for \"--header\" flag: write 'Name: value'", quote(header)));
    }
    headers[header.substr(0, colon)] = trim_space(std::string_view(header).substr(colon + 1));
  }
  if (!options.user.empty() || !options.password_file.empty()) {
    to.client.basic_auth = http::BasicAuth{options.user, options.password_file, {}};
  }
  if (!options.bearer_token_file.empty()) to.client.bearer_token_file = options.bearer_token_file;
  if (!options.ca_file.empty() || options.insecure) {
    http::TlsConfig tls = to.client.tls.value_or(http::TlsConfig{});
    if (!options.ca_file.empty()) tls.ca_file = options.ca_file;
    tls.insecure_skip_verify |= options.insecure;
    to.client.tls = tls;
  }
  return http::validate(to.client);
}

// Of the file and the flags together, with what a replay needs: nothing grows too old, nothing goes to a disk.
Result<delivery::Destination> destination_of(const Environment& environment, const ReplayOptions& options) {
  std::vector<delivery::Destination> found;
  if (!options.config.empty()) {
    INVAR_ASSIGN_OR_RETURN(found, options.read_config(*environment.files, options.config));
  }
  if (found.empty()) {
    if (options.to.empty()) return invalid("say where to: --to URL, or --config FILE with an endpoint");
    found.emplace_back();
  }
  if (found.size() > 1) return invalid(options.config + ": has more than one endpoint");
  delivery::Destination& to = found.front();
  INVAR_TRY(add_flags(to, options));
  const auto url = http::parse_url(to.endpoint.url);
  if (!url) return std::unexpected(url.error().wrapped("--to"));
  if (url->scheme != "http" && url->scheme != "https")
    return invalid("--to: write http://HOST:PORT or https://HOST:PORT");
  to.endpoint.shown_url = http::redact_url(to.endpoint.url);
  to.endpoint.headers.user_agent = user_agent();
  to.endpoint.queue = {.max_memory_bytes = std::uint64_t{2} << 30,
                       .max_age = Duration::zero(),
                       .flush_timeout = Duration::zero()};
  return std::move(to);
}

struct Survey {  // what a selection holds
  std::uint64_t profiles = 0, bytes = 0;
  UnixNanos oldest = 0, newest = 0;
  std::map<std::string, std::uint64_t> by_type;
  bool all_good = true;
};

Result<Survey> survey_of(const Source& source, const Environment& environment) {
  Survey survey;
  bool completed_all = true;
  INVAR_ASSIGN_OR_RETURN(survey.all_good, source.for_each([&](Item item) -> Result<bool> {
    if (auto completed = source.complete(item); !completed) {
      environment.warn(completed.error().message);
      completed_all = false;
      return true;
    }
    const UnixNanos taken = item.meta.taken_unix_ns;
    survey.oldest = survey.profiles == 0 ? taken : std::min(survey.oldest, taken);
    survey.newest = survey.profiles == 0 ? taken : std::max(survey.newest, taken);
    ++survey.profiles;
    survey.bytes += item.file_bytes;
    ++survey.by_type[std::string(item.meta.labels.get(kMetricName))];
    return true;
  }));
  survey.all_good &= completed_all;
  return survey;
}

std::string state_path(const ReplayOptions& options, const std::string& url) {
  if (!options.state_file.empty()) return options.state_file;
  std::vector<std::string> paths;
  for (const std::string& path : options.selection.paths) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    paths.push_back(error ? path : absolute.lexically_normal().string());
  }
  const Selection& s = options.selection;
  const std::string paths_text = join(paths, "\n");
  const Labels key{{"paths", paths_text},      {"to", url},
                   {"selector", s.selector},   {"since", s.since},
                   {"until", s.until},         {"sample_type", s.sample_type},
                   {"tenant", options.tenant}, {"shift", options.shift_to_now ? "1" : ""}};
  return fmt::format("{}/replay-{:016x}.json", options.state_folder, key.stable_hash());
}

std::string ledger_text(const pipeline::Ledger& ledger) {
  std::string out = fmt::format("{:>9} {:>9} {:>9} {:>9} {:>9}  {}\n", "TAKEN", "SENT", "REFUSED", "EXPIRED",
                                "DROPPED", "TYPE");
  const auto add = [&](const std::string& name, const pipeline::LedgerRow& row) {
    out += fmt::format("{:>9} {:>9} {:>9} {:>9} {:>9}  {}\n", row.taken, row.sent, row.refused, row.expired,
                       row.dropped, name);
  };
  for (const auto& [type, row] : ledger.rows()) add(type, row);
  const pipeline::LedgerRow total = ledger.total();
  if (ledger.rows().size() > 1) add("all", total);
  for (const auto& [reason, count] : total.refused_by_reason)
    out += fmt::format("{} refused: {}\n", count, reason);
  for (const auto& [reason, count] : total.dropped_by_reason)
    out += fmt::format("{} dropped: {}\n", count, reason);
  return out;
}

ReplayEnd end_of(delivery::End end) {
  switch (end) {
    case delivery::End::kSent:
      return ReplayEnd::kSent;
    case delivery::End::kRefused:
    case delivery::End::kExpired:
      return ReplayEnd::kRefused;
    case delivery::End::kDropped:
    case delivery::End::kLeft:
      break;
  }
  return ReplayEnd::kNotDelivered;
}

class Replay {
 public:
  Replay(const Environment& environment, const Source& source, delivery::Destination to, double per_second,
         std::string state_path)
      : environment_(environment),
        source_(source),
        to_(std::move(to)),
        per_second_(per_second),
        state_path_(std::move(state_path)) {}

  Result<int> run(ReplayState resume) {
    // Signals first: threads started later inherit the mask.
    signals_ = async::watch_signals(*loop_, [this](int) { interrupt(); });
    // A write to a connection that is gone is an error of that connection.
    signal(SIGPIPE, SIG_IGN);
    pool_ = async::make_worker_pool(*loop_, std::max(2U, environment_.threads), "replay");
    registry_ = metrics::Registry::create();
    scope_ = registry_->scope({});
    transport_ = http::Transport::create(*loop_, environment_.files, scope_.get(), {});
    ledger_ = std::make_unique<pipeline::Ledger>(*scope_, to_.endpoint.shown_url);
    INVAR_ASSIGN_OR_RETURN(auto client, transport_->make_client(to_.client, to_.endpoint.name));
    endpoint_ = std::make_unique<delivery::Endpoint>(
        delivery::Endpoint::Environment{
            .loop = loop_.get(),
            .random = [engine = std::mt19937_64(std::random_device()())]() mutable { return engine(); }},
        to_.endpoint, delivery::endpoint_metrics(*scope_, to_.endpoint.shown_url), std::move(client));
    packer_ = std::make_unique<delivery::Packer>(*loop_, *pool_);

    sent_before_ = resume.sent;
    replayer_ = std::make_unique<Replayer>(
        *loop_, *pool_, source_, Replayer::Settings{.per_second = per_second_}, std::move(resume),
        Replayer::Events{[this](pipeline::ProfilePtr profile, Replayer::Ended ended) {
                           send(std::move(profile), std::move(ended));
                         },
                         [this](const std::string& problem) { say(problem); }, [this] { finish(); }});
    started_ = last_line_ = loop_->now();
    first_gone_through_ = replayer_->progress().gone_through;
    replayer_->start();
    tick();
    loop_->run();
    return result();
  }

 private:
  void send(const pipeline::ProfilePtr& profile, const Replayer::Ended& ended) {
    const std::uint64_t bytes = profile->body->size();
    if (bytes == 0) return ended(ReplayEnd::kRefused, std::string(delivery::kEmptyProfile));
    pipeline::Ledger::Entry entry = ledger_->take(profile->type());
    auto labels = delivery::protocol_of(profile->kind).labels(profile->labels, to_.external_labels);
    if (!labels) {
      entry.refused("invalid labels");
      return ended(ReplayEnd::kRefused, labels.error().message);
    }
    delivery::Receipt receipt(
        std::move(entry),
        std::make_shared<delivery::Journey>(nullptr, [ended](const delivery::Outcome& outcome) {
          const std::string error = outcome.error();
          ended(end_of(outcome.end), error.empty() ? outcome.reason : error);
        }));
    const delivery::EndpointSettings& settings = endpoint_->settings();
    packer_->pack(profile, std::move(*labels),
                  {settings.queue.max_memory_bytes, settings.queue.max_age, settings.max_profile_bytes > 0},
                  [this, bytes, receipt = std::move(receipt)](
                      const std::expected<delivery::Packed, delivery::Outcome>& packed) mutable {
                    packed ? endpoint_->offer(*packed, std::move(receipt))
                           : endpoint_->refuse(bytes, std::move(receipt), packed.error());
                  });
  }

  void interrupt() {
    interrupted_ = true;
    say(fmt::format("stopping; {} profiles are under way (Ctrl-C again to stop at once)",
                    replayer_->under_way()));
    grace_.arm_after(kGrace, [this] { finish(); });
    replayer_->stop();
  }

  void finish() {
    if (std::exchange(finishing_, true)) return;
    grace_.cancel();
    ticker_.cancel();
    packer_->hurry();
    endpoint_->drain(Duration::zero(), delivery::Endpoint::Rest::kLeaveOnDisk, "stopped",
                     [this] { loop_->stop(); });
  }

  // Once a tick: progress, the state on disk, and whether there is a point in going on.
  void tick() {
    ticker_.arm_after(kTick, [this] { tick(); });
    const async::TimePoint now = loop_->now();
    const delivery::EndpointView view = endpoint_->view();
    if (is_held(view.state) && !interrupted_ && !given_up_) {
      given_up_ = true;
      say(view.last_error);
      replayer_->stop();
      grace_.arm_after(Duration::zero(), [this] { finish(); });
    }
    const Replayer::Progress progress = replayer_->progress();
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double rate =
        seconds > 0 ? static_cast<double>(progress.gone_through - first_gone_through_) / seconds : 0;
    const std::string trouble =
        view.state == delivery::EndpointState::kFailing ? view.last_error : std::string();
    if (environment_.error_columns > 0) {
      environment_.status(progress_text(progress, rate, trouble, environment_.error_columns));
    } else if (now - last_line_ >= kPlainLines) {
      last_line_ = now;
      environment_.warn(progress_text(progress, rate, trouble, 0));
    }
    if (now - last_saved_ >= kSaveEvery) save();
  }

  void save() {
    last_saved_ = loop_->now();
    std::string json = replay_state_json(replayer_->state());
    if (json == saved_) return;
    const std::string folder = std::filesystem::path(state_path_).parent_path().string();
    Result<> done = folder.empty() ? Result<>() : environment_.files->make_directories(folder);
    if (done) done = environment_.files->write_file_atomically(state_path_, json, 0600, false);
    if (done) {
      saved_ = std::move(json);
    } else if (!std::exchange(save_failed_, true)) {
      say("the replay cannot be resumed later: " + done.error().message);
    }
  }

  Result<int> result() {
    say("");
    const Replayer::Progress progress = replayer_->progress();
    environment_.print(ledger_text(*ledger_));
    if (progress.unreadable > 0)
      environment_.print(fmt::format("{} files could not be read\n", progress.unreadable));
    if (sent_before_ > 0) environment_.print(fmt::format("{} were sent before\n", sent_before_));
    if (progress.complete) {
      (void)environment_.files->remove(state_path_);
    } else {
      save();
      environment_.print(fmt::format("stopped after {} of {} files; the same command goes on from there\n",
                                     progress.gone_through, progress.files));
    }
    if (interrupted_) return kInterrupted;
    return progress.complete && progress.refused == 0 && progress.unreadable == 0 ? 0 : 1;
  }

  // A line above the progress.
  void say(const std::string& text) {
    if (environment_.error_columns > 0) environment_.status("");
    if (!text.empty()) environment_.warn(text);
  }

  const Environment& environment_;
  const Source& source_;
  const delivery::Destination to_;
  const double per_second_;
  const std::string state_path_;
  // Torn down in reverse: what uses a thing stands below it.
  std::unique_ptr<async::RealLoop> loop_ = async::RealLoop::create();
  std::unique_ptr<async::SignalWatcher> signals_;
  std::unique_ptr<async::WorkerPool> pool_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Scope> scope_;
  std::shared_ptr<http::Transport> transport_;
  std::unique_ptr<Replayer> replayer_;
  std::unique_ptr<pipeline::Ledger> ledger_;
  std::unique_ptr<delivery::Endpoint> endpoint_;
  std::unique_ptr<delivery::Packer> packer_;
  async::TimePoint started_{}, last_line_{}, last_saved_{};
  std::size_t first_gone_through_ = 0;
  std::uint64_t sent_before_ = 0;
  std::string saved_;
  bool save_failed_ = false, interrupted_ = false, given_up_ = false, finishing_ = false;
  async::Timer ticker_{*loop_}, grace_{*loop_};
};

Result<int> dry_run(const Environment& environment, const Survey& survey, const std::string& url,
                    Duration shift) {
  std::string out = fmt::format("would send {} profiles ({}) to {}\n", survey.profiles,
                                human_bytes(survey.bytes), http::redact_url(url));
  if (survey.profiles > 0) {
    out += fmt::format("taken {} to {}", show_time(survey.oldest), show_time(survey.newest));
    if (shift != Duration::zero()) {
      out += fmt::format(", sent as {} to {}", show_time(survey.oldest + shift.count()),
                         show_time(survey.newest + shift.count()));
    }
    out += '\n';
  }
  for (const auto& [type, count] : survey.by_type)
    out += fmt::format("{:>9}  {}\n", count, type.empty() ? "(no name)" : type);
  environment.print(out);
  return survey.all_good ? 0 : 1;
}

Result<ReplayState> load_state(const Environment& environment, const std::string& path, bool restart) {
  if (restart) return ReplayState{};
  const auto text = environment.files->read_file(path, std::uint64_t{64} << 20);
  if (!text && text.error().code == ErrorCode::kNotFound) return ReplayState{};
  if (!text) return std::unexpected(text.error());
  auto state = parse_replay_state(*text);
  if (!state) return std::unexpected(state.error().wrapped(path));
  environment.warn(
      fmt::format("going on behind {} profiles that were sent before (--restart begins anew)", state->sent));
  return state;
}

}  // namespace

Result<double> parse_rate(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto number = parse_double(text.substr(0, slash));
  const std::string_view unit = text.substr(slash);
  const double seconds = unit.empty() || unit == "/s" ? 1 : unit == "/m" ? 60 : unit == "/h" ? 3600 : 0;
  if (number && *number > 0 && seconds > 0) return *number / seconds;
  return invalid(
      fmt::format("invalid argument {} for \"--rate\" flag: write 100/s, 600/m or 1000/h", quote(text)));
}

std::string progress_text(const Replayer::Progress& progress, double per_second, std::string_view note,
                          std::size_t columns) {
  const double share = progress.files == 0
                           ? 1
                           : static_cast<double>(progress.gone_through) / static_cast<double>(progress.files);
  std::string text = fmt::format("{:3.0f}%  {} of {} files, {} sent", std::floor(100 * share),
                                 progress.gone_through, progress.files, progress.sent);
  if (progress.refused > 0) text += fmt::format(", {} refused", progress.refused);
  if (per_second > 0 && note.empty()) {
    const double left = static_cast<double>(progress.files - progress.gone_through) / per_second;
    text +=
        fmt::format(", {:.0f}/s, {} left", per_second,
                    format_duration(std::chrono::seconds(static_cast<std::int64_t>(std::min(left, 1e9)))));
  }
  if (!note.empty()) text += fmt::format(", waiting: {}", note);
  if (columns == 0) return text;
  constexpr std::size_t kBar = 24;
  if (text.size() + kBar + 3 < columns) {
    const auto filled = static_cast<std::size_t>(share * kBar);
    text = fmt::format("[{}{}] {}", std::string(filled, '='), std::string(kBar - filled, ' '), text);
  }
  return text.substr(0, columns - 1);
}

Result<int> replay(const Environment& environment, const ReplayOptions& options) {
  if (options.shift_to_now && options.keep_time)
    return invalid("--shift-to-now and --keep-time exclude each other");
  double per_second = 0;
  if (!options.rate.empty()) {
    INVAR_ASSIGN_OR_RETURN(per_second, parse_rate(options.rate));
  }
  INVAR_ASSIGN_OR_RETURN(delivery::Destination to, destination_of(environment, options));
  const std::string& url = to.endpoint.url;
  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, options.selection));
  const std::string path = state_path(options, url);
  INVAR_ASSIGN_OR_RETURN(ReplayState state, load_state(environment, path, options.restart));

  const bool fresh = state == ReplayState{};
  if (options.dry_run || (options.shift_to_now && fresh)) {
    INVAR_ASSIGN_OR_RETURN(const Survey survey, survey_of(source, environment));
    if (options.shift_to_now && fresh && survey.profiles > 0)
      state.shift = Duration(environment.now_unix_ns - survey.newest);
    if (options.dry_run) return dry_run(environment, survey, url, state.shift);
  }
  if (!options.shift_to_now && !options.keep_time && source.size() > 0) {
    const auto first = source.look(0);
    if (first && *first && (*first)->archived &&
        (*first)->meta.taken_unix_ns < environment.now_unix_ns - kServersWindow) {
      environment.warn(
          "profiles are sent with the times at which they were taken; a Pyroscope server refuses those older "
          "than "
          "an hour unless it is set up otherwise (--shift-to-now, --keep-time)");
    }
  }
  return Replay(environment, source, std::move(to), per_second, path).run(std::move(state));
}

}  // namespace invar::archive_tool
