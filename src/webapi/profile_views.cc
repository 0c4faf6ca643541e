#include "webapi/profile_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "flame/cut.h"
#include "flame/page.h"
#include "json/writer.h"
#include "pprof/merge.h"
#include "pprof/top.h"
#include "pprof/tree.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

// The place of a type among the profile's; its first choice for "".
std::optional<std::uint32_t> type_named(const pprof::MergedHeader& header, std::string_view name) {
  if (name.empty()) return pprof::default_type(header);
  for (std::uint32_t i = 0; i < header.sample_types.size(); ++i)
    if (pprof::is_sample_type(header.sample_types[i], name)) return i;
  return std::nullopt;
}

}  // namespace

std::expected<Merged, ApiError> merge(const std::vector<Picked>& sides, const ReadBody& read) {
  pprof::Merger merger({}, static_cast<std::uint32_t>(sides.size()));
  Merged out;
  std::uint32_t order = 0;
  std::string unreadable;
  for (std::uint32_t side = 0; side < sides.size(); ++side) {
    out.counts.push_back(0);
    out.left_out += sides[side].left_out;
    for (const PickedProfile& profile : sides[side].profiles) {
      const auto body = read(profile);
      const auto added = body ? merger.add(*body, order++, side) : Result<>(std::unexpected(body.error()));
      if (added) {
        ++out.counts[side];
        if (side + 1 != sides.size()) continue;
        if (out.first_unix_ns == 0 || profile.taken_unix_ns < out.first_unix_ns)
          out.first_unix_ns = profile.taken_unix_ns;
        out.last_unix_ns = std::max(out.last_unix_ns, profile.taken_unix_ns);
      } else if (added.error().code == ErrorCode::kUnsupported) {
        return std::unexpected(bad_request("type", "these are profiles of several kinds",
                                           "Choose one with type, or one service with q."));
      } else {
        unreadable = added.error().message;
      }
    }
    if (out.counts[side] == 0) {
      const std::string_view which = sides.size() == 2 && side == 0 ? " for the earlier side" : "";
      return std::unexpected(not_found(unreadable.empty()
                                           ? fmt::format("there is no such profile{}", which)
                                           : fmt::format("no profile can be read{}: {}", which, unreadable)));
    }
  }
  out.profile = std::move(merger).take();
  return out;
}

std::string tree_json(const Merged& merged, std::size_t most_nodes) {
  flame::Cut cut = flame::cut(pprof::build_tree(merged.profile), most_nodes);
  std::string text;
  json::Writer out(text);
  out.begin_object().key("profiles").list(merged.counts);
  write_time(out, "first", merged.first_unix_ns);
  write_time(out, "last", merged.last_unix_ns);
  out.field("seconds", static_cast<double>(merged.profile.header().duration_ns) / 1e9)
      .key("cut")
      .begin_object();
  out.field("nodes", cut.nodes)
      .field("share", cut.share)
      .field("profiles", merged.left_out)
      .end_object()
      .key("tree");
  std::string tree;
  flame::append_data(tree, cut.tree, {.title = {}, .facts = {}, .sides = {"before", "after"}});
  out.raw(tree).end_object();
  return text;
}

Made top_json(const Merged& merged, const TopQuery& query) {
  const auto type = type_named(merged.profile.header(), query.sample_type);
  if (!type)
    return std::unexpected(
        bad_request("sample_type", "the profiles have no sample type " + quote(query.sample_type)));
  const pprof::TopTable table = pprof::build_top(merged.profile);
  std::vector<std::uint32_t> order;
  for (std::uint32_t frame = 1; frame < table.frames.size(); ++frame) order.push_back(frame);
  const std::uint32_t last = table.sides - 1;
  const auto change = [&](std::uint32_t frame) {
    return table.total(frame, *type, last) - table.total(frame, *type, 0);
  };
  const auto key = [&](std::uint32_t frame) -> std::int64_t {
    switch (query.sort) {
      case 0:
        return -table.self(frame, *type, last);
      case 1:
        return -table.total(frame, *type, last);
      case 2:
        return -change(frame);
      case 3:
        return change(frame);
      default:
        return 0;
    }
  };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const std::int64_t left = key(a), right = key(b);
    return left != right ? left < right : table.frames[a].name < table.frames[b].name;
  });
  std::string text;
  json::Writer out(text);
  const pprof::SampleType& kind = table.types[*type];
  out.begin_object().field("total", order.size()).field("type", kind.type).field("unit", kind.unit);
  const auto write_sides = [&](std::string_view name, auto value) {
    out.key(name).begin_array();
    for (std::uint32_t side = 0; side < table.sides; ++side) out.value(value(side));
    out.end_array();
  };
  write_sides("sum", [&](std::uint32_t side) { return table.total(0, *type, side); });
  out.key("functions").begin_array();
  for (std::size_t i = query.offset; i < order.size() && i - query.offset < query.limit; ++i) {
    const std::uint32_t frame = order[i];
    out.begin_object().field("name", table.frames[frame].name).field("file", table.frames[frame].file);
    write_sides("self", [&](std::uint32_t side) { return table.self(frame, *type, side); });
    write_sides("total", [&](std::uint32_t side) { return table.total(frame, *type, side); });
    out.end_object();
  }
  out.end_array().end_object();
  return text;
}

std::string list_json(const Picked& picked, std::size_t offset, std::size_t limit) {
  const std::uint64_t matched = picked.profiles.size() + picked.left_out;
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", matched).field("matched", matched).key("profiles").begin_array();
  for (std::size_t i = offset; i < picked.profiles.size() && i - offset < limit; ++i) {
    const PickedProfile& profile = picked.profiles[i];
    out.begin_object().field("id", profile.id).field("series", profile.series).key("labels");
    write_labels(out, profile.labels, false);
    out.field("type", profile.labels.get(kMetricName)).field("taken", to_ms(profile.taken_unix_ns));
    out.field("bytes", profile.bytes).end_object();
  }
  out.end_array().end_object();
  return text;
}

Totals totals_of(std::string_view body) {
  pprof::Merger merger;
  Totals out;
  if (!merger.add(body, 0)) return out;
  const pprof::MergedProfile& merged = merger.merged();
  out.types = merged.header().sample_types;
  for (std::uint32_t type = 0; type < merged.types(); ++type) out.values.push_back(merged.total(0, type));
  // By convention the program comes first.
  if (const auto mappings = merged.mappings(); !mappings.empty())
    out.build = {std::string(merged.string(mappings.front().file)),
                 std::string(merged.string(mappings.front().build_id))};
  return out;
}

}  // namespace invar::webapi
