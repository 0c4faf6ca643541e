#include <fmt/format.h>

#include <algorithm>

#include "archive_tool/commands.h"
#include "archive_tool/contained.h"
#include "archive_tool/text.h"
#include "base/strings.h"
#include "pprof/merge.h"

namespace invar::archive_tool {
namespace {

void line(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("  {:<10}{}\n", name, value);
}

Result<> add_contents(std::string& out, std::string_view body) {
  pprof::Merger merger;
  INVAR_TRY(merger.add(body, 0));
  const pprof::MergedProfile& profile = merger.merged();
  const pprof::MergedHeader& header = profile.header();
  INVAR_ASSIGN_OR_RETURN(const pprof::Summary summary, summarize(body));
  line(out, "profile",
       fmt::format("{} samples, {} functions, {} unpacked", summary.samples, profile.functions().size(),
                   human_bytes(summary.raw_bytes)));
  if (header.duration_ns != 0) line(out, "duration", show_value(header.duration_ns, "nanoseconds"));
  if (header.period != 0) {
    line(out, "period",
         fmt::format("{} {}/{}", header.period, header.period_type.type, header.period_type.unit));
  }
  for (std::uint32_t i = 0; i < profile.types(); ++i) {
    const pprof::SampleType& type = header.sample_types[i];
    const std::int64_t total = profile.total(0, i);
    std::string value = show_value(total, type.unit);
    if (value != fmt::to_string(total)) value += fmt::format(" ({})", total);
    line(out, i == 0 ? "totals" : "", fmt::format("{}/{}  {}", type.type, type.unit, value));
  }
  for (const std::string& comment : header.comments) line(out, "comment", quote(comment));
  return {};
}

Result<std::string> describe(const Source& source, Item item) {
  INVAR_TRY(source.complete(item));
  const archive::Meta& meta = item.meta;
  const bool ingest = meta.kind == archive::Kind::kIngest;
  INVAR_ASSIGN_OR_RETURN(const std::string body, source.body(item));
  std::string out = item.path + "\n";
  line(out, "kind",
       ingest          ? "/ingest body"
       : item.archived ? "pprof profile"
                       : "pprof profile, not from an archive");
  if (meta.taken_unix_ns != 0) line(out, "taken", format_rfc3339(meta.taken_unix_ns));
  line(out, "size",
       fmt::format("{} in the file, {} as it arrived{}", human_bytes(item.file_bytes),
                   human_bytes(body.size()),
                   item.archived ? meta.body_was_gzip ? ", gzip" : ", not compressed" : ""));
  line(out, "origin", meta.origin);
  line(out, "id", meta.sample_id);
  if (ingest) {
    line(out, "request", fmt::format("{}?{}", meta.ingest_path, meta.ingest_query));
    line(out, "type", join(meta.ingest_content_types, ", "));
  }
  bool first = true;
  for (const Label& label : meta.labels) {
    line(out, std::exchange(first, false) ? "labels" : "",
         fmt::format("{} = {}", label.name, quote(label.value)));
  }
  if (holds_profiles(meta)) {
    INVAR_ASSIGN_OR_RETURN(const jfr::Conversion contained, contained_profiles(item, body));
    line(out, "left out", contained.report.losses());
    for (const jfr::ConvertedProfile& profile : contained.profiles) {
      line(out, "contains", profile.name);
      if (auto added = add_contents(out, profile.body); !added) {
        return std::unexpected(added.error().wrapped(item.path));
      }
    }
  } else if (!ingest) {
    if (auto added = add_contents(out, body); !added)
      return std::unexpected(added.error().wrapped(item.path));
  }
  return out;
}

}  // namespace

Result<int> show(const Environment& environment, const Selection& chosen) {
  Selection selection = chosen;
  selection.by_contained_names = true;
  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, selection));
  bool described_all = true, first = true;
  INVAR_ASSIGN_OR_RETURN(const bool all_good, source.for_each([&](Item item) -> Result<bool> {
    if (const auto text = describe(source, std::move(item))) {
      environment.print(std::exchange(first, false) ? *text : "\n" + *text);
    } else {
      environment.warn(text.error().message);
      described_all = false;
    }
    return true;
  }));
  return all_good && described_all ? 0 : 1;
}

}  // namespace invar::archive_tool
