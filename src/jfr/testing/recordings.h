// Recordings for tests: those of testdata/jfr, and a writer of small ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace invar::jfr::testing {

std::vector<std::string> recording_names();                       // of testdata/jfr
std::string recording(std::string_view name);                     // "jdk-17"; unpacked
std::vector<std::string> recording_lines(std::string_view file);  // of a text file beside them

// Appends to `out` in JFR's own encoding.
void put_varint(std::string& out, std::uint64_t value);
void put_text(std::string& out, std::string_view text);  // as UTF-8

// Writes one chunk with a small set of types, which has every kind of field.
class ChunkWriter {
 public:
  struct Frame {
    std::string type, method;
    std::int32_t line = 0;
  };
  enum Type : std::uint64_t {
    kExecution = 101,
    kWallClock,
    kInNewTlab,
    kOutsideTlab,
    kAllocationSample,
    kLive,
    kMalloc,
    kMonitor,
    kPark,
    kNativeLock,
    kSetting,
    kOther,
  };
  explicit ChunkWriter(std::uint64_t ticks_per_second = 1'000'000'000)
      : ticks_per_second_(ticks_per_second) {}

  std::uint64_t stack(const std::vector<Frame>& frames);  // a key for samples
  void setting(std::uint64_t of_type, std::string_view name, std::string_view value);
  struct Sample {
    std::uint64_t stack = 0, amount = 0, samples = 1, context = 0, span = 0, span_name = 0;
    bool is_sleeping = false;
    std::string thread = "main";
  };
  void sample(Type type, const Sample& sample);
  void raw_event(std::uint64_t type, std::string_view fields);

  [[nodiscard]] std::string finish() const;

 private:
  std::uint64_t symbol(const std::string& text);
  std::uint64_t thread(const std::string& name);
  [[nodiscard]] std::string metadata() const;
  [[nodiscard]] std::string checkpoint() const;

  std::uint64_t ticks_per_second_;
  std::string events_;
  std::vector<std::string> symbols_, threads_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> methods_;  // symbols of class and name
  std::vector<std::vector<std::pair<std::uint64_t, std::int32_t>>> stacks_;
};

}  // namespace invar::jfr::testing
