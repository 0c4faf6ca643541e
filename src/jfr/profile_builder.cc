#include "jfr/profile_builder.h"

namespace invar::jfr {
namespace {

constexpr std::uint64_t kMapping = 1;

// Numbers what one profile uses of the recording's functions and locations.
class Numbering {
 public:
  Numbering(const StackTable& stacks, pprof::Profile& out) : stacks_(stacks), out_(out) {}

  std::uint64_t location(std::uint32_t id) {
    std::uint64_t& number = numbered(locations_, id);
    if (number != 0) return number;
    const StackLocation& location = stacks_.locations()[id];
    const std::uint64_t function_id = function(location.function);
    number = out_.locations.size() + 1;
    out_.locations.push_back({.id = number,
                              .mapping_id = kMapping,
                              .lines = {{.function_id = function_id, .line = location.line}}});
    return number;
  }

 private:
  std::uint64_t function(std::uint32_t id) {
    std::uint64_t& number = numbered(functions_, id);
    if (number != 0) return number;
    number = out_.functions.size() + 1;
    out_.functions.push_back({.id = number, .name = stacks_.function_name(id)});
    return number;
  }
  static std::uint64_t& numbered(std::vector<std::uint64_t>& numbers, std::uint32_t id) {
    if (id >= numbers.size()) numbers.resize(std::size_t{id} + 1);
    return numbers[id];
  }

  const StackTable& stacks_;
  pprof::Profile& out_;
  std::vector<std::uint64_t> locations_, functions_;  // by id of the recording; 0: not used yet
};

}  // namespace

void ProfileBuilder::use(ProfileKind kind, std::int64_t period) {
  std::int64_t& known = kinds_[static_cast<std::size_t>(kind)].period;
  if (known == 0) known = period;
}

bool ProfileBuilder::add(ProfileKind kind, Tally::Key key, std::uint64_t first, std::uint64_t second) {
  return kinds_[static_cast<std::size_t>(kind)].samples.add(key, first, second);
}

std::vector<ConvertedProfile> ProfileBuilder::write(const StackTable& stacks, const LabelSets& labels,
                                                    UnixNanos time_unix_ns, std::int64_t duration_ns) const {
  std::vector<ConvertedProfile> written;
  for (std::size_t i = 0; i < kProfileKinds; ++i) {
    const auto rows = kinds_[i].samples.rows();
    if (rows.empty()) continue;
    const ProfileShape& profile_shape = shape(static_cast<ProfileKind>(i));
    pprof::Profile profile;
    profile.sample_types = {profile_shape.first};
    if (!profile_shape.second.type.empty()) profile.sample_types.push_back(profile_shape.second);
    profile.period_type = profile_shape.period;
    profile.period = kinds_[i].period;
    profile.time_unix_ns = time_unix_ns;
    profile.duration_ns = duration_ns;
    profile.mappings.push_back({.id = kMapping, .has_functions = true});
    Numbering numbering(stacks, profile);
    profile.samples.reserve(rows.size());
    for (const Tally::Row& row : rows) {
      pprof::Sample& sample = profile.samples.emplace_back();
      for (const std::uint32_t location : stacks.stack(row.key.stack)) {
        sample.location_ids.push_back(numbering.location(location));
      }
      sample.values = {static_cast<std::int64_t>(row.count)};
      if (profile.sample_types.size() > 1) sample.values.push_back(static_cast<std::int64_t>(row.amount));
      sample.labels = labels.labels(row.key.labels);
    }
    written.push_back({std::string(profile_shape.name), pprof::serialize(profile), rows.size()});
  }
  return written;
}

}  // namespace invar::jfr
