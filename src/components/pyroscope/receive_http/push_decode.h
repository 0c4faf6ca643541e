// push.v1.PushRequest from its two codecs: protobuf and JSON. Pure; bodies are copied out of the message.
// Errors: kInvalidArgument in the words of Go's decoders, behind "unmarshal message: ". Threads: any.
// Source: pyroscope-write.md 4; pyroscope-receive-http-relabel-enrich.md A4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_receive_http {

struct PushedSample {
  std::string id;
  SharedBytes body;  // as received: gzip or plain pprof; never null
};
struct PushedSeries {
  std::vector<Label> labels;  // as written
  std::vector<PushedSample> samples;
};

Result<std::vector<PushedSeries>> decode_push_proto(std::string_view message);
Result<std::vector<PushedSeries>> decode_push_json(std::string_view message);

}  // namespace invar::components::pyroscope_receive_http
