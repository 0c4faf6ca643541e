#include "components/pyroscope/write/left_behind.h"

#include "components/pyroscope/write/record.h"
#include "queue/segment_queue.h"

namespace invar::components::pyroscope_write {

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

}  // namespace invar::components::pyroscope_write
