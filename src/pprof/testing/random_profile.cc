#include "pprof/testing/random_profile.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "base/check.h"
#include "codec/gzip.h"

namespace invar::pprof::testing {
namespace {

std::filesystem::path profiles() {
  // This file lies in src/pprof/testing.
  return std::filesystem::path(INVAR_SOURCE_DIR) / "testdata/profiles";
}

// Gives every id of `records` a new one; returns old -> new.
template <class T>
std::unordered_map<std::uint64_t, std::uint64_t> renumber(std::vector<T>& records, bool sparse,
                                                          std::mt19937_64& random) {
  std::unordered_map<std::uint64_t, std::uint64_t> ids;
  std::uint64_t next = 0;
  for (T& record : records) {
    next += sparse ? 1 + random() % 1000 : 1;
    const std::uint64_t id = sparse && random() % 4 == 0 ? ~next : next;
    ids[record.id] = id;
    record.id = id;
  }
  return ids;
}

}  // namespace

std::string captured_gzip(std::string_view name) {
  std::ifstream file(profiles() / (std::string(name) + ".pb.gz"), std::ios::binary);
  INVAR_CHECK(file.good(), std::string(name) + ".pb.gz is missing");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string captured_raw(std::string_view name) {
  std::string raw;
  INVAR_CHECK(codec::Inflater().gunzip(captured_gzip(name), 1 << 28, raw),
              "captured profile does not unpack");
  return raw;
}

std::string gzipped(std::string_view raw) {
  std::string out;
  codec::Deflater().gzip(raw, out);
  return out;
}

Profile random_heap(const RandomShape& shape, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Profile profile;
  profile.sample_types = {{"alloc_objects", "count"},
                          {"alloc_space", "bytes"},
                          {"inuse_objects", "count"},
                          {"inuse_space", "bytes"}};
  profile.time_unix_ns = 1'700'000'000'000'000'000;
  profile.period_type = {"space", "bytes"};
  profile.period = 524288;
  profile.mappings = {
      {.id = 1, .memory_start = 0x400000, .memory_limit = 0x900000, .filename = "/bin/program"},
      {.id = 2, .memory_start = 0x7f0000000000, .memory_limit = 0x7f0000100000, .filename = "/lib/x.so"}};
  for (std::uint64_t i = 1; i <= shape.functions; ++i) {
    const std::string name = "package/part.(*Type" + std::to_string(i % 7) + ").Method" + std::to_string(i);
    profile.functions.push_back({.id = i,
                                 .name = name,
                                 .system_name = name,
                                 .filename = "/src/package/file" + std::to_string(i % 11) + ".go"});
  }
  for (std::uint64_t i = 1; i <= shape.locations; ++i) {
    Location location{.id = i, .mapping_id = 1 + i % 2, .address = shape.addresses ? 0x400000 + i * 0x2b : 0};
    const int lines = 1 + static_cast<int>(random() % 5 == 0);
    for (int line = 0; line < lines; ++line) {
      location.lines.push_back(
          {.function_id = 1 + random() % shape.functions, .line = static_cast<std::int64_t>(i * 2 + line)});
    }
    profile.locations.push_back(std::move(location));
  }
  for (std::uint32_t i = 0; i < shape.stacks; ++i) {
    Sample sample;
    const std::uint64_t depth = 1 + random() % (2 * shape.depth);
    for (std::uint64_t frame = 0; frame < depth; ++frame)
      sample.location_ids.push_back(1 + random() % shape.locations);
    const std::int64_t size = 16ll << random() % 12, objects = static_cast<std::int64_t>(random() % 1000);
    sample.values = {objects, objects * size, objects / 3, objects / 3 * size};
    if (shape.labels)
      sample.labels.push_back({.key = "bytes", .num_unit = i % 3 == 0 ? "bytes" : "", .num = size});
    if (shape.labels && i % 10 == 0)
      sample.labels.push_back({.key = "user", .str = "u" + std::to_string(i % 5)});
    profile.samples.push_back(std::move(sample));
  }
  if (!shape.ids_in_order) return next_round(profile, random, 0);
  return profile;
}

Profile next_round(const Profile& profile, std::mt19937_64& random, double absent) {
  Profile next = profile;
  next.time_unix_ns += 15'000'000'000;
  for (Sample& sample : next.samples) {
    if (random() % 3 == 0) continue;
    const auto more = static_cast<std::int64_t>(random() % 1'000'000);
    sample.values[0] += more;
    sample.values[1] += more * 48;
    sample.values[2] = static_cast<std::int64_t>(random() % 50);
    sample.values[3] = sample.values[2] * 48;
  }
  const bool sparse = random() % 2 == 0;
  std::shuffle(next.functions.begin(), next.functions.end(), random);
  std::shuffle(next.locations.begin(), next.locations.end(), random);
  auto functions = renumber(next.functions, sparse, random);
  auto locations = renumber(next.locations, sparse, random);
  for (Location& location : next.locations) {
    for (Line& line : location.lines) line.function_id = functions.at(line.function_id);
  }
  for (Sample& sample : next.samples) {
    for (std::uint64_t& id : sample.location_ids) id = locations.at(id);
    if (random() % 2 == 0) std::reverse(sample.labels.begin(), sample.labels.end());
  }
  if (random() % 2 == 0) std::shuffle(next.samples.begin(), next.samples.end(), random);
  std::erase_if(next.samples,
                [&](const Sample&) { return std::generate_canonical<double, 32>(random) < absent; });
  if (!next.samples.empty()) {  // the same stack twice, its values shared between both
    Sample twin = next.samples[random() % next.samples.size()];
    for (auto& sample : next.samples) {
      if (sample.location_ids != twin.location_ids || sample.values != twin.values) continue;
      for (std::size_t i = 0; i < twin.values.size(); ++i) {
        twin.values[i] = sample.values[i] / 3;
        sample.values[i] -= twin.values[i];
      }
      next.samples.push_back(twin);
      break;
    }
  }
  return next;
}

}  // namespace invar::pprof::testing
