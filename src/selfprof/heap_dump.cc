#include "selfprof/heap_dump.h"

#include <jemalloc/jemalloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace invar::selfprof {
namespace {

std::unexpected<Error> damaged(std::string_view line) {
  return fail(ErrorCode::kDataLoss,
              "unexpected line in the allocator's heap profile: " + quote(line.substr(0, 80)));
}

// "  t*: 13: 6688 [20: 9000]": live objects and bytes, then all ever allocated.
bool parse_counts(std::string_view line, std::uint64_t (&out)[4]) {
  std::size_t found = 0;
  line = line.substr(line.find(':') + 1);
  while (!line.empty() && found < 4) {
    const std::size_t begin = line.find_first_of("0123456789");
    if (begin == std::string_view::npos) break;
    std::size_t end = line.find_first_not_of("0123456789", begin);
    if (end == std::string_view::npos) end = line.size();
    const auto number = parse_uint(line.substr(begin, end - begin));
    if (!number) return false;
    out[found++] = *number;
    line.remove_prefix(end);
  }
  return found == 4;
}

void scale(std::uint64_t objects, std::uint64_t bytes, double period, std::int64_t& out_objects,
           std::int64_t& out_bytes) {
  if (objects == 0 || bytes == 0) return;
  double factor = 1;
  if (period > 1) {
    const double mean = static_cast<double>(bytes) / static_cast<double>(objects);
    factor = 1 / (1 - std::exp(-mean / period));
  }
  constexpr double kMax = 9e18;  // a damaged count must not overflow
  out_objects = static_cast<std::int64_t>(std::min(kMax, static_cast<double>(objects) * factor));
  out_bytes = static_cast<std::int64_t>(std::min(kMax, static_cast<double>(bytes) * factor));
}

template <class T>
bool read_setting(const char* name, T& value) {
  std::size_t size = sizeof value;
  return mallctl(name, &value, &size, nullptr, 0) == 0;
}

}  // namespace

Result<HeapDump> parse_heap_dump(std::string_view text) {
  constexpr std::string_view kHeader = "heap_v2/";
  HeapDump dump;
  Stack stack;
  bool in_site = false;
  bool first = true;
  while (!text.empty()) {
    const std::size_t eol = text.find('\n');
    const std::string_view line = text.substr(0, eol);
    text.remove_prefix(eol == std::string_view::npos ? text.size() : eol + 1);
    if (first) {
      const auto period = line.starts_with(kHeader) ? parse_uint(line.substr(kHeader.size())) : std::nullopt;
      if (!period || *period == 0 || *period > INT64_MAX) return damaged(line);
      dump.period_bytes = static_cast<std::int64_t>(*period);
      first = false;
    } else if (line.starts_with("MAPPED_LIBRARIES:")) {
      break;
    } else if (line.starts_with("@")) {
      stack.clear();
      in_site = true;
      for (const std::string_view word : split(trim_space(line.substr(1)), ' ')) {
        if (word.empty()) continue;
        const auto address = word.starts_with("0x") ? parse_uint(word.substr(2), 16) : std::nullopt;
        if (!address) return damaged(line);
        stack.push_back(*address);
      }
    } else if (in_site && trim_space(line).starts_with("t*:")) {
      std::uint64_t counts[4] = {};
      if (!parse_counts(line, counts)) return damaged(line);
      HeapSite site;
      site.stack = stack;
      const auto period = static_cast<double>(dump.period_bytes);
      scale(counts[0], counts[1], period, site.inuse_objects, site.inuse_bytes);
      scale(counts[2], counts[3], period, site.alloc_objects, site.alloc_bytes);
      if (site.inuse_objects != 0 || site.alloc_objects != 0) dump.sites.push_back(std::move(site));
      in_site = false;  // what follows are the shares of single threads
    }
  }
  if (first) return damaged("");
  return dump;
}

Result<HeapDump> dump_heap() {
  bool compiled_in = false, enabled = false;
  if (!read_setting("config.prof", compiled_in) || !compiled_in) {
    return fail(ErrorCode::kUnsupported,
                "Invar has no heap profiles here: the memory allocator of this system (jemalloc) is built "
                "without them");
  }
  if (!read_setting("opt.prof", enabled) || !enabled) {
    return fail(ErrorCode::kUnsupported,
                "the memory allocator runs without heap profiling (MALLOC_CONF has prof:false?)");
  }
  // The allocator only writes to a named file: an anonymous one has a name under /proc.
  const UniqueFd file(memfd_create("invar-heap", MFD_CLOEXEC));
  if (!file.valid()) return std::unexpected(errno_error("cannot make a place for the heap profile", errno));
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  const char* name_pointer = name.c_str();
  if (const int error =
          mallctl("prof.dump", nullptr, nullptr, static_cast<void*>(&name_pointer), sizeof name_pointer);
      error != 0) {
    return std::unexpected(errno_error("the memory allocator wrote no heap profile", error));
  }
  const off_t size = lseek(file.get(), 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::max<off_t>(size, 0)), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = pread(file.get(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::unexpected(errno_error("cannot read the heap profile back", n < 0 ? errno : EIO));
    at += static_cast<std::size_t>(n);
  }
  return parse_heap_dump(text);
}

HeapDump heap_change(const HeapDump& before, HeapDump after) {
  std::map<Stack, std::size_t> places;
  for (std::size_t i = 0; i < after.sites.size(); ++i) places.emplace(after.sites[i].stack, i);
  for (const HeapSite& old : before.sites) {
    const auto [at, gone] = places.try_emplace(old.stack, after.sites.size());
    if (gone) after.sites.push_back({.stack = old.stack});
    HeapSite& site = after.sites[at->second];
    site.inuse_objects -= old.inuse_objects;
    site.inuse_bytes -= old.inuse_bytes;
    site.alloc_objects -= old.alloc_objects;
    site.alloc_bytes -= old.alloc_bytes;
  }
  std::erase_if(after.sites, [](const HeapSite& site) {
    return site.inuse_objects == 0 && site.inuse_bytes == 0 && site.alloc_objects == 0 &&
           site.alloc_bytes == 0;
  });
  return after;
}

}  // namespace invar::selfprof
