#include "archive_tool/replayer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "pprof/retime.h"

namespace invar::archive_tool {
namespace {

constexpr std::size_t kMostAhead = 4096;  // of the first that is not done: bounds the state

}  // namespace

std::string shift_query(std::string_view query, Duration shift) {
  std::vector<std::string> out;
  for (const std::string_view part : split(query, '&')) {
    const std::size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const auto number = equals == std::string_view::npos ? std::nullopt : parse_int(part.substr(equals + 1));
    if (!number || (name != "from" && name != "until")) {
      out.emplace_back(part);
      continue;
    }
    // Seconds have ten digits for another 250 years, then come milli-, micro- and nanoseconds.
    const std::size_t digits = part.size() - equals - 1;
    const std::int64_t unit = digits <= 11   ? 1'000'000'000
                              : digits <= 14 ? 1'000'000
                              : digits <= 17 ? 1'000
                                             : 1;
    out.push_back(fmt::format("{}={}", name, *number + shift.count() / unit));
  }
  return join(out, "&");
}

Replayer::Replayer(async::Loop& loop, async::WorkerPool& pool, const Source& source, Settings settings,
                   ReplayState resume, Events events)
    : loop_(loop),
      pool_(pool),
      source_(source),
      settings_(settings),
      events_(std::move(events)),
      state_(std::move(resume)),
      rate_timer_(loop) {
  progress_.files = source.size();
  if (!state_.up_to.empty()) low_ = source.position_after(state_.up_to);
  next_ = low_;
}

Replayer::Read Replayer::read(const Source& source, std::size_t file, Duration shift) {
  Read out{.path = source.path(file)};
  auto item = source.look(file);
  if (item && *item) {
    if (auto completed = source.complete(**item); !completed) item = std::unexpected(completed.error());
  }
  if (!item) return out.error = item.error().message, out;
  if (!*item) return out;
  auto body = source.body(**item);
  if (!body) return out.error = body.error().message, out;

  const archive::Meta& meta = (*item)->meta;
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = meta.labels;
  profile->id = meta.sample_id;
  profile->taken_unix_ns = meta.taken_unix_ns + shift.count();
  if (meta.kind == archive::Kind::kIngest) {
    profile->kind = pipeline::BodyKind::kIngest;
    profile->ingest = std::make_shared<const pipeline::IngestInfo>(pipeline::IngestInfo{
        meta.ingest_path,
        shift == Duration::zero() ? meta.ingest_query : shift_query(meta.ingest_query, shift),
        meta.ingest_content_types});
  } else if (shift != Duration::zero()) {
    if (auto moved = pprof::body_with_time(*body, profile->taken_unix_ns, kMaxBodyBytes); moved) {
      body = std::move(moved);
    } else {
      out.error = moved.error().wrapped(out.path).message;
      return out;
    }
  }
  profile->body = share(std::move(*body));
  out.profile = std::move(profile);
  return out;
}

void Replayer::stop() {
  stopping_ = true;
  rate_timer_.cancel();
  active_ -= ready_.size();  // not begun: they stay in no state
  ready_.clear();
  check_finished();
}

void Replayer::pump() {
  while (!stopping_ && active_ < settings_.at_once && next_ < std::min(source_.size(), low_ + kMostAhead)) {
    const std::size_t file = next_++;
    if (!state_.also.empty() && state_.also.contains(source_.path(file))) {
      done(file, source_.path(file));
      continue;
    }
    ++active_;
    pool_.run([&source = source_, file, shift = state_.shift] { return read(source, file, shift); },
              alive_.bind([this, file](Read read) { on_read(file, std::move(read)); }));
  }
  while (!ready_.empty() && !rate_timer_.armed()) {
    if (settings_.per_second > 0) {
      const async::TimePoint now = loop_.now();
      if (now < next_send_) {
        rate_timer_.arm_at(next_send_, [this] { pump(); });
        break;
      }
      next_send_ = std::max(next_send_, now - std::chrono::seconds(1)) +
                   std::chrono::duration_cast<async::TimePoint::duration>(
                       std::chrono::duration<double>(1 / settings_.per_second));
    }
    auto [file, read] = std::move(ready_.front());
    ready_.pop_front();
    send(file, read.path, std::move(read.profile));
  }
  check_finished();
}

void Replayer::on_read(std::size_t file, Read read) {
  if (!read.error.empty()) {
    ++progress_.unreadable;
    events_.problem(read.error);
    done(file, read.path);
    leave();
  } else if (!read.profile) {
    done(file, read.path);
    leave();
  } else if (stopping_) {
    leave();
  } else {
    ready_.emplace_back(file, std::move(read));
    pump();
  }
}

void Replayer::send(std::size_t file, const std::string& path, pipeline::ProfilePtr profile) {
  const std::uint64_t bytes = profile->body->size();
  events_.send(std::move(profile),
               alive_.bind([this, file, path, bytes](ReplayEnd end, const std::string& error) {
                 switch (end) {
                   case ReplayEnd::kSent:
                     ++progress_.sent;
                     ++state_.sent;
                     progress_.bytes += bytes;
                     done(file, path);
                     break;
                   case ReplayEnd::kRefused:
                     ++progress_.refused;
                     events_.problem(fmt::format("{}: {}", path, error));
                     done(file, path);
                     break;
                   case ReplayEnd::kNotDelivered:
                     if (!stopping_) events_.problem(fmt::format("{}: {}", path, error));
                     ++progress_.not_delivered;
                     stop();
                     break;
                 }
                 leave();
               }));
}

// Remembers that `file` needs no further run.
void Replayer::done(std::size_t file, const std::string& path) {
  if (file != low_) {
    done_behind_.insert(file);
    state_.also.insert(path);
    return;
  }
  state_.up_to = path;
  state_.also.erase(path);
  for (++low_; done_behind_.erase(low_) > 0; ++low_) {
    state_.up_to = source_.path(low_);
    state_.also.erase(state_.up_to);
  }
}

void Replayer::leave() {
  --active_;
  loop_.post(alive_.bind([this] { pump(); }));  // not from within: an end may come from within Send
}

void Replayer::check_finished() {
  if (finished_ || active_ > 0 || (!stopping_ && next_ < source_.size())) return;
  finished_ = true;
  loop_.post(alive_.bind([this] { events_.finished(); }));
}

Replayer::Progress Replayer::progress() const {
  Progress out = progress_;
  out.gone_through = low_ + done_behind_.size();
  out.complete = low_ == source_.size();
  return out;
}

ReplayState Replayer::state() const {
  return state_;
}

}  // namespace invar::archive_tool
