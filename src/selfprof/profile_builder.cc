#include "selfprof/profile_builder.h"

#include <algorithm>
#include <unordered_map>

#include "codec/gzip.h"
#include "pprof/builder.h"

namespace invar::selfprof {
namespace {

using symbols::Place;

class StackProfile {
 public:
  StackProfile(pprof::Profile& out, symbols::Symbolizer& symbolizer, std::vector<std::uintptr_t> addresses)
      : builder_(out) {
    std::ranges::sort(addresses);
    const auto repeated = std::ranges::unique(addresses);
    addresses.erase(repeated.begin(), repeated.end());
    // The first mapping gives the profile its name, in the eyes of readers: that of the program itself.
    const auto own_code = reinterpret_cast<std::uintptr_t>(&empty_contention_profile);
    addresses.push_back(own_code);
    places_ = symbolizer.lookup(addresses);
    mapping(place(own_code));
  }

  const Place& place(std::uintptr_t address) const { return *places_.at(address); }

  pprof::Sample& add(const Stack& stack, std::size_t from, std::vector<std::int64_t> values) {
    std::vector<std::uint64_t> locations;
    for (std::size_t i = from; i < stack.size(); ++i) locations.push_back(location(stack[i]));
    return builder_.sample(std::move(locations), std::move(values));
  }
  std::uint64_t named_location(const std::string& name) { return builder_.named_location(name); }

 private:
  std::uint64_t location(std::uintptr_t address) {
    const Place& at = place(address);
    return builder_.location(mapping(at), address, [&] {
      std::vector<pprof::Line> lines;
      for (const symbols::Frame& frame : at.frames)
        lines.push_back({.function_id = builder_.function({.name = frame.name,
                                                           .system_name = frame.system_name,
                                                           .filename = frame.file,
                                                           .start_line = frame.start_line}),
                         .line = frame.line});
      return lines;
    });
  }

  std::uint64_t mapping(const Place& place) {
    if (!place.module) return 0;
    // Everything is resolved already: readers need not look for the files.
    return builder_.mapping({.memory_start = place.module->start,
                             .memory_limit = place.module->limit,
                             .filename = place.module->path,
                             .build_id = place.module->build_id,
                             .has_functions = true,
                             .has_filenames = true,
                             .has_line_numbers = true,
                             .has_inline_frames = true});
  }

  pprof::Builder builder_;
  std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> places_;
};

bool is_allocator(const Place& place) {
  return place.module && place.module->path.find("libjemalloc") != std::string::npos;
}

}  // namespace

pprof::Profile cpu_profile(const CpuStacks& stacks, symbols::Symbolizer& symbolizer) {
  pprof::Profile out;
  out.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  out.period_type = {"cpu", "nanoseconds"};
  out.period = stacks.hz > 0 ? 1'000'000'000 / stacks.hz : 0;
  out.time_unix_ns = stacks.start_unix_ns;
  out.duration_ns = stacks.wall_ns;
  std::vector<std::uintptr_t> addresses;
  for (const auto& [stack, count] : stacks.stacks)
    addresses.insert(addresses.end(), stack.begin(), stack.end());
  StackProfile builder(out, symbolizer, std::move(addresses));
  // The CPU time that really passed, shared out by samples: right also where the kernel sent fewer signals
  // than asked for.
  const double ns_per_sample =
      stacks.samples == 0 ? 0 : static_cast<double>(stacks.cpu_ns) / static_cast<double>(stacks.samples);
  for (const auto& [stack, count] : stacks.stacks) {
    builder.add(stack, 0,
                {static_cast<std::int64_t>(count),
                 static_cast<std::int64_t>(static_cast<double>(count) * ns_per_sample)});
  }
  if (stacks.dropped > 0)
    out.comments.push_back(std::to_string(stacks.dropped) + " stacks were not recorded");
  return out;
}

pprof::Profile heap_profile(const HeapDump& dump, bool allocs, UnixNanos now_unix_ns,
                            symbols::Symbolizer& symbolizer) {
  pprof::Profile out;
  out.sample_types = {{"alloc_objects", "count"},
                      {"alloc_space", "bytes"},
                      {"inuse_objects", "count"},
                      {"inuse_space", "bytes"}};
  out.default_sample_type = allocs ? "alloc_space" : "inuse_space";
  out.period_type = {"space", "bytes"};
  out.period = dump.period_bytes;
  out.time_unix_ns = now_unix_ns;
  // The allocator records return addresses; the call is one byte before.
  std::vector<Stack> calls;
  std::vector<std::uintptr_t> addresses;
  for (const HeapSite& site : dump.sites) {
    Stack& stack = calls.emplace_back();
    for (const std::uintptr_t address : site.stack) stack.push_back(address == 0 ? 0 : address - 1);
    addresses.insert(addresses.end(), stack.begin(), stack.end());
  }
  StackProfile builder(out, symbolizer, std::move(addresses));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // Begin with who asked for the memory, not with the allocator's own functions.
    std::size_t from = 0;
    while (from + 1 < calls[i].size() && is_allocator(builder.place(calls[i][from]))) ++from;
    const HeapSite& site = dump.sites[i];
    builder.add(calls[i], from, {site.alloc_objects, site.alloc_bytes, site.inuse_objects, site.inuse_bytes});
  }
  return out;
}

pprof::Profile thread_profile(const std::vector<ThreadStack>& threads, UnixNanos now_unix_ns,
                              symbols::Symbolizer& symbolizer) {
  pprof::Profile out;
  out.sample_types = {{"goroutine", "count"}};
  out.period_type = {"goroutine", "count"};
  out.period = 1;
  out.time_unix_ns = now_unix_ns;
  std::vector<std::uintptr_t> addresses;
  for (const ThreadStack& thread : threads)
    addresses.insert(addresses.end(), thread.stack.begin(), thread.stack.end());
  StackProfile builder(out, symbolizer, std::move(addresses));
  for (const ThreadStack& thread : threads) {
    pprof::Sample& sample = builder.add(thread.stack, 0, {1});
    if (thread.stack.empty())
      sample.location_ids.push_back(builder.named_location("[thread did not answer]"));
    sample.labels.push_back({.key = "thread", .str = thread.name});
  }
  return out;
}

pprof::Profile empty_contention_profile(UnixNanos now_unix_ns) {
  pprof::Profile out;
  out.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  out.period_type = {"contentions", "count"};
  out.period = 1;
  out.time_unix_ns = now_unix_ns;
  return out;
}

std::string pack(const pprof::Profile& profile) {
  std::string packed;
  codec::Deflater().gzip(pprof::serialize(profile), packed);
  return packed;
}

}  // namespace invar::selfprof
