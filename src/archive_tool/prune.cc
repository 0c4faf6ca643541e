#include <fmt/format.h>

#include <algorithm>

#include "archive_tool/commands.h"
#include "archive_tool/text.h"
#include "base/strings.h"

namespace invar::archive_tool {
namespace {

struct Victim {
  std::string path;
  std::uint64_t bytes = 0;
  UnixNanos taken = 0;
};

}  // namespace

Result<int> prune(const Environment& environment, const PruneOptions& options) {
  Selection selection = options.selection;
  if (!options.older_than.empty()) {
    if (!selection.until.empty()) {
      return fail(ErrorCode::kInvalidArgument, "--older-than and --until say the same: give one of them");
    }
    selection.until = options.older_than;
  }
  const bool chosen = !selection.selector.empty() || !selection.since.empty() || !selection.until.empty() ||
                      !selection.sample_type.empty();
  if (!chosen && options.max_size.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "say what to remove: --older-than, --max-size, --selector, --since, --until or --sample-type");
  }
  std::uint64_t allowed = 0;  // of what is selected; without --max-size none of it stays
  if (!options.max_size.empty()) {
    INVAR_ASSIGN_OR_RETURN(allowed, parse_size(options.max_size));
  }

  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, selection));
  std::vector<Victim> found;
  std::uint64_t bytes = 0, removed = 0, removed_bytes = 0;
  INVAR_ASSIGN_OR_RETURN(bool all_good, source.for_each([&](Item item) -> Result<bool> {
    // A profile from elsewhere is never ours to remove, whatever folder it is in.
    if (!item.archived || !archive::is_archive_name(item.path.substr(item.path.rfind('/') + 1))) return true;
    bytes += item.file_bytes;
    found.push_back({std::move(item.path), item.file_bytes, item.meta.taken_unix_ns});
    return true;
  }));
  std::ranges::stable_sort(found, {}, &Victim::taken);  // the oldest go first
  for (const Victim& victim : found) {
    if (bytes <= allowed) break;
    if (!options.dry_run) {
      if (const auto gone = environment.files->remove(victim.path);
          !gone && gone.error().code != ErrorCode::kNotFound) {
        environment.warn(gone.error().message);
        all_good = false;
        continue;
      }
    }
    bytes -= victim.bytes;
    ++removed;
    removed_bytes += victim.bytes;
    if (options.dry_run) {
      environment.print(
          fmt::format("{}  {}  {}\n", show_time(victim.taken), human_bytes(victim.bytes), victim.path));
    }
  }
  environment.print(fmt::format("{} {} of {} profiles, {}; {} stay\n",
                                options.dry_run ? "would remove" : "removed", removed, found.size(),
                                human_bytes(removed_bytes), human_bytes(bytes)));
  return all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
