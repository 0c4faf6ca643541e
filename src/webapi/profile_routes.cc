#include "webapi/profile_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>
#include <set>
#include <utility>

#include "archive_tool/export_text.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "json/writer.h"
#include "pprof/merge.h"
#include "pprof/tree.h"
#include "webapi/delivery_routes.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

struct SeriesRow {
  const PickedProfile* latest = nullptr;
  UnixNanos first = 0, last = 0;
  std::uint64_t profiles = 0, bytes = 0;
};

struct Kept {  // of the memory
  std::uint64_t bytes = 0, limit = 0, not_shown = 0;
  UnixNanos oldest = 0;
};

std::string series_json(const Picked& all, const std::string& type, const Kept& kept,
                        const std::vector<std::string>& sources, std::size_t offset, std::size_t limit) {
  std::map<std::string, SeriesRow> rows;
  std::set<std::string, std::less<>> types;
  for (const PickedProfile& profile : all.profiles) {
    types.emplace(profile.labels.get(kMetricName));
    if (!type.empty() && profile.labels.get(kMetricName) != type) continue;
    SeriesRow& row = rows[profile.series];
    if (row.latest == nullptr) row.latest = &profile;  // newest first
    row.last = std::max(row.last, profile.taken_unix_ns);
    row.first = row.profiles == 0 ? profile.taken_unix_ns : std::min(row.first, profile.taken_unix_ns);
    ++row.profiles;
    row.bytes += profile.bytes;
  }
  std::vector<const std::pair<const std::string, SeriesRow>*> order;
  for (const auto& row : rows) order.push_back(&row);
  const auto name = [](const auto* row) {
    const Labels& labels = row->second.latest->labels;
    return std::tuple(labels.get(kServiceName), labels.get(kMetricName), labels.get("instance"),
                      std::string_view(row->first));
  };
  std::ranges::sort(order, [&](const auto* a, const auto* b) { return name(a) < name(b); });
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .field("total", rows.size())
      .field("matched", rows.size())
      .field("kept_bytes", kept.bytes);
  out.field("limit_bytes", kept.limit).field("not_shown", kept.not_shown);
  write_time(out, "oldest", kept.oldest);
  out.key("sources").list(sources).key("types").list(types).key("series").begin_array();
  for (std::size_t i = offset; i < order.size() && i - offset < limit; ++i) {
    const auto& [id, row] = *order[i];
    out.begin_object().field("id", id).key("labels");
    write_labels(out, row.latest->labels, false);
    out.field("component", row.latest->component).field("type", row.latest->labels.get(kMetricName));
    out.field("first", to_ms(row.first)).field("last", to_ms(row.last)).field("profiles", row.profiles);
    out.field("bytes", row.bytes).end_object();
  }
  out.end_array().end_object();
  return text;
}

// Of many steps a chart can show.
std::int64_t chosen_step(UnixNanos from, UnixNanos to) {
  const std::int64_t seconds = (to - from) / 1'000'000'000;
  for (const std::int64_t step : {15, 60, 300, 900, 3600, 6 * 3600}) {
    if (seconds / step <= 400) return step;
  }
  return 86400;
}

void write_releases(json::Writer& out, const std::vector<Release>& releases) {
  constexpr std::size_t kMost = 50;  // the latest
  out.key("marks").begin_array();
  for (std::size_t i = releases.size() - std::min(releases.size(), kMost); i < releases.size(); ++i) {
    const Release& release = releases[i];
    out.begin_object().field("at", to_ms(release.at_unix_ns)).field("service", release.service);
    out.field("label", release.label).field("value", release.value).field("before", release.before);
    out.end_object();
  }
  out.end_array();
}

}  // namespace

void ProfileRoutes::add_to(Routes& routes) {
  const auto add = [&](const char* path, void (ProfileRoutes::*handler)(const http::ServerRequest&,
                                                                        const http::ResponderPtr&)) {
    routes.get(path, [this, handler](const auto& request, const auto& responder) {
      (this->*handler)(request, responder);
    });
  };
  add("series", &ProfileRoutes::series);
  add("profiles/list", &ProfileRoutes::list);
  add("profiles/timeline", &ProfileRoutes::timeline);
  add("profiles/tree", &ProfileRoutes::tree);
  add("profiles/top", &ProfileRoutes::top);
  add("profiles/export", &ProfileRoutes::export_file);
}

std::vector<ProfileRoutes::Source> ProfileRoutes::archives() const {
  std::vector<Source> out;
  for (const NamedOutlet& outlet : outlets_of(*host_.components))
    if (outlet.view.is_archive) out.push_back({outlet.component, outlet.view.url});
  return out;
}

std::optional<ProfileRoutes::Source> ProfileRoutes::source_of(const std::string& id) const {
  if (id == kMemory) return Source{id, {}};
  for (Source& archive : archives())
    if (archive.id == id) return std::move(archive);
  return std::nullopt;
}

std::optional<ProfileRoutes::Asked> ProfileRoutes::read(const http::ServerRequest& request,
                                                        const http::ResponderPtr& responder, Params& params,
                                                        bool two_sides) const {
  const UnixNanos now = host_.loop->unix_ns();
  const std::string source = params.text_or("source", kMemory);
  ProfileChoice main = choice_of(params, "", now);
  std::vector<ProfileChoice> sides;
  const auto given = [&](const char* name) { return request.query_value(name).has_value(); };
  if (two_sides && (given("vs_id") || given("vs_q") || given("vs_from") || given("vs_to"))) {
    ProfileChoice before = choice_of(params, "vs_", now);
    if (!given("vs_q")) before.selector = main.selector;
    if (!given("vs_from") && !given("vs_to")) {
      before.from = main.from;
      before.to = main.to;
    }
    sides.push_back(std::move(before));
  }
  sides.push_back(std::move(main));
  if (params.error()) {
    responder->send(error_response(*params.error()));
    return std::nullopt;
  }
  auto found = source_of(source);
  if (!found) {
    responder->send(error_response(not_found(fmt::format("there is no source {}", quote(source)))));
    return std::nullopt;
  }
  return Asked{std::move(*found), std::move(sides)};
}

void ProfileRoutes::run(const http::ServerRequest& request, const http::ResponderPtr& responder, Asked asked,
                        std::size_t most, Work work, std::function<void(Made)> answer) const {
  if (!answer)
    answer = [this, request, responder](Made made) { replies_.send(request, responder, std::move(made)); };
  if (asked.source.is_memory()) {
    std::vector<Picked> picked;
    for (const ProfileChoice& side : asked.sides) picked.push_back(pick_recent(*host_.recent, side, most));
    host_.pool->run(
        [picked = std::move(picked), sides = std::move(asked.sides), most, work = std::move(work)]() mutable {
          for (std::size_t i = 0; i < picked.size(); ++i) open_recordings(picked[i], sides[i], most);
          return work(picked,
                      [](const PickedProfile& profile) -> Result<std::string> { return *profile.body; });
        },
        std::move(answer));
    return;
  }
  host_.disk_pool->run(
      [files = host_.files, asked = std::move(asked), most, work = std::move(work)] {
        std::vector<Picked> picked;
        for (const ProfileChoice& side : asked.sides)
          picked.push_back(pick_archived(*files, asked.source.folder, side, most));
        return work(picked, [&](const PickedProfile& profile) {
          return body_of(*files, asked.source.folder, profile);
        });
      },
      std::move(answer));
}

void ProfileRoutes::series(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  const std::size_t offset = params.offset(), limit = params.limit();
  // Everything in memory, unless a time is given.
  const bool all_times = !request.query_value("from");
  auto asked = read(request, responder, params, false);
  if (!asked) return;
  ProfileChoice& choice = asked->sides.front();
  if (all_times && asked->source.is_memory()) choice.from = 0;
  const std::string type = std::exchange(choice.type, {});
  std::vector<std::string> sources = {std::string(kMemory)};
  for (const Source& archive : archives()) sources.push_back(archive.id);
  const Kept kept{host_.recent->bytes(), host_.recent->limit_bytes(), host_.recent->not_shown(),
                  host_.recent->oldest_unix_ns()};
  run(request, responder, std::move(*asked), kAll,
      [type, sources, kept, offset, limit](const auto& picked, const auto&) -> Made {
        return series_json(picked.front(), type, kept, sources, offset, limit);
      });
}

void ProfileRoutes::list(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  const std::size_t offset = params.offset(), limit = params.limit();
  auto asked = read(request, responder, params, false);
  if (!asked) return;
  run(request, responder, std::move(*asked), kAll, [offset, limit](const auto& picked, const auto&) -> Made {
    return list_json(picked.front(), offset, limit);
  });
}

void ProfileRoutes::timeline(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  const std::string sample_type = params.text_or("sample_type", "");
  const std::int64_t step = params.whole("step", 0, 1, 86400);
  auto asked = read(request, responder, params, false);
  if (!asked) return;
  Chart chart{.sample_type = sample_type,
              .from = asked->sides.front().from,
              .to = asked->sides.front().to,
              .step_s = step};
  if (step == 0) chart.step_s = chosen_step(chart.from, chart.to);
  constexpr std::int64_t kMostSteps = 2000;
  if ((chart.to - chart.from) / 1'000'000'000 / chart.step_s > kMostSteps)
    return responder->send(
        error_response(bad_request("step", fmt::format("these are more than {} steps", kMostSteps))));
  run(request, responder, std::move(*asked), kMostCharted,
      [chart](const auto& picked, const ReadBody& read_body) -> Made {
        const UnixNanos step_ns = chart.step_s * 1'000'000'000;
        const UnixNanos start = chart.from - chart.from % step_ns;
        std::vector<std::optional<double>> values(static_cast<std::size_t>((chart.to - start) / step_ns + 1));
        pprof::SampleType type;
        Releases releases;
        for (const PickedProfile& profile : std::views::reverse(picked.front().profiles)) {
          const auto body = read_body(profile);
          const Totals totals = body ? totals_of(*body) : Totals{};
          releases.add(profile.taken_unix_ns, profile.series, profile.labels, totals.build);
          for (std::size_t i = totals.types.size(); i-- > 0;) {
            const bool wanted = chart.sample_type.empty()
                                    ? type.type.empty() || totals.types[i] == type
                                    : pprof::is_sample_type(totals.types[i], chart.sample_type);
            if (!wanted) continue;
            type = totals.types[i];
            auto& value = values[static_cast<std::size_t>((profile.taken_unix_ns - start) / step_ns)];
            value = value.value_or(0) + static_cast<double>(totals.values[i]);
            break;
          }
        }
        std::string text;
        json::Writer out(text);
        out.begin_object()
            .field("start", to_ms(start))
            .field("step", chart.step_s)
            .field("type", type.type)
            .field("unit", type.unit);
        out.key("values").begin_array();
        for (const auto& value : values) value ? out.value(*value) : out.null();
        out.end_array();
        write_releases(out, releases.found());
        out.field("profiles", picked.front().profiles.size())
            .field("cut", picked.front().left_out)
            .end_object();
        return text;
      });
}

void ProfileRoutes::tree(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  const auto most = static_cast<std::size_t>(params.whole("limit", kMostNodes, 1, kMostNodes));
  auto asked = read(request, responder, params, true);
  if (!asked) return;
  run(request, responder, std::move(*asked), kMostMerged,
      [most](const auto& picked, const auto& read_body) -> Made {
        const auto merged = merge(picked, read_body);
        if (!merged) return std::unexpected(merged.error());
        return tree_json(*merged, most);
      });
}

void ProfileRoutes::top(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  TopQuery query{.sample_type = params.text_or("sample_type", ""),
                 .sort = params.choice("sort", {"-self", "-total", "-change", "change", "name"}),
                 .offset = params.offset(),
                 .limit = params.limit()};
  auto asked = read(request, responder, params, true);
  if (!asked) return;
  run(request, responder, std::move(*asked), kMostMerged,
      [query](const auto& picked, const auto& read_body) -> Made {
        const auto merged = merge(picked, read_body);
        if (!merged) return std::unexpected(merged.error());
        return top_json(*merged, query);
      });
}

void ProfileRoutes::export_file(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  if (!request.query_value("format"))
    params.fail("format", "format is missing", "Choose one of pprof, folded, speedscope.");
  const std::size_t format = params.choice("format", {"pprof", "folded", "speedscope"});
  auto asked = read(request, responder, params, false);
  if (!asked) return;
  const auto send = [responder, format](Made file) {
    if (!file) return responder->send(error_response(file.error()));
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kKinds = {
        {{"application/octet-stream", "profile.pb.gz"},
         {"text/plain; charset=utf-8", "profile.folded.txt"},
         {"application/json", "profile.speedscope.json"}}};
    http::ServerResponse response;
    response.headers.set("Content-Type", std::string(kKinds[format].first));
    response.headers.set("Content-Disposition",
                         fmt::format("attachment; filename=\"{}\"", kKinds[format].second));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Cache-Control", "no-store");
    response.body = std::move(*file);
    responder->send(std::move(response));
  };
  run(
      request, responder, std::move(*asked), kMostMerged,
      [format](const auto& picked, const auto& read_body) -> Made {
        const auto merged = merge(picked, read_body);
        if (!merged) return std::unexpected(merged.error());
        if (format == 0) {
          std::string packed;
          codec::Deflater().gzip(merged->profile.serialize(), packed);
          return packed;
        }
        const auto tree = pprof::build_tree(merged->profile);
        return format == 1 ? archive_tool::folded_text(tree, false)
                           : archive_tool::speedscope_text(tree, "profile");
      },
      send);
}

}  // namespace invar::webapi
