// TargetView: what was collected, filtered, grouped and put in order for a page; and the JSON of its rows.
// Cost:    that of its rows: for the pool. Threads: immutable, any; pure. Source: web-api.md 3.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "json/writer.h"
#include "labels/selector.h"
#include "webapi/target_store.h"

namespace invar::webapi {

inline constexpr std::array<std::string_view, 5> kStateWords = {"failing", "late", "waiting", "ok",
                                                                "left_out"};
std::string_view state_word(component::TargetState state);

enum class GroupBy { kNone, kCause, kService, kJob, kComponent };
enum class SortBy { kState, kTarget, kService, kType, kLast, kTook, kBytes, kSamples };

struct TargetQuery {
  std::optional<Selector> selector;
  std::vector<std::size_t> states;  // empty: all but those left out
  std::string component;            // empty: all
  GroupBy by = GroupBy::kNone;
  SortBy sort = SortBy::kState;
  bool descending = false;
};

using StateCounts = std::array<std::uint64_t, 5>;  // by TargetState

struct TargetGroup {
  std::string key, text, component;
  component::TargetState state = component::TargetState::kOk;  // the worst of its rows
  std::uint64_t count = 0;
  UnixNanos since_unix_ns = 0;     // the earliest; 0: not known
  std::vector<std::string> first;  // targets, at most 5
};

struct TargetView {
  CollectedPtr base;
  std::vector<std::uint32_t> order;     // rows of base
  std::vector<std::uint32_t> group_of;  // for each of order; empty without groups
  std::vector<TargetGroup> groups;      // in their order on the page
  StateCounts counts{};                 // of what passes the selector and the component
};

TargetView make_view(CollectedPtr base, const TargetQuery& query);

// The instance, or the address, of a row's labels.
std::string target_name(const component::TargetRow& row);
// A sentence with the target's own address taken out, so that one cause is one group.
std::string without_address(const component::TargetRow& row);

void write_row(json::Writer& out, const Collected& base, std::uint32_t row, std::string_view group);
void write_counts(json::Writer& out, const StateCounts& counts);
// How many of these rows of the view are others by now, in their state, its cause or its text, or gone.
std::uint64_t changed_since(const TargetView& view, const Collected& now, std::size_t offset,
                            std::size_t limit);
// The answer of GET targets without the time. `changed`: those of them that are others by now.
std::string rows_json(const TargetView& view, std::string_view snapshot, std::uint64_t changed,
                      std::size_t offset, std::size_t limit);

void write_labels(json::Writer& out, const Labels& labels, bool hidden_too);
void write_time(json::Writer& out, std::string_view name, UnixNanos unix_ns);  // 0: null

}  // namespace invar::webapi
