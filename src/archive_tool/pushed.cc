#include "archive_tool/pushed.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "archive_tool/selection.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "jfr/ingest_body.h"
#include "pprof/builder.h"
#include "pprof/merge.h"

namespace invar::archive_tool {
namespace {

constexpr std::uint64_t kMostRawBytes = std::uint64_t{256} << 20;
constexpr std::int64_t kNanosASecond = 1'000'000'000;

std::string_view content_type_of(const archive::Meta& meta) {
  return meta.ingest_content_types.empty() ? std::string_view() : meta.ingest_content_types.front();
}

Result<std::string_view> unpacked(std::string_view bytes, std::string& scratch) {
  if (!codec::is_gzip(bytes)) return bytes;
  codec::Inflater inflater;
  INVAR_TRY(inflater.gunzip(bytes, kMostRawBytes, scratch));
  return std::string_view(scratch);
}

std::string_view name_of(const std::vector<pprof::SampleType>& types) {
  const auto has = [&](auto wanted) {
    return std::ranges::any_of(types, [&](const pprof::SampleType& each) { return wanted(each.type); });
  };
  if (has([](std::string_view type) { return type == "cpu"; })) return "process_cpu";
  if (has([](std::string_view type) { return type == "wall"; })) return "wall";
  if (has([](std::string_view type) {
        return type.starts_with("inuse_") || type.starts_with("alloc_") || type == "objects" ||
               type == "space";
      }))
    return "memory";
  if (has([](std::string_view type) { return type == "contentions" || type == "delay"; })) return "mutex";
  if (has([](std::string_view type) { return type.starts_with("goroutine"); })) return "goroutine";
  return "other";
}

// Counters that only rise become what was added since the profile before.
Result<std::string> difference(std::string_view before, std::string_view after) {
  pprof::Merger merger({}, 2);
  INVAR_TRY(merger.add(before, 0, 0));
  INVAR_TRY(merger.add(after, 1, 1));
  return std::move(merger).take().serialize();
}

Result<std::string> pprof_in(std::string_view body, std::string_view content_type) {
  std::string scratch;
  INVAR_ASSIGN_OR_RETURN(const std::string_view whole, unpacked(body, scratch));
  const std::string boundary = jfr::boundary_of(content_type);
  if (boundary.empty()) return std::string(whole);
  INVAR_ASSIGN_OR_RETURN(const auto parts, jfr::read_form(whole, boundary));
  const auto profile = parts.find("profile"), before = parts.find("prev_profile");
  if (profile == parts.end())
    return fail(ErrorCode::kInvalidArgument, "multipart/form-data without a part \"profile\"");
  if (before != parts.end() && !before->second.empty()) return difference(before->second, profile->second);
  std::string raw;
  INVAR_ASSIGN_OR_RETURN(const std::string_view plain, unpacked(profile->second, raw));
  return std::string(plain);
}

// By `units` of the query; of samples of the CPU also how long they stand for.
struct Units {
  std::vector<pprof::SampleType> types;
  std::int64_t ns_per_sample = 0;
};
Units units_of(std::string_view query) {
  const std::string_view units = jfr::query_value(query, "units");
  if (units.empty() || units == "samples") {
    const auto rate = parse_uint(jfr::query_value(query, "sampleRate")).value_or(0);
    return {{{"samples", "count"}, {"cpu", "nanoseconds"}},
            kNanosASecond / static_cast<std::int64_t>(rate > 0 && rate <= kNanosASecond ? rate : 100)};
  }
  if (units == "objects") return {{{"objects", "count"}}};
  if (units == "bytes") return {{{"space", "bytes"}}};
  if (units == "lock_samples") return {{{"contentions", "count"}}};
  if (units == "lock_nanoseconds") return {{{"delay", "nanoseconds"}}};
  return {{{std::string(units), "count"}}};
}

class Stacks {
 public:
  explicit Stacks(const archive::Meta& meta) : units_(units_of(meta.ingest_query)) {
    profile_.sample_types = units_.types;
    profile_.time_unix_ns = meta.taken_unix_ns;
    if (units_.ns_per_sample > 0) {
      profile_.period_type = {"cpu", "nanoseconds"};
      profile_.period = units_.ns_per_sample;
    }
  }
  void add(std::string_view stack, std::int64_t count) {
    std::vector<std::uint64_t> locations;
    for (const std::string_view frame : split(stack, ';'))
      if (!frame.empty()) locations.push_back(builder_.named_location(std::string(frame)));
    std::ranges::reverse(locations);
    std::vector<std::int64_t> values = {count};
    if (units_.ns_per_sample > 0) values.push_back(count * units_.ns_per_sample);
    if (!locations.empty()) builder_.sample(std::move(locations), std::move(values));
  }
  [[nodiscard]] std::string serialize() const { return pprof::serialize(profile_); }

 private:
  const Units units_;
  pprof::Profile profile_;
  pprof::Builder builder_{profile_};
};

Result<std::string> stacks_in(const archive::Meta& meta, std::string_view body, bool counted) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
  std::string scratch;
  INVAR_ASSIGN_OR_RETURN(std::string_view rest, unpacked(body, scratch));
  Stacks stacks(meta);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    line = trim_space(line);
    if (line.empty()) continue;
    if (!counted) {
      stacks.add(line, 1);
      continue;
    }
    const std::size_t space = line.rfind(' ');
    const auto count = space == std::string_view::npos ? std::nullopt : parse_uint(line.substr(space + 1));
    if (!count || *count > kMost)
      return fail(ErrorCode::kInvalidArgument, fmt::format("line {} does not end in a number", number));
    stacks.add(trim_space(line.substr(0, space)), static_cast<std::int64_t>(*count));
  }
  return stacks.serialize();
}

}  // namespace

IngestFormat ingest_format(const archive::Meta& meta) {
  if (meta.kind != archive::Kind::kIngest) return IngestFormat::kOther;
  const std::string_view format = jfr::query_value(meta.ingest_query, "format");
  const std::string_view type = content_type_of(meta);
  if (format == "jfr") return IngestFormat::kJfr;
  if (format == "pprof" || (format.empty() && !jfr::boundary_of(type).empty())) return IngestFormat::kPprof;
  if (format == "lines") return IngestFormat::kLines;
  if (format == "folded" || format == "groups") return IngestFormat::kFolded;
  const bool is_binary = type.starts_with("binary/octet-stream+");
  return format.empty() && !is_binary ? IngestFormat::kFolded : IngestFormat::kOther;
}

Result<jfr::ConvertedProfile> pushed_profile(const archive::Meta& meta, std::string_view body) {
  const IngestFormat format = ingest_format(meta);
  auto raw = format == IngestFormat::kPprof ? pprof_in(body, content_type_of(meta))
                                            : stacks_in(meta, body, format == IngestFormat::kFolded);
  if (!raw) return std::unexpected(std::move(raw).error());
  INVAR_ASSIGN_OR_RETURN(const pprof::Summary summary, summarize(*raw));
  return jfr::ConvertedProfile{.name = std::string(name_of(summary.sample_types)),
                               .body = *std::move(raw),
                               .samples = summary.samples};
}

}  // namespace invar::archive_tool
