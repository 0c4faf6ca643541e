// An answer as servers send it that pack without being asked: gzip in Content-Encoding.
#pragma once

#include <string>
#include <utility>

#include "codec/gzip.h"
#include "http/client.h"

namespace invar::http::testing {

inline Response packed(Response answer) {
  std::string body;
  codec::Deflater().gzip(answer.body, body);
  answer.body = std::move(body);
  answer.headers.set("Content-Encoding", "gzip");
  return answer;
}

}  // namespace invar::http::testing
