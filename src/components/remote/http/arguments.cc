#include "components/remote/http/arguments.h"

#include "base/strings.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"
#include "http/url.h"

namespace invar::components::remote_http {
namespace {

Result<> check(const Arguments& a) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (a.poll_frequency <= Duration::zero()) return invalid("poll_frequency must be greater than 0");
  if (a.timeout() <= Duration::zero()) return invalid("poll_timeout must be greater than 0");
  if (a.poll_timeout && *a.poll_timeout >= a.poll_frequency)
    return invalid("poll_timeout must be less than poll_frequency");
  if (!http::is_header_token(a.method)) return invalid("net/http: invalid method " + quote(a.method));
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("url", &Arguments::url, "URL to poll.")
          .required()
          .valid([](const Arguments& arguments) {
            return component::check_server_url(arguments.url, {.example = "http://service:8080/token"});
          })
          .attribute("poll_frequency", &Arguments::poll_frequency, "How often the URL is polled.")
          .attribute("poll_timeout", &Arguments::poll_timeout,
                     "Time limit of one poll; less than `poll_frequency`, which also bounds the default.")
          .default_text("\"10s\"")
          .attribute("is_secret", &Arguments::is_secret,
                     "Marks the content as a secret, which is never shown.")
          .attribute("method", &Arguments::method, "Method of the request.")
          .attribute("headers", &Arguments::headers, "Headers of the request.")
          .valid([](const Arguments& arguments) { return component::check_headers(arguments.headers); })
          .attribute("body", &Arguments::body, "Body of the request.")
          .block("client", &Arguments::client, component::http_client_schema(), "Options of the HTTP client.")
          .check(check)
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("content", &Exports::content, "The answer, without white space around it.")
          .build();
  return schema;
}

}  // namespace invar::components::remote_http
