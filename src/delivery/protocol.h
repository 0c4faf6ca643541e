// Protocol: one way of sending a profile. What leaves with it, in which request, and what a reply means stand behind this; everything
// else in this folder knows no difference. A further kind of body is one more implementation, named in protocol_of() and protocols().
//
//   Connect push  POST .../push.v1.PusherService/Push, the labels in the message (pyroscope-write.md 4, 5)
//   /ingest       POST of the body as it came, the labels in `name` of the query (pyroscope-write.md 7)
//
// Stateless. Threads: any. Lifetime: that of the process.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "delivery/push_request.h"
#include "delivery/reply.h"
#include "delivery/series_labels.h"
#include "http/client.h"
#include "pipeline/profile.h"

namespace invar::delivery {

class Protocol {
 public:
  virtual ~Protocol() = default;

  [[nodiscard]] virtual pipeline::BodyKind kind() const = 0;
  [[nodiscard]] virtual std::string metric(
      std::string_view part) const = 0;                       // of pyroscope_write_latency: "push_endpoint"
  [[nodiscard]] virtual std::string_view call() const = 0;    // in the log line of a whole call: "Push"
  [[nodiscard]] virtual std::string_view failed() const = 0;  // "failed to push to endpoint"

  // The labels with which it leaves. Errors: the texts of pyroscope-write.md 3.
  [[nodiscard]] virtual Result<Labels> labels(const Labels& labels, const ExternalLabels& external) const = 0;
  // A pprof profile, which can be looked into before it is sent.
  [[nodiscard]] virtual bool is_pprof() const = 0;
  [[nodiscard]] virtual Outgoing make(const pipeline::Profile& profile, const Labels& labels,
                                      bool lacks_time) const = 0;
  // `url` as configured; `timeout` is that of the attempt.
  [[nodiscard]] virtual http::Request request(const Outgoing& outgoing, const std::string& url,
                                              const EndpointHeaders& headers, Duration timeout) const = 0;
  [[nodiscard]] virtual Reply classify(const std::expected<http::Response, http::Failure>& result,
                                       const ReplyContext& context) const = 0;
};

const Protocol& protocol_of(pipeline::BodyKind kind);
std::span<const Protocol* const> protocols();

}  // namespace invar::delivery
