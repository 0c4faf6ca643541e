// Any bytes as a segment file and its acknowledgements: recovery ends, in bounds, and gives only records that are there.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "fs/testing/memory_fs.h"
#include "queue/segment_queue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const queue::SegmentName name{7, 0x5eed5a17};
  // The first two bytes say how much of the rest is the acknowledgement file.
  std::uint16_t ack_bytes = 0;
  std::memcpy(&ack_bytes, data, std::min<std::size_t>(size, 2));
  const std::string_view rest = input.substr(std::min<std::size_t>(size, 2));
  const std::string_view acks = rest.substr(0, ack_bytes);
  const std::string_view segment = rest.substr(acks.size());

  const auto disk = fs::testing::MemoryFileSystem::create();
  INVAR_CHECK(disk->make_directories("/q", 0750), "setup");
  INVAR_CHECK(disk->write_file_atomically("/q/" + segment_file(name), segment, 0640, false), "setup");
  if (!acks.empty())
    INVAR_CHECK(disk->write_file_atomically("/q/" + ack_file(name), acks, 0640, false), "setup");

  for (int start = 0; start < 2; ++start) {
    const auto opened = queue::SegmentQueue::open(disk, {.directory = "/q", .random = [] { return 1u; }});
    INVAR_CHECK(opened.has_value(), "a damaged file must not keep the queue from opening");
    queue::SegmentQueue& queue = **opened;
    queue::RecordId last = 0;
    for (const queue::RecordInfo& info : queue.pending(0, SIZE_MAX)) {
      INVAR_CHECK(info.id > last, "ids ascend");
      last = info.id;
      const auto record = queue.read(info.id);
      INVAR_CHECK(
          !record || record->header.size() + record->body.size() <= std::max<std::size_t>(segment.size(), 8),
          "more than there was");
    }
    const queue::NewRecord added[] = {{1, "meta", "body"}};
    const auto id = queue.append(added);
    INVAR_CHECK(id && *id > last && queue.read(*id)->body == "body", "the queue goes on");
  }
  return 0;
}
