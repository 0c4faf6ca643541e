#include "delivery/left_queues.h"

#include <algorithm>

#include "delivery/record.h"
#include "fs/path.h"
#include "queue/segment_queue.h"
#include "queue/survey.h"

namespace invar::delivery {
namespace {

LeftQueue survey_of(fs::FileSystem& files, std::string id, std::string directory) {
  LeftQueue left{.component_id = std::move(id), .directory = std::move(directory)};
  const std::string queues = left.directory + "/queue";
  for (const std::string& queue : files.list(queues).value_or(std::vector<std::string>())) {
    const auto found = queue::survey(files, queues + "/" + queue);
    if (!found || found->records == 0) continue;
    left.profiles += found->records;
    left.bytes += found->bytes;
    left.oldest_unix_ns = left.oldest_unix_ns == 0
                              ? found->oldest_taken_unix_ns
                              : std::min(left.oldest_unix_ns, found->oldest_taken_unix_ns);
  }
  return left;
}

// A folder that is no component's is a module's, perhaps: `prefix` is then the way to it, with a slash.
void look_in(fs::FileSystem& files, const std::string& folder, const std::string& prefix,
             const std::set<std::string>& configured, std::vector<LeftQueue>& out) {
  std::vector<std::string> names;
  (void)files.visit(folder, [&](std::string_view name, fs::EntryKind kind) {
    if (kind == fs::EntryKind::kDirectory) names.emplace_back(name);
    return true;
  });
  for (const std::string& name : names) {
    const std::string id = prefix + name, directory = fs::join_path(folder, name);
    if (!name.starts_with("pyroscope.")) {
      look_in(files, directory, id + "/", configured, out);
    } else if (name.starts_with("pyroscope.write.") && !configured.contains(id)) {
      if (LeftQueue left = survey_of(files, id, directory); left.profiles > 0) out.push_back(std::move(left));
    }
  }
}

}  // namespace

std::vector<LeftProfile> empty_left_queues(const std::shared_ptr<fs::FileSystem>& files,
                                           const std::string& parent, const std::set<std::string>& in_use) {
  std::vector<LeftProfile> out;
  for (const std::string& name : files->list(parent).value_or(std::vector<std::string>())) {
    if (in_use.contains(name)) continue;
    const std::string directory = parent + "/" + name;
    {
      const auto opened = queue::SegmentQueue::open(files, {.directory = directory});
      if (!opened) continue;
      queue::SegmentQueue& queue = **opened;
      std::vector<queue::RecordId> ids;
      for (const queue::RecordInfo& info : queue.pending(0, SIZE_MAX)) ids.push_back(info.id);
      for (const queue::DroppedRecord& record : queue.drop(ids)) {
        auto header = decode_record_header(record.header);
        out.push_back(header ? LeftProfile{std::move(header->destination), std::move(header->outgoing.type)}
                             : LeftProfile{"unknown", "unknown"});
      }
    }
    // What is not empty after all stays.
    (void)files->remove(directory + "/lock");
    (void)files->remove(directory);
  }
  return out;
}

std::vector<LeftQueue> find_left_queues(fs::FileSystem& files, const std::string& storage,
                                        const std::set<std::string>& configured) {
  std::vector<LeftQueue> out;
  look_in(files, storage, "", configured, out);
  std::ranges::sort(out, {}, &LeftQueue::component_id);
  return out;
}

}  // namespace invar::delivery
