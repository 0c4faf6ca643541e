#include "delivery/left_behind.h"

#include <algorithm>

#include "delivery/record.h"
#include "fs/path.h"
#include "queue/segment_queue.h"
#include "queue/survey.h"

namespace invar::delivery {

std::vector<LeftBehind> empty_unused_queues(const std::shared_ptr<fs::FileSystem>& files,
                                            const std::string& parent, const std::set<std::string>& in_use) {
  std::vector<LeftBehind> out;
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
        out.push_back(header ? LeftBehind{std::move(header->destination), std::move(header->outgoing.type)}
                             : LeftBehind{"unknown", "unknown"});
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
  for (const std::string& id : files.list(storage).value_or(std::vector<std::string>())) {
    if (!id.starts_with("pyroscope.write.") || configured.contains(id)) continue;
    LeftQueue left{.component_id = id, .directory = fs::join_path(storage, id)};
    for (const std::string& queue :
         files.list(left.directory + "/queue").value_or(std::vector<std::string>())) {
      const auto found = queue::survey(files, left.directory + "/queue/" + queue);
      if (!found || found->records == 0) continue;
      left.profiles += found->records;
      left.bytes += found->bytes;
      left.oldest_unix_ns = left.oldest_unix_ns == 0
                                ? found->oldest_taken_unix_ns
                                : std::min(left.oldest_unix_ns, found->oldest_taken_unix_ns);
    }
    if (left.profiles > 0) out.push_back(std::move(left));
  }
  std::ranges::sort(out, {}, &LeftQueue::component_id);
  return out;
}

}  // namespace invar::delivery
