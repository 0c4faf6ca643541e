// Any bytes as the answer of a DNS server, for each type of record: read or refused.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "components/discovery/dns/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::components::discovery_dns;
  if (size > 65535) return 0;
  for (const RecordType type :
       {RecordType::kSrv, RecordType::kA, RecordType::kAaaa, RecordType::kMx, RecordType::kNs}) {
    const auto records = read_answer({data, size}, type);
    if (!records) continue;
    for (const Record& record : *records)
      INVAR_CHECK(!record.host.ends_with('.') || record.host.size() == 1, "a dot");
  }
  return 0;
}
