#include <fmt/format.h>

#include <mutex>

#include "archive_tool/commands.h"
#include "base/strings.h"

namespace invar::archive_tool {
namespace {

// gzip's own checks of the whole file, the restored original, and what a pprof profile must be.
Result<bool> check(const Source& source, std::size_t file, std::uint64_t& bytes) {
  INVAR_ASSIGN_OR_RETURN(const std::optional<Item> item, source.look(file));
  if (!item) return false;
  bytes = item->file_bytes;
  INVAR_ASSIGN_OR_RETURN(const std::string contents, source.bytes(*item));
  INVAR_TRY(source.body(*item));
  const bool pprof = item->meta.kind == archive::Kind::kPprof;
  Result<> read;
  if (pprof) {
    if (const auto summary = summarize(contents); !summary) read = std::unexpected(summary.error());
  } else {
    codec::Inflater inflater;
    std::string raw;
    read = inflater.gunzip(contents, std::uint64_t{1} << 30, raw);
  }
  if (!read) return std::unexpected(read.error().wrapped(item->path));
  return true;
}

}  // namespace

Result<int> verify(const Environment& environment, const Selection& selection, bool quiet) {
  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, selection));
  std::mutex mutex;
  std::uint64_t good = 0, damaged = 0, bytes = 0;
  in_parallel(environment, source.size(), [&](unsigned, std::size_t file) {
    std::uint64_t size = 0;
    const Result<bool> checked = check(source, file, size);
    const std::lock_guard lock(mutex);
    if (!checked) {
      ++damaged;
      environment.warn(checked.error().message);
    } else if (*checked) {
      ++good;
      bytes += size;
    }
  });
  if (!quiet) {
    environment.print(fmt::format("{} files are good ({}), {} damaged\n", good, human_bytes(bytes), damaged));
  }
  return damaged == 0 ? 0 : 1;
}

}  // namespace invar::archive_tool
