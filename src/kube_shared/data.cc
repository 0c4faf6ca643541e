#include "kube_shared/data.h"

#include <fmt/format.h>

#include "base/build_info.h"
#include "base/strings.h"
#include "codec/base64.h"
#include "component/json_fields.h"
#include "component/polled_export.h"
#include "http/answer_body.h"
#include "http/proxy.h"
#include "http/shown_body.h"
#include "kube/connection.h"

namespace invar::kube_shared {
namespace {

using component::Boxed;
using syntax::Value;

class DataComponent final : public component::PolledExport {
 public:
  DataComponent(component::Options made_with, const DataKind& kind)
      : PolledExport(std::move(made_with), kind.works), kind_(kind) {}

 private:
  Result<Duration> configure(const Boxed& boxed) override {
    drop();
    arguments_ = boxed.as<DataArguments>();
    const DataClient& client = arguments_.client;
    connection_ = std::make_unique<kube::Connection>(
        kube::Host{options().loop, options().disk_pool, options().files, options().http,
                   http::process_environment()},
        kube::ServerPlace{client.kubeconfig_file, client.api_server, client.http});
    return arguments_.poll_frequency;
  }

  void ask(Done done) override {
    http::Request request;
    request.timeout = arguments_.poll_timeout;
    request.headers = {{"Accept", "application/json"}, {"User-Agent", user_agent()}};
    call_ = connection_->send(
        fmt::format("/api/v1/namespaces/{}/{}/{}", arguments_.space, kind_.plural, arguments_.name),
        std::move(request),
        alive_.bind([this, done = std::move(done)](auto answer) mutable { done(read(answer)); }));
  }

  void drop() override { call_.reset(); }

  Result<Boxed> read(std::expected<http::Response, http::Failure> answer) const {
    const std::string server = connection_->place().words();
    if (!answer) return fail(ErrorCode::kUnavailable, server + ": " + answer.error().message);
    if (const auto plain = http::unpack(*answer); !plain && answer->status == 200)
      return std::unexpected(plain.error().wrapped(server));
    if (answer->status != 200) return fail(ErrorCode::kUnavailable, server + ": " + refusal(*answer));
    auto exports = read_data(answer->body, kind_);
    if (!exports) return std::unexpected(exports.error().wrapped(server));
    return Boxed::of(data_exports_schema(), *std::move(exports));
  }

  // The API's own sentence (`secrets "x" not found`), and for a right that lacks the rule that grants it.
  [[nodiscard]] std::string refusal(const http::Response& answer) const {
    std::string message;
    if (const auto status = component::parse_answer(answer.body))
      message = component::text_field(*status, "message");
    if (message.empty()) {
      message = answer.status_line;
      if (const auto shown = http::shown_body(answer.body, answer.headers.get("Content-Type"));
          !shown.empty())
        message += ": " + shown;
    }
    if (answer.status != 403) return message;
    return fmt::format(
        "{}; it takes a Role of the namespace {} with the rule {{apiGroups: [\"\"], resources: [\"{}\"], "
        "resourceNames: [{}], verbs: [\"get\"]}}",
        message, quote(arguments_.space), kind_.plural, quote(arguments_.name));
  }

  const DataKind kind_;
  DataArguments arguments_;
  std::unique_ptr<kube::Connection> connection_;
  std::unique_ptr<http::Call> call_;  // before its connection is gone
  async::Alive alive_;
};

}  // namespace

Result<DataExports> read_data(std::string_view json, const DataKind& kind) {
  INVAR_ASSIGN_OR_RETURN(const Value object, component::parse_answer(json));
  if (object.type() != syntax::Type::kObject) return fail(ErrorCode::kDataLoss, "the answer is no object");
  DataExports exports;
  for (const auto& [name, value] : component::fields_of(component::field(object, "data"))) {
    std::string text = component::text_of(value);
    if (kind.secret) {
      auto decoded = codec::from_base64(text);
      if (!decoded) return fail(ErrorCode::kDataLoss, "the value of " + quote(name) + " is no base64");
      text = *std::move(decoded);
    }
    exports.data[name] = {.text = std::move(text), .secret = kind.secret};
  }
  return exports;
}

component::Registration data_registration(component::Registration registration, const DataKind& kind) {
  registration.arguments = &data_arguments_schema;
  registration.exports = &data_exports_schema;
  registration.build = [kind](component::Options options,
                              const Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
    auto made = std::make_unique<DataComponent>(std::move(options), kind);
    INVAR_TRY(made->update(arguments));
    return made;
  };
  return registration;
}

}  // namespace invar::kube_shared
