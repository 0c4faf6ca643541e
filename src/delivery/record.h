// The record of one profile in the durable queue: everything that another process needs to send the same bytes.
// The body is the profile's own; the header is a protobuf message, described in docs/formats/queue_segment.md.
// Pure. Errors: kDataLoss for a header that is none of ours.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "delivery/push_request.h"

namespace invar::delivery {

// `destination`: the printable URL of the endpoint.
std::string encode_record_header(const Outgoing& outgoing, std::string_view destination);

struct RecordHeader {
  std::string destination;
  Outgoing outgoing;  // without body and time
};
Result<RecordHeader> decode_record_header(std::string_view header);

}  // namespace invar::delivery
