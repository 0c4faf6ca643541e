// ProfileChoice: which profiles a request is about, and what is picked for it: from the recent ones on the loop, from an archive on the
// disk pool. Threads: as said at each. Source: web-api.md 4.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_file.h"
#include "fs/filesystem.h"
#include "pipeline/recent.h"
#include "webapi/params.h"

namespace invar::webapi {

inline constexpr std::string_view kMemory = "memory";

struct ProfileChoice {
  std::string id;  // of one; "": by the rest
  std::string expression, type;
  std::optional<Selector> selector;
  UnixNanos from = 0, to = 0;
};
// One side of a request; `prefix` is "" or "vs_". Mistakes are left in `params`.
ProfileChoice choice_of(Params& params, const std::string& prefix, UnixNanos now);

struct PickedProfile {
  std::string id, series, component;
  Labels labels;
  UnixNanos taken_unix_ns = 0;
  std::uint64_t bytes = 0;
  SharedBytes body;  // of recent ones, and of those that a recording holds
  std::string file;  // of other archived ones: its name
};
struct Recording {  // a recent body of /ingest, with profiles in it
  std::string id, component;
  pipeline::ProfilePtr profile;
};
struct Picked {
  std::vector<PickedProfile> profiles;  // newest first
  std::uint64_t left_out = 0;           // beyond the most
  std::vector<Recording> recordings;    // not looked into yet
};

// Whether a body that came by /ingest can be shown: one that archive_tool/contained.h reads.
bool shows_ingest(const pipeline::IngestInfo& info);

// Loop thread. Recordings follow in open_recordings(), on a pool: they are converted as those of archives.
Picked pick_recent(const pipeline::RecentProfiles& recent, const ProfileChoice& choice, std::size_t most);
void open_recordings(Picked& picked, const ProfileChoice& choice, std::size_t most);
// Blocks: disk pool. At most kMostLookedAt files are looked at, the newest. Bodies of /ingest among them are converted, the newest up to
// kMostConverted bytes of them; each profile in one has an id of its own, FILE:NUMBER.
inline constexpr std::size_t kMostLookedAt = 5000;
inline constexpr std::uint64_t kMostConverted = std::uint64_t{256} << 20;
Picked pick_archived(fs::FileSystem& files, const std::string& folder, const ProfileChoice& choice,
                     std::size_t most);
// For replays. Block: disk pool. Names of all kinds, the oldest first.
std::vector<std::string> archived_names(fs::FileSystem& files, const std::string& folder,
                                        const ProfileChoice& choice);
Result<pipeline::ProfilePtr> archived_profile(fs::FileSystem& files, const std::string& folder,
                                              const std::string& name);
// Its pprof body; blocks when it is archived.
Result<std::string> body_of(fs::FileSystem& files, const std::string& folder, const PickedProfile& profile);

}  // namespace invar::webapi
