#include "queue/survey.h"

#include <algorithm>
#include <set>

#include "queue/segment_format.h"

namespace invar::queue {

Result<Survey> survey(fs::FileSystem& files, const std::string& directory) {
  INVAR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list(directory));
  std::set<SegmentName> segments;
  for (const std::string& file : names) {
    if (const auto name = parse_segment_file(file)) segments.insert(*name);
  }
  Survey out;
  for (auto name = segments.begin(); name != segments.end(); ++name) {
    const auto next = std::next(name);
    const auto file = files.open(directory + "/" + segment_file(*name), fs::OpenMode::kRead);
    if (!file) continue;
    const auto scan = scan_segment(**file, {*name, next == segments.end() ? UINT64_MAX : next->first_id});
    if (!scan) continue;
    std::vector<AckRange> acks;
    if (const auto bytes = files.read_file(directory + "/" + ack_file(*name)))
      acks = decode_acks(*bytes, name->salt);
    std::ranges::sort(acks, {}, &AckRange::first);
    // Ranges may overlap: `consumed_until` is the end of all that begin before the record.
    auto ack = acks.begin();
    RecordId consumed_until = 0;
    for (const ScannedRecord& record : scan->records) {
      for (; ack != acks.end() && ack->first <= record.frame.id; ++ack)
        consumed_until = std::max(consumed_until, ack->first + ack->count);
      if (record.frame.id < consumed_until) continue;
      ++out.records;
      out.bytes += record.frame.total_bytes();
      const UnixNanos taken = record.frame.taken_unix_ns;
      out.oldest_taken_unix_ns =
          out.oldest_taken_unix_ns == 0 ? taken : std::min(out.oldest_taken_unix_ns, taken);
    }
  }
  return out;
}

}  // namespace invar::queue
