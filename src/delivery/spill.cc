#include "delivery/spill.h"

#include <algorithm>
#include <utility>

#include "delivery/record.h"

namespace invar::delivery {
namespace {

constexpr std::uint64_t kMostGroupBytes = 8 << 20;

// As SegmentQueue counts it.
bool fits(const queue::SegmentQueue::Stats& stats, std::uint64_t incoming, std::uint64_t max_bytes) {
  return stats.disk_bytes + stats.pending_records * queue::kAckBytes + incoming + queue::kFileHeaderBytes <=
         max_bytes;
}

}  // namespace

Spill::Spill(Environment environment, std::uint64_t max_bytes, Events events)
    : env_(std::move(environment)),
      events_(std::move(events)),
      max_bytes_(max_bytes),
      gather_timer_(*env_.loop) {}

queue::SegmentQueue::Stats Spill::stats() const {
  return queue_ ? queue_->stats() : queue::SegmentQueue::Stats{};
}

Result<std::pair<std::shared_ptr<queue::SegmentQueue>, Spill::Opened>> Spill::open_blocking(
    const Environment& environment, std::uint64_t max_bytes, bool whole) {
  std::pair<std::shared_ptr<queue::SegmentQueue>, Opened> out;
  if (max_bytes == 0 && !environment.files->stat(environment.directory)) return out;
  INVAR_ASSIGN_OR_RETURN(
      out.first, queue::SegmentQueue::open(environment.files, {.directory = environment.directory,
                                                               .segment_bytes = std::clamp<std::uint64_t>(
                                                                   max_bytes / 8, 64 << 10, 16 << 20)}));
  queue::SegmentQueue& queue = *out.first;
  Opened& opened = out.second;
  if (whole && queue.stats().unreadable_segments > 0)
    return fail(ErrorCode::kUnavailable, "a file in " + environment.directory + " cannot be read");
  for (const queue::RecordInfo& info : queue.pending(0, SIZE_MAX)) {
    const auto header = queue.read_header(info.id);
    // What cannot be read now may be later: it keeps its place without a name.
    Found found{info.id, info.taken_unix_ns, info.body_bytes, info.header_bytes + info.body_bytes, "unknown"};
    if (header) {
      auto decoded = decode_record_header(*header);
      if (decoded) {
        found.type = std::move(decoded->outgoing.type);
        found.kind = decoded->outgoing.kind;
      }
    }
    opened.found.push_back(std::move(found));
  }
  const auto stats = queue.stats();
  opened.damaged = stats.damaged_records;
  opened.unreadable_segments = stats.unreadable_segments;
  return out;
}

void Spill::open() {
  if (opening_ || queue_) return;
  opening_ = true;
  env_.pool->run(
      [environment = env_, max_bytes = max_bytes_, whole = ++open_attempts_ < kWholeAttempts] {
        return open_blocking(environment, max_bytes, whole);
      },
      alive_.bind([this](auto result) {
        opening_ = false;
        if (!result) {
          events_.on_opened(std::unexpected(result.error()));
        } else {
          queue_ = std::move(result->first);
          events_.on_opened(std::move(result->second));
        }
        if (!work_.empty()) start();
        if (idle()) events_.on_idle();
      }));
}

void Spill::write(Number number, OutgoingPtr profile, bool urgent) {
  work_.writes.push_back({number, std::move(profile)});
  urgent ? start() : gather();
}

void Spill::load(Number number, queue::RecordId record) {
  work_.loads.push_back({number, record});
  // After the caller has asked for all that it wants.
  if (!busy_) env_.loop->post(alive_.bind([this] { start(); }));
}

void Spill::ack(queue::RecordId record) {
  work_.acks.push_back(record);
  gather();
}

void Spill::gather() {
  if (!busy_ && !gather_timer_.armed()) gather_timer_.arm_after(kGather, [this] { start(); });
}

void Spill::start() {
  if (busy_ || !queue_ || work_.empty()) return;
  busy_ = true;
  gather_timer_.cancel();
  env_.pool->run([queue = queue_, work = std::exchange(work_, {}), destination = env_.destination,
                  max_bytes = max_bytes_] { return run_blocking(*queue, work, destination, max_bytes); },
                 alive_.bind([this](Done done) { finished(std::move(done)); }));
}

void Spill::finished(Done done) {
  busy_ = false;
  if (!done.evicted.empty()) events_.on_evicted(done.evicted);
  for (auto& [numbers, first] : done.written) events_.on_written(numbers, std::move(first));
  for (auto& [number, profile] : done.loaded) events_.on_loaded(number, std::move(profile));
  if (!work_.writes.empty() || !work_.loads.empty()) {
    start();
  } else if (!work_.acks.empty()) {
    gather();
  }
  if (idle()) events_.on_idle();
}

Spill::Done Spill::run_blocking(queue::SegmentQueue& queue, const Work& work, const std::string& destination,
                                std::uint64_t max_bytes) {
  Done done;
  // An acknowledgement that fails means that a restart sends the profile again; there is nobody to tell.
  if (!work.acks.empty()) (void)queue.ack(work.acks);
  if (!work.writes.empty()) write_blocking(queue, work.writes, destination, max_bytes, done);
  for (const Work::Load& load : work.loads) {
    auto record = queue.read(load.record);
    if (!record) {
      done.loaded.emplace_back(load.number, std::unexpected(record.error()));
      continue;
    }
    auto header = decode_record_header(record->header);
    if (!header) {
      (void)queue.ack(std::span(&load.record, 1));
      done.loaded.emplace_back(load.number, std::unexpected(header.error()));
      continue;
    }
    header->outgoing.taken_unix_ns = record->taken_unix_ns;
    header->outgoing.body = share(std::move(record->body));
    done.loaded.emplace_back(load.number, std::make_shared<const Outgoing>(std::move(header->outgoing)));
  }
  return done;
}

void Spill::write_blocking(queue::SegmentQueue& queue, const std::vector<Work::Write>& writes,
                           const std::string& destination, std::uint64_t max_bytes, Done& done) {
  std::vector<std::string> headers;
  std::vector<queue::NewRecord> group;
  std::vector<Number> numbers;
  headers.reserve(writes.size());
  std::uint64_t group_bytes = 0;
  queue.set_max_bytes(max_bytes);
  const auto commit = [&] {
    if (group.empty()) return;
    const std::uint64_t bytes = queue::SegmentQueue::disk_bytes_of(group);
    if (!fits(queue.stats(), bytes, max_bytes)) {
      const std::uint64_t acks = queue.stats().pending_records * queue::kAckBytes + queue::kFileHeaderBytes;
      const auto plan = queue::plan_retention(queue.segments(),
                                              {.max_bytes = max_bytes - std::min(max_bytes, acks)}, 0, bytes);
      (void)queue.drop(plan.evicted);
      done.evicted.insert(done.evicted.end(), plan.evicted.begin(), plan.evicted.end());
    }
    done.written.emplace_back(std::move(numbers), queue.append(group));
    group.clear();
    numbers.clear();
    group_bytes = 0;
  };
  for (const Work::Write& write : writes) {
    const std::string& header = headers.emplace_back(encode_record_header(*write.profile, destination));
    const std::uint64_t bytes = header.size() + write.profile->body->size();
    if (header.size() > queue::kMostHeaderBytes || write.profile->body->size() > queue::kMostBodyBytes ||
        bytes > max_bytes / 4) {
      done.written.emplace_back(
          std::vector<Number>{write.number},
          fail(ErrorCode::kInvalidArgument, "the profile is too large for the disk queue"));
      continue;
    }
    if (group_bytes + bytes > std::min(kMostGroupBytes, max_bytes / 4)) commit();
    group.push_back({write.profile->taken_unix_ns, header, *write.profile->body});
    numbers.push_back(write.number);
    group_bytes += bytes;
  }
  commit();
}

}  // namespace invar::delivery
