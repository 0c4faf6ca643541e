// StackTable: the functions, locations and stacks of a recording, each once over all chunks and kinds of profile.
// Names:   "<class>.<method>", of native frames "<library>.<function>", without a class the method alone.
// Errors:  what goes beyond a limit, and frames of what is unknown, are left out and counted in the report.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jfr/constants.h"
#include "jfr/report.h"
#include "pprof/hash_index.h"

namespace invar::jfr {

struct StackLocation {
  std::uint32_t function = 0;
  std::int32_t line = 0;
  bool operator==(const StackLocation&) const = default;
};

class StackTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  explicit StackTable(Report& report) : report_(&report) {}

  [[nodiscard]] std::string function_name(std::uint32_t id) const;
  [[nodiscard]] const std::vector<StackLocation>& locations() const { return locations_; }
  [[nodiscard]] std::span<const std::uint32_t> stack(std::uint32_t id) const {  // its locations, leaf first
    return {frames_.data() + starts_[id], starts_[id + 1] - starts_[id]};
  }

  // Resolves the stacks of one chunk, each when it is asked for first.
  class OfChunk {
   public:
    OfChunk(StackTable& table, const Constants& constants)
        : table_(table), constants_(constants), stacks_(constants.stacks(), kNotYet) {}
    std::uint32_t stack(std::uint32_t position);  // kNone: beyond a limit

   private:
    static constexpr std::uint32_t kNotYet = 0xfffffffe;
    std::uint32_t resolve(std::uint32_t position);
    std::uint32_t function(std::uint64_t method);
    std::uint32_t make_function(std::uint64_t method);
    std::uint32_t symbol(std::uint64_t key);

    StackTable& table_;
    const Constants& constants_;
    std::vector<std::uint32_t> stacks_;  // by position
    IdMap methods_;                      // -> function + 1; 0: unknown
    IdMap symbols_;                      // -> text
    std::vector<std::uint32_t> scratch_;
  };

 private:
  struct Function {
    std::uint32_t type = 0, method = 0;  // texts
    bool operator==(const Function&) const = default;
  };
  std::uint32_t intern_text(std::string text);
  std::uint32_t intern_function(Function function);
  std::uint32_t intern_location(StackLocation location);
  std::uint32_t intern_stack(std::span<const std::uint32_t> locations);

  Report* report_;
  std::vector<std::string_view> texts_;  // of text_index_, whose elements stay where they are
  std::unordered_map<std::string, std::uint32_t> text_index_;
  std::vector<Function> functions_;
  std::size_t name_bytes_ = 0;  // what texts and functions cost so far
  std::vector<StackLocation> locations_;
  std::vector<std::uint32_t> frames_;      // of all stacks
  std::vector<std::size_t> starts_ = {0};  // of each in frames_, and the end
  pprof::HashIndex function_index_, location_index_, stack_index_;
};

}  // namespace invar::jfr
