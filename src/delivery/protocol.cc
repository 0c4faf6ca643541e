#include "delivery/protocol.h"

#include <array>

#include "base/check.h"

namespace invar::delivery {
namespace {

class ConnectPush final : public Protocol {
 public:
  [[nodiscard]] pipeline::BodyKind kind() const override { return pipeline::BodyKind::kPprof; }
  [[nodiscard]] std::string metric(std::string_view part) const override {
    return "push_" + std::string(part);
  }
  [[nodiscard]] std::string_view call() const override { return "Push"; }
  [[nodiscard]] std::string_view failed() const override { return "failed to push to endpoint"; }
  [[nodiscard]] Result<Labels> labels(const Labels& labels, const ExternalLabels& external) const override {
    return push_labels(labels, external);
  }
  [[nodiscard]] bool is_pprof() const override { return true; }
  [[nodiscard]] Outgoing make(const pipeline::Profile& profile, const Labels& labels,
                              bool lacks_time) const override {
    return make_push(profile, labels, lacks_time);
  }
  [[nodiscard]] http::Request request(const Outgoing& outgoing, const std::string& url,
                                      const EndpointHeaders& headers, Duration timeout) const override {
    return push_request(outgoing, url, headers, timeout);
  }
  [[nodiscard]] Reply classify(const std::expected<http::Response, http::Failure>& result,
                               const ReplyContext& context) const override {
    return classify_push(result, context);
  }
};

class Ingest final : public Protocol {
 public:
  [[nodiscard]] pipeline::BodyKind kind() const override { return pipeline::BodyKind::kIngest; }
  [[nodiscard]] std::string metric(std::string_view part) const override {
    return "ingest_" + std::string(part);
  }
  [[nodiscard]] std::string_view call() const override { return "AppendIngest"; }
  [[nodiscard]] std::string_view failed() const override { return "failed to ingest to endpoint"; }
  [[nodiscard]] Result<Labels> labels(const Labels& labels, const ExternalLabels& external) const override {
    return ingest_labels(labels, external);
  }
  [[nodiscard]] bool is_pprof() const override { return false; }
  [[nodiscard]] Outgoing make(const pipeline::Profile& profile, const Labels& labels,
                              bool /*lacks_time*/) const override {
    return make_ingest(profile, labels);
  }
  [[nodiscard]] http::Request request(const Outgoing& outgoing, const std::string& url,
                                      const EndpointHeaders& headers, Duration timeout) const override {
    return ingest_request(outgoing, url, headers, timeout);
  }
  [[nodiscard]] Reply classify(const std::expected<http::Response, http::Failure>& result,
                               const ReplyContext& context) const override {
    return classify_ingest(result, context);
  }
};

}  // namespace

std::span<const Protocol* const> protocols() {
  static const ConnectPush push;
  static const Ingest ingest;
  static const std::array<const Protocol*, 2> all = {&push, &ingest};
  return all;
}

const Protocol& protocol_of(pipeline::BodyKind kind) {
  for (const Protocol* protocol : protocols())
    if (protocol->kind() == kind) return *protocol;
  INVAR_CHECK(false, "every kind of body has a protocol");
  return *protocols().front();
}

}  // namespace invar::delivery
