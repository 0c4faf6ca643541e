#include "components/pyroscope/fsdump/dumper.h"

#include <algorithm>
#include <utility>

namespace invar::components::pyroscope_fsdump {
namespace {

constexpr std::size_t kBatchItems = 64;
constexpr Duration kErrorShown = std::chrono::minutes(5);  // the last one, while profiles are stored again
constexpr std::uint64_t kBatchBytes = std::uint64_t{8} << 20;

archive::Meta meta_of(const pipeline::Profile& profile, Labels labels, const std::string& origin) {
  archive::Meta meta;
  meta.labels = std::move(labels);
  meta.taken_unix_ns = profile.taken_unix_ns;
  meta.origin = origin;
  meta.sample_id = profile.id;
  if (profile.kind == pipeline::BodyKind::kIngest) {
    meta.kind = archive::Kind::kIngest;
    if (profile.ingest) {
      meta.ingest_path = profile.ingest->path;
      meta.ingest_query = profile.ingest->query;
      meta.ingest_content_types = profile.ingest->content_types;
    }
  }
  return meta;
}

std::string random_bytes(std::uint64_t a, std::uint64_t b) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(a >> (8 * i));
  out += static_cast<char>(b);
  out += static_cast<char>(b >> 8);
  return out;
}

// What is wrong with the folder is never a fault of the profile.
Error of_the_folder(Error error) {
  if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kNotFound;
  return error;
}

// The ledger's reason for a profile that the folder did not take.
std::string_view drop_reason(ErrorCode code) {
  switch (code) {
    case ErrorCode::kResourceExhausted:
      return "disk full";
    case ErrorCode::kPermissionDenied:
      return "permission denied";
    case ErrorCode::kNotFound:
      return "no directory";
    default:
      return "write error";
  }
}

syntax::Value text(std::uint64_t v) {
  return syntax::Value(v);
}

}  // namespace

// What one run on the worker pool gets and gives back.
struct Dumper::Job {
  std::shared_ptr<archive::Directory> directory;
  struct Work {
    archive::Meta meta;
    SharedBytes body;
    std::string random;
  };
  std::vector<Work> work;
  std::optional<archive::Limits> limits;
  bool scan = false, tidy = false;
  UnixNanos now = 0;
};
struct Dumper::JobResult {
  std::shared_ptr<archive::Directory> directory;
  std::vector<Result<archive::Directory::Stored>> stored;
  Result<> housekeeping;
  archive::DirectoryStats before, after;
  bool scanned = false;
};

Dumper::Dumper(Environment environment)
    : env_(std::move(environment)),
      received_(env_.metrics->counter("pyroscope_fsdump_profiles_received_total",
                                      "Total number of profiles received.")),
      written_(env_.metrics->counter("pyroscope_fsdump_profiles_written_total",
                                     "Total number of profiles written to files.")),
      dropped_(env_.metrics->counter("pyroscope_fsdump_profiles_dropped_total",
                                     "Total number of profiles dropped by relabeling rules.")),
      bytes_written_(env_.metrics->counter("pyroscope_fsdump_bytes_written_total",
                                           "Total number of bytes written to files.")),
      write_errors_(env_.metrics->counter("pyroscope_fsdump_write_errors_total",
                                          "Total number of errors encountered when writing profiles.")),
      files_removed_(env_.metrics->counter("pyroscope_fsdump_files_removed_total",
                                           "Total number of files removed by cleanup operations.")),
      current_size_(env_.metrics->gauge("pyroscope_fsdump_current_size_bytes",
                                        "Current total size of all profile files in the target directory.")),
      waiting_gauge_(env_.metrics->gauge("pyroscope_fsdump_waiting_bytes",
                                         "Memory taken by profiles that wait to be written.")),
      intake_(std::make_shared<pipeline::Intake<Dumper>>(this, env_.component_id, env_.tap)),
      receiver_(intake_),
      tidy_timer_(*env_.loop),
      stop_timer_(*env_.loop) {}

Dumper::~Dumper() {
  intake_->close();
  stopped();
}

void Dumper::start() {
  started_ = true;
  arm_tidy();
  pump();
}

void Dumper::configure(Settings settings, std::shared_ptr<archive::Directory> directory,
                       std::string destination) {
  if (directory != directory_ && directory_ == nullptr)
    for (Item& item : queue_)
      if (!item.directory) item.directory = directory;  // they waited for it
  if (directory != directory_) {
    scan_due_ = true;
    stats_ = {};
  } else if (settings.limits != settings_.limits) {
    limits_changed_ = true;
  }
  settings_ = std::move(settings);
  directory_ = std::move(directory);
  destination_ = std::move(destination);
  ledger_of(destination_);
  if (started_) pump();
}

pipeline::Ledger& Dumper::ledger_of(const std::string& destination) {
  auto& slot = ledgers_[destination];
  if (!slot) slot = std::make_unique<pipeline::Ledger>(*env_.metrics, destination, env_.logger);
  return *slot;
}

std::vector<const pipeline::Ledger*> Dumper::ledgers() const {
  std::vector<const pipeline::Ledger*> out;
  out.reserve(ledgers_.size());
  for (const auto& [destination, ledger] : ledgers_) out.push_back(ledger.get());
  return out;
}

pipeline::LedgerRow Dumper::ledger() const {
  const auto found = ledgers_.find(destination_);
  return found == ledgers_.end() ? pipeline::LedgerRow{} : found->second->total();
}

pipeline::Answer Dumper::accept(const pipeline::ProfilePtr& profile) {
  received_.add();
  if (!profile->body || profile->body->empty()) {  // nothing to keep
    env_.tap.passed(profile, "", "dropped: it is empty");
    return {};
  }
  auto labels = relabel::process(profile->labels, settings_.rules);
  if (!labels) {
    dropped_.add();
    env_.tap.passed(profile, "", "dropped by a rule");
    return {};
  }
  if (!settings_.external_labels.empty()) {
    LabelsBuilder builder(*labels);
    for (const auto& [name, value] : settings_.external_labels) builder.set(name, value);
    labels = builder.build();
  }

  const std::string_view type = labels->get(kMetricName);
  Item item;
  item.entry = ledger_of(destination_).take(type.empty() ? std::string_view("unknown") : type);
  item.taken_at = env_.loop->now();
  item.directory = directory_;
  item.meta = meta_of(*profile, std::move(*labels), env_.component_id);
  item.body = profile->body;
  if (env_.tap.watched())
    item.show_end = [tap = env_.tap, profile, to = destination_](std::string_view outcome) {
      tap.passed(profile, to, outcome);
    };
  if (waiting_bytes_ + item.bytes() > kMaxWaitingBytes) {
    item.entry.dropped("queue full");
    env_.tap.passed(profile, destination_, "dropped: queue full");
    write_errors_.add();
    failed({ErrorCode::kResourceExhausted,
            "the disk does not keep up: profiles that wait to be written fill the queue"});
    return {};
  }
  waiting_bytes_ += item.bytes();
  waiting_gauge_.set(static_cast<double>(waiting_bytes_));
  queue_.push_back(std::move(item));
  if (started_) pump();
  return {};
}

void Dumper::pump() {
  if (job_running_) return;
  Job job;
  job.now = env_.loop->unix_ns();
  job.directory = queue_.empty() ? directory_ : queue_.front().directory;
  if (!job.directory) return;
  const bool present = job.directory == directory_;
  job.scan = present && std::exchange(scan_due_, false);
  job.tidy = present && std::exchange(tidy_due_, false);
  if (present && std::exchange(limits_changed_, false)) job.limits = settings_.limits;

  std::uint64_t bytes = 0;
  while (!queue_.empty() && queue_.front().directory == job.directory && job.work.size() < kBatchItems &&
         bytes < kBatchBytes) {
    Item& item = queue_.front();
    bytes += item.bytes();
    job.work.push_back({std::move(item.meta), item.body, random_bytes(env_.random(), env_.random())});
    running_.push_back(std::move(item));
    queue_.pop_front();
  }
  if (job.work.empty() && !job.scan && !job.tidy && !job.limits) return;

  job_running_ = true;
  env_.pool->run(
      [job = std::move(job)] {
        JobResult result;
        result.directory = job.directory;
        archive::Directory& directory = *job.directory;
        result.before = directory.stats();
        if (job.limits) result.housekeeping = directory.set_limits(*job.limits, job.now);
        if (job.scan || !directory.scanned()) {
          result.housekeeping = directory.scan(job.now);
          result.scanned = true;
        } else if (job.tidy) {
          result.housekeeping = directory.tidy(job.now);
        }
        for (const Job::Work& work : job.work) {
          if (directory.scanned()) {
            result.stored.push_back(directory.store(work.meta, *work.body, job.now, work.random));
          } else {
            result.stored.push_back(std::unexpected(of_the_folder(result.housekeeping.error())));
          }
        }
        result.after = directory.stats();
        return result;
      },
      alive_.bind([this](JobResult result) { finish(std::move(result)); }));
}

void Dumper::finish(JobResult result) {
  job_running_ = false;
  std::vector<Item> done = std::exchange(running_, {});
  for (std::size_t i = 0; i < done.size(); ++i) settle(done[i], result.stored[i]);
  waiting_gauge_.set(static_cast<double>(waiting_bytes_));
  files_removed_.add(static_cast<double>(result.after.removed_for_size + result.after.removed_for_age -
                                         result.before.removed_for_size - result.before.removed_for_age));
  if (!result.housekeeping && done.empty()) failed(result.housekeeping.error());
  if (result.housekeeping && result.scanned && done.empty()) works();
  if (result.directory == directory_) {
    stats_ = result.after;
    current_size_.set(static_cast<double>(stats_.bytes));
    if (result.scanned) last_scan_ = env_.loop->now();
  }
  if (stopping_ && queue_.empty()) {
    stopped();
    return;
  }
  pump();
}

void Dumper::settle(Item& item, Result<archive::Directory::Stored>& stored) {
  if (!item.entry.open()) return;  // given up at the stop deadline
  waiting_bytes_ -= item.bytes();
  if (stored) {
    written_.add();
    bytes_written_.add(static_cast<double>(stored->bytes));
    item.entry.sent();
    times_to_store_.add(env_.loop->now() - item.taken_at);
    if (item.show_end) item.show_end("stored");
    return works();
  }
  write_errors_.add();
  const Error& error = stored.error();
  if (error.code == ErrorCode::kInvalidArgument) {  // of the profile: the archive is as well as before
    item.entry.refused("too large");
    if (item.show_end) item.show_end("refused: " + error.message);
    return count_error(error);
  }
  item.entry.dropped(drop_reason(error.code));
  if (item.show_end) item.show_end("dropped: " + error.message);
  failed(error);
}

void Dumper::works() {
  if (std::exchange(failing_since_unix_ns_, 0) != 0)
    env_.logger.info("profiles are written again", {{"directory", destination_}});
}

void Dumper::failed(const Error& error) {
  if (failing_since_unix_ns_ == 0) failing_since_unix_ns_ = env_.loop->unix_ns();
  count_error(error);
}

void Dumper::count_error(const Error& error) {
  last_error_ = error.message;
  last_error_unix_ns_ = env_.loop->unix_ns();
  ++errors_since_log_;
  const async::TimePoint now = env_.loop->now();
  if (logged_ && now - last_log_ < kLogPeriod) return;
  logged_ = true;
  last_log_ = now;
  env_.logger.warn(
      "failed to write profiles",
      {{"directory", destination_}, {"failures", std::exchange(errors_since_log_, 0)}, {"err", error}});
}

std::vector<component::Problem> Dumper::problems() const {
  if (failing_since_unix_ns_ == 0) return {};
  return {
      {component::Severity::kFailing, "", "profiles are not stored: " + last_error_, failing_since_unix_ns_}};
}

void Dumper::arm_tidy() {
  tidy_timer_.arm_after(kTidyPeriod, alive_.bind([this] {
    if (env_.loop->now() - last_scan_ >= kRescanPeriod) scan_due_ = true;
    if (settings_.limits.max_age > Duration::zero()) tidy_due_ = true;
    arm_tidy();
    pump();
  }));
}

void Dumper::stop(async::Task done) {
  intake_->close();
  tidy_timer_.cancel();
  on_stopped_ = std::move(done);
  stopping_ = true;
  if (!started_ || (!job_running_ && (queue_.empty() || !directory_))) {
    stopped();
    return;
  }
  stop_timer_.arm_after(kStopDeadline, alive_.bind([this] { stopped(); }));
  pump();
}

void Dumper::stopped() {
  stop_timer_.cancel();
  for (Item& item : queue_) item.entry.dropped("stopped");
  for (Item& item : running_)
    if (item.entry.open()) item.entry.dropped("stopped");  // whether the disk still takes it is not known
  queue_.clear();
  waiting_bytes_ = 0;
  directory_.reset();  // frees the folder for another component, when no job is using it
  if (on_stopped_) env_.loop->post(std::exchange(on_stopped_, {}));
}

component::OutletView Dumper::outlet() const {
  component::OutletView outlet;
  outlet.is_archive = true;
  outlet.url = destination_;
  outlet.waits = failing_since_unix_ns_ != 0;
  outlet.state = !directory_ ? "waits for its folder" : outlet.waits ? "failing" : "storing";
  outlet.queued = queue_.size() + running_.size();
  outlet.queued_bytes = waiting_bytes_;
  outlet.disk_bytes = stats_.bytes;
  outlet.last_error = outlet.waits ? last_error_ : "";
  outlet.last_error_unix_ns = outlet.waits ? last_error_unix_ns_ : 0;
  return outlet;
}

syntax::BodyValue Dumper::debug_info() const {
  syntax::BodyValue info;
  info.attribute("directory", destination_);
  info.attribute("files", text(stats_.files));
  info.attribute("bytes", text(stats_.bytes));
  info.attribute("limit_bytes", text(settings_.limits.max_bytes));
  if (stats_.oldest_unix_ns > 0) info.attribute("oldest", format_rfc3339(stats_.oldest_unix_ns));
  info.attribute("waiting_profiles", text(queue_.size() + running_.size()));
  info.attribute("waiting_bytes", text(waiting_bytes_));
  const bool over = failing_since_unix_ns_ == 0;
  if (!last_error_.empty() && (!over || env_.loop->unix_ns() - last_error_unix_ns_ < kErrorShown.count())) {
    info.attribute("last_error", last_error_);
    info.attribute("last_error_time", format_rfc3339(last_error_unix_ns_));
  }
  const pipeline::LedgerRow row = ledger();
  syntax::BodyValue ledger;
  ledger.attribute("taken", text(row.taken));
  ledger.attribute("stored", text(row.sent));
  ledger.attribute("queued", text(row.queued));
  ledger.attribute("refused", text(row.refused));
  ledger.attribute("dropped", text(row.dropped));
  info.block("ledger", "", std::move(ledger));
  return info;
}

}  // namespace invar::components::pyroscope_fsdump
