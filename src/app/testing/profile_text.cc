#include "app/testing/profile_text.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "codec/gzip.h"
#include "pprof/profile.h"

namespace invar::app::testing {
namespace {

constexpr std::int64_t kNanosPerSample = 10'000'000;

struct Kind {
  std::string_view name;
  std::vector<pprof::SampleType> types;
  std::size_t numbers;  // that a stack takes
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"heap",
       {{"alloc_objects", "count"},
        {"alloc_space", "bytes"},
        {"inuse_objects", "count"},
        {"inuse_space", "bytes"}},
       2},
      {"cpu", {{"samples", "count"}, {"cpu", "nanoseconds"}}, 1},
      {"goroutine", {{"goroutine", "count"}}, 1},
      {"mutex", {{"contentions", "count"}, {"delay", "nanoseconds"}}, 2},
  };
  return all;
}

const Kind* find_kind(std::string_view word) {
  for (const Kind& kind : kinds())
    if (kind.name == word) return &kind;
  return nullptr;
}

void add_stack(pprof::Profile& profile, const Kind& kind, const std::string& name,
               std::vector<std::int64_t> values) {
  const std::uint64_t id = profile.functions.size() + 1;
  profile.functions.push_back({.id = id, .name = name, .system_name = name, .filename = "main.go"});
  profile.locations.push_back(
      {.id = id, .mapping_id = 1, .address = 0x1000 + id, .lines = {{.function_id = id, .line = 7}}});
  if (kind.name == "cpu") values.push_back(values.front() * kNanosPerSample);
  if (kind.name == "heap") values.insert(values.end(), {1, 64});
  profile.samples.push_back({.location_ids = {id}, .values = std::move(values)});
}

}  // namespace

bool is_profile_word(std::string_view word) {
  return find_kind(word) != nullptr;
}

Result<std::string> make_profile(const std::vector<std::string>& words, UnixNanos time_unix_ns) {
  const Kind* kind = words.empty() ? nullptr : find_kind(words.front());
  if (kind == nullptr) return fail(ErrorCode::kInvalidArgument, "not a kind of profile");
  pprof::Profile profile;
  profile.sample_types = kind->types;
  profile.mappings = {{.id = 1, .memory_start = 0x1000, .memory_limit = 0x9000, .filename = "/bin/app"}};
  profile.time_unix_ns = time_unix_ns;
  std::string name = "main.work";
  std::vector<std::int64_t> values;
  for (std::size_t at = 1; at < words.size(); ++at) {
    const auto number = parse_int(words[at]);
    if (!number) {
      name = words[at];
      continue;
    }
    values.push_back(*number);
    if (values.size() == kind->numbers) add_stack(profile, *kind, name, std::exchange(values, {}));
  }
  if (profile.samples.empty() || !values.empty())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} takes {} numbers a stack", kind->name, kind->numbers));
  std::string zipped;
  codec::Deflater().gzip(pprof::serialize(profile), zipped);
  return zipped;
}

std::string profile_totals(std::string_view body) {
  std::string raw(body);
  if (codec::is_gzip(body)) {
    if (const auto inflated = codec::Inflater().gunzip(body, std::uint64_t{1} << 30, raw); !inflated)
      return "damaged: " + inflated.error().message;
  }
  const auto profile = pprof::parse(raw);
  if (!profile) return fmt::format("{} bytes", body.size());
  std::string out;
  for (std::size_t type = 0; type < profile->sample_types.size(); ++type) {
    std::int64_t total = 0;
    for (const pprof::Sample& sample : profile->samples) total += sample.values[type];
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", profile->sample_types[type].type, total);
  }
  return out;
}

}  // namespace invar::app::testing
