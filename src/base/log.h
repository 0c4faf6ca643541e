// Structured logging: level, message, key/value fields; one line per record on stderr, logfmt or JSON.
// Shape:    logger.info("now listening for http traffic", {{"addr", addr}});
// Threads:  any; a record is formatted by the caller and written in one piece under a lock. A full pipe never blocks for ever.
// Lifetime: Logger is a cheap copy (shared sink + bound fields). The Sink outlives all loggers through shared_ptr.
// Spec:     runtime.md 12.1. Records are buffered until Sink::configure() is called first (the `logging` node), then
//           filtered and written; flush_buffered() writes them when start-up fails early.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kLogfmt, kJson };

std::string_view to_string(Level level);

struct Field {
  using Value = std::variant<std::string, std::int64_t, std::uint64_t, double, bool, Duration>;
  std::string key;
  Value value;

  Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, int v) : key(k), value(std::int64_t{v}) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(v) {}
  Field(std::string_view k, std::uint64_t v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, Duration v) : key(k), value(v) {}
  Field(std::string_view k, const Error& e) : key(k), value(e.message) {}
};

class Sink {
 public:
  struct Options {
    Level level = Level::kInfo;
    Format format = Format::kLogfmt;
  };
  using Writer = std::function<void(std::string_view line)>;  // line ends with '\n'
  using Clock = std::function<UnixNanos()>;

  // Deferred: buffers every record until configure(). The default writer is stderr, the default clock the system's.
  static std::shared_ptr<Sink> create(Writer writer = {}, Clock clock = {});

  virtual ~Sink() = default;
  virtual void configure(const Options& options) = 0;
  virtual void flush_buffered() = 0;
  [[nodiscard]] virtual bool enabled(Level level) const = 0;
  virtual void write(Level level, std::string_view message, const std::vector<Field>& bound,
                     std::initializer_list<Field> fields) = 0;
  // A copy of every line written from now on also goes to `tap` (support files, tests); null removes it.
  virtual void set_tap(Writer tap) = 0;
};

class Logger {
 public:
  Logger() = default;  // discards everything
  explicit Logger(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

  [[nodiscard]] Logger with(std::initializer_list<Field> fields) const;
  [[nodiscard]] bool enabled(Level level) const { return sink_ && sink_->enabled(level); }

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::kInfo, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::kWarn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::kError, message, fields);
  }

 private:
  void write(Level level, std::string_view message, std::initializer_list<Field> fields) const;

  std::shared_ptr<Sink> sink_;
  std::shared_ptr<const std::vector<Field>> bound_;
};

}  // namespace invar::log
