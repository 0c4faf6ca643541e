#include "pprof/builder.h"

namespace invar::pprof {

std::uint64_t Builder::function(Function function) {
  const auto [at, made] =
      functions_.try_emplace({function.system_name, function.filename, function.start_line}, 0);
  if (made) {
    at->second = function.id = out_.functions.size() + 1;
    out_.functions.push_back(std::move(function));
  }
  return at->second;
}

std::uint64_t Builder::mapping(Mapping mapping) {
  const auto [at, made] =
      mappings_.try_emplace({mapping.memory_start, mapping.filename, mapping.build_id}, 0);
  if (made) {
    at->second = mapping.id = out_.mappings.size() + 1;
    out_.mappings.push_back(std::move(mapping));
  }
  return at->second;
}

std::uint64_t Builder::named_location(const std::string& name) {
  const auto [at, made] = named_.try_emplace(name, 0);
  if (made) at->second = add({.lines = {{.function_id = function({.name = name, .system_name = name})}}});
  return at->second;
}

Sample& Builder::sample(std::vector<std::uint64_t> location_ids, std::vector<std::int64_t> values) {
  return out_.samples.emplace_back(
      Sample{.location_ids = std::move(location_ids), .values = std::move(values)});
}

std::uint64_t Builder::add(Location location) {
  location.id = out_.locations.size() + 1;
  out_.locations.push_back(std::move(location));
  return out_.locations.back().id;
}

}  // namespace invar::pprof
