#include "webapi/target_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "webapi/reply.h"

namespace invar::webapi {
namespace {

using component::TargetRow;
using component::TargetState;
using Row = Collected::Row;

constexpr std::size_t kMostGroups = 200;

std::size_t index(TargetState state) {
  return static_cast<std::size_t>(state);
}

bool wants(const TargetQuery& query, TargetState state) {
  if (query.states.empty()) return state != TargetState::kLeftOut;
  return std::ranges::find(query.states, index(state)) != query.states.end();
}

// Less than, equal to or greater than zero.
template <class T>
int compare(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_rows(const TargetRow& a, const TargetRow& b, SortBy by) {
  switch (by) {
    case SortBy::kState:
      return compare(a.state, b.state);
    case SortBy::kTarget:
      return compare(target_name(a), target_name(b));
    case SortBy::kService:
      return compare(a.labels.get(kServiceName), b.labels.get(kServiceName));
    case SortBy::kType:
      return compare(a.type, b.type);
    case SortBy::kLast:
      return compare(a.last_unix_ns, b.last_unix_ns);
    case SortBy::kTook:
      return compare(a.took, b.took);
    case SortBy::kBytes:
      return compare(a.bytes, b.bytes);
    case SortBy::kSamples:
      return compare(a.samples, b.samples);
  }
  return 0;
}

struct GroupName {
  std::string key, text;
};

GroupName group_name(const Collected& base, const Row& row, GroupBy by) {
  const TargetRow& target = row.target;
  const auto named = [](std::string_view value) {
    return GroupName{std::string(value), value.empty() ? "(none)" : std::string(value)};
  };
  switch (by) {
    case GroupBy::kService:
      return named(target.labels.get(kServiceName));
    case GroupBy::kJob:
      return named(target.labels.get("job"));
    case GroupBy::kComponent:
      return named(base.components[row.component]);
    case GroupBy::kCause:
    case GroupBy::kNone:
      break;
  }
  if (target.state == TargetState::kOk) return {"ok", "Delivering"};
  if (target.state == TargetState::kWaiting) return {"waiting", "Waiting for the first scrape"};
  std::string text = without_address(target);
  return {fmt::format("{}:{}:{}", base.components[row.component], target.cause, text), text};
}

void count_in(TargetGroup& group, const TargetRow& row) {
  constexpr std::size_t kMostNamed = 5;
  ++group.count;
  group.state = std::min(group.state, row.state);
  if (row.since_unix_ns != 0 && (group.since_unix_ns == 0 || row.since_unix_ns < group.since_unix_ns))
    group.since_unix_ns = row.since_unix_ns;
  if (group.first.size() < kMostNamed) group.first.push_back(target_name(row));
}

// Puts the rows into their groups, and the groups into the order of the page.
void make_groups(TargetView& view, GroupBy by) {
  std::map<std::string, std::uint32_t> places;
  view.group_of.reserve(view.order.size());
  for (const std::uint32_t at : view.order) {
    const Row& row = view.base->rows[at];
    GroupName name = group_name(*view.base, row, by);
    const auto [place, added] = places.try_emplace(name.key, static_cast<std::uint32_t>(view.groups.size()));
    if (added)
      view.groups.push_back({.key = std::move(name.key),
                             .text = std::move(name.text),
                             .component = view.base->components[row.component],
                             .state = row.target.state});
    count_in(view.groups[place->second], row.target);
    view.group_of.push_back(place->second);
  }
  std::vector<std::uint32_t> groups(view.groups.size()), rank(groups.size());
  std::iota(groups.begin(), groups.end(), 0U);
  std::ranges::sort(groups, [&](std::uint32_t a, std::uint32_t b) {
    const TargetGroup &left = view.groups[a], &right = view.groups[b];
    return std::tie(left.state, right.count, left.key) < std::tie(right.state, left.count, right.key);
  });
  for (std::uint32_t i = 0; i < groups.size(); ++i) rank[groups[i]] = i;
  std::vector<TargetGroup> sorted;
  for (const std::uint32_t group : groups) sorted.push_back(std::move(view.groups[group]));
  view.groups = std::move(sorted);
  for (std::uint32_t& group : view.group_of) group = rank[group];
}

void put_in_order(TargetView& view, const TargetQuery& query) {
  std::vector<std::uint32_t> places(view.order.size());
  std::iota(places.begin(), places.end(), 0U);
  const auto& rows = view.base->rows;
  std::ranges::sort(places, [&](std::uint32_t a, std::uint32_t b) {
    if (!view.group_of.empty() && view.group_of[a] != view.group_of[b])
      return view.group_of[a] < view.group_of[b];
    const TargetRow &left = rows[view.order[a]].target, &right = rows[view.order[b]].target;
    if (const int order = compare_rows(left, right, query.sort); order != 0)
      return query.descending ? order > 0 : order < 0;
    if (const int order = compare_rows(left, right, SortBy::kTarget); order != 0) return order < 0;
    return std::tie(left.type, left.id, view.order[a]) < std::tie(right.type, right.id, view.order[b]);
  });
  std::vector<std::uint32_t> order, group_of;
  for (const std::uint32_t place : places) {
    order.push_back(view.order[place]);
    if (!view.group_of.empty()) group_of.push_back(view.group_of[place]);
  }
  view.order = std::move(order);
  view.group_of = std::move(group_of);
}

}  // namespace

std::string_view state_word(TargetState state) {
  return kStateWords[index(state)];
}

std::string target_name(const TargetRow& row) {
  for (const std::string_view name : {"instance", "__address__", "target"})
    if (row.labels.has(name)) return std::string(row.labels.get(name));
  return {};
}

std::string without_address(const TargetRow& row) {
  std::string text = row.text;
  for (const std::string_view name : {"__address__", "instance"}) {
    const std::string_view address = row.labels.get(name);
    if (address.empty()) continue;
    for (auto at = text.find(address); at != std::string::npos; at = text.find(address, at + 1))
      text.replace(at, address.size(), "…");
  }
  return text;
}

TargetView make_view(CollectedPtr base, const TargetQuery& query) {
  TargetView view{.base = std::move(base)};
  for (std::uint32_t i = 0; i < view.base->rows.size(); ++i) {
    const Row& row = view.base->rows[i];
    if (!query.component.empty() && view.base->components[row.component] != query.component) continue;
    if (query.selector && !query.selector->matches(row.target.labels)) continue;
    ++view.counts[index(row.target.state)];
    if (wants(query, row.target.state)) view.order.push_back(i);
  }
  if (query.by != GroupBy::kNone) make_groups(view, query.by);
  put_in_order(view, query);
  return view;
}

void write_time(json::Writer& out, std::string_view name, UnixNanos unix_ns) {
  out.key(name);
  if (unix_ns == 0) {
    out.null();
  } else {
    out.value(to_ms(unix_ns));
  }
}

void write_labels(json::Writer& out, const Labels& labels, bool hidden_too) {
  out.begin_object();
  for (const Label& label : labels)
    if (hidden_too || !label.name.starts_with("__")) out.field(label.name, label.value);
  out.end_object();
}

void write_counts(json::Writer& out, const StateCounts& counts) {
  out.begin_object();
  std::size_t state = 0;
  for (const std::string_view word : kStateWords) out.field(word, counts[state++]);
  out.end_object();
}

void write_row(json::Writer& out, const Collected& base, std::uint32_t row, std::string_view group) {
  const auto& [target, component] = base.rows[row];
  const bool scraped = target.last_unix_ns != 0;
  out.begin_object().field("id", target.id + "@" + base.components[component]);
  out.field("component", base.components[component]).field("group", group);
  out.field("target", target_name(target)).field("service", target.labels.get(kServiceName));
  out.key("labels");
  write_labels(out, target.labels, false);
  out.field("type", target.type).field("state", state_word(target.state));
  write_time(out, "last", target.last_unix_ns);
  const bool delivered = scraped && target.state != TargetState::kFailing;
  scraped ? out.field("took", to_seconds(target.took)) : out.key("took").null();
  delivered ? out.field("bytes", target.bytes) : out.key("bytes").null();
  delivered ? out.field("samples", target.samples) : out.key("samples").null();
  out.field("cause", target.cause).field("text", target.text);
  write_time(out, "since", target.since_unix_ns);
  out.end_object();
}

std::uint64_t changed_since(const TargetView& view, const Collected& now, std::size_t offset,
                            std::size_t limit) {
  using Key = std::pair<std::string_view, std::string_view>;  // component, target
  std::map<Key, const component::TargetRow*> shown;
  for (std::size_t i = offset; i < view.order.size() && i - offset < limit; ++i) {
    const auto& [target, component] = view.base->rows[view.order[i]];
    shown[{view.base->components[component], target.id}] = &target;
  }
  const std::size_t all = shown.size();
  std::uint64_t same = 0;
  for (const auto& [target, component] : now.rows) {
    const auto found = shown.find({now.components[component], target.id});
    if (found == shown.end()) continue;
    const component::TargetRow& before = *found->second;
    if (before.state == target.state && before.cause == target.cause && before.text == target.text) ++same;
  }
  return all - std::min<std::uint64_t>(all, same);
}

std::string rows_json(const TargetView& view, std::string_view snapshot, std::uint64_t changed,
                      std::size_t offset, std::size_t limit) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", view.base->rows.size()).field("matched", view.order.size()).key("counts");
  write_counts(out, view.counts);
  out.key("groups").begin_array();
  for (std::size_t i = 0; i < std::min(view.groups.size(), kMostGroups); ++i) {
    const TargetGroup& group = view.groups[i];
    out.begin_object()
        .field("key", group.key)
        .field("text", group.text)
        .field("state", state_word(group.state));
    out.field("count", group.count);
    write_time(out, "since", group.since_unix_ns);
    out.end_object();
  }
  out.end_array().field("more_groups", view.groups.size() - std::min(view.groups.size(), kMostGroups));
  out.key("rows").begin_array();
  for (std::size_t i = offset; i < view.order.size() && i - offset < limit; ++i)
    write_row(out, *view.base, view.order[i], view.group_of.empty() ? "" : view.groups[view.group_of[i]].key);
  out.end_array().field("snapshot", snapshot).field("changed", changed).end_object();
  return text;
}

}  // namespace invar::webapi
