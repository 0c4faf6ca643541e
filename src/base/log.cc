#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "base/log_line.h"
#include "base/stderr_writer.h"

namespace invar::log {
namespace {

// Start-up writes a few records per component; a configuration of thousands of components still fits.
constexpr std::size_t kMostBufferedRecords = 16'384;

UnixNanos system_unix_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Sink::Writer stderr_writer() {
  return [writer = DescriptorWriter(STDERR_FILENO)](std::string_view line) mutable { writer.write(line); };
}

class SinkImpl final : public Sink {
 public:
  SinkImpl(Writer writer, Clock clock)
      : writer_(writer ? std::move(writer) : stderr_writer()),
        clock_(clock ? std::move(clock) : system_unix_ns) {}

  void configure(const Options& options) override {
    const std::lock_guard lock(mutex_);
    level_.store(options.level, std::memory_order_relaxed);
    format_.store(options.format, std::memory_order_relaxed);
    drain(options);
    deferred_.store(false, std::memory_order_release);
  }

  void flush_buffered() override {
    const std::lock_guard lock(mutex_);
    drain(Options{.level = Level::kWarn});  // what went well until then says nothing
  }

  bool enabled(Level level) const override {
    return deferred_.load(std::memory_order_acquire) || level >= level_.load(std::memory_order_relaxed);
  }

  void write(Level level, std::string_view message, const std::vector<Field>& bound,
             std::initializer_list<Field> fields) override {
    if (!enabled(level)) return;
    const UnixNanos now = clock_();
    if (deferred_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      if (deferred_.load(std::memory_order_relaxed)) {
        keep(level, now, message, bound, fields);
        return;
      }
      if (level < level_.load(std::memory_order_relaxed)) return;
    }
    const std::string line =
        format_record(format_.load(std::memory_order_relaxed),
                      {now, level, message, bound, std::span<const Field>(fields.begin(), fields.size())});
    const std::lock_guard lock(mutex_);
    emit(line);
  }

  void set_tap(Writer tap) override {
    const std::lock_guard lock(mutex_);
    tap_ = std::move(tap);
  }

 private:
  struct Buffered {
    Level level;
    UnixNanos time_unix_ns;
    std::string message;
    std::vector<Field> fields;
  };

  void keep(Level level, UnixNanos now, std::string_view message, const std::vector<Field>& bound,
            std::initializer_list<Field> fields) {
    if (buffer_.size() == kMostBufferedRecords) {
      buffer_.pop_front();
      ++lost_;
    }
    std::vector<Field> all(bound);
    all.insert(all.end(), fields.begin(), fields.end());
    buffer_.push_back({level, now, std::string(message), std::move(all)});
  }

  void drain(const Options& options) {
    if (lost_ > 0) {
      const Field lost("count", lost_);
      emit(format_record(options.format,
                         {clock_(), Level::kWarn, "early log records dropped", {}, {&lost, 1}}));
      lost_ = 0;
    }
    for (const Buffered& record : buffer_) {
      if (record.level < options.level) continue;
      emit(format_record(options.format,
                         {record.time_unix_ns, record.level, record.message, {}, record.fields}));
    }
    buffer_.clear();
  }

  void emit(std::string_view line) {
    writer_(line);
    if (tap_) tap_(line);
  }

  std::atomic<bool> deferred_ = true;
  std::atomic<Level> level_ = Level::kInfo;
  std::atomic<Format> format_ = Format::kLogfmt;
  std::mutex mutex_;  // guards everything below, and keeps lines whole
  Writer writer_;
  Clock clock_;
  Writer tap_;
  std::deque<Buffered> buffer_;
  std::uint64_t lost_ = 0;
};

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "unknown";
}

std::shared_ptr<Sink> Sink::create(Writer writer, Clock clock) {
  return std::make_shared<SinkImpl>(std::move(writer), std::move(clock));
}

Logger Logger::with(std::initializer_list<Field> fields) const {
  Logger out;
  out.sink_ = sink_;
  if (!sink_) return out;
  auto all = bound_ ? std::make_shared<std::vector<Field>>(*bound_) : std::make_shared<std::vector<Field>>();
  all->insert(all->end(), fields.begin(), fields.end());
  out.bound_ = std::move(all);
  return out;
}

void Logger::write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
  static const std::vector<Field> kNone;
  if (sink_) sink_->write(level, message, bound_ ? *bound_ : kNone, fields);
}

}  // namespace invar::log
