#include "component/fetcher.h"

#include "base/build_info.h"
#include "component/json_fields.h"
#include "http/answer_body.h"
#include "http/shown_body.h"

namespace invar::component {
namespace {

std::string place_of(const http::Request& request) {
  const std::string url = http::redact_url(request.url);
  return request.method + " " + url.substr(0, url.find('?'));
}

// {"message": "…"}, {"error_description": "…"}, {"error": "…"}, {"error": {"message": "…"}}; "" for anything else.
std::string message_of(std::string_view body) {
  const auto answer = parse_answer(body);
  if (!answer) return {};
  for (const char* name : {"message", "error_description", "error"}) {
    const syntax::Value& value = field(*answer, name);
    if (std::string text = text_of(value); !text.empty()) return text;
    if (std::string text = text_field(value, "message"); !text.empty()) return text;
  }
  return {};
}

}  // namespace

std::string refusal_text(const http::Response& response) {
  std::string said = message_of(response.body);
  if (said.empty()) said = http::shown_body(response.body, response.headers.get("Content-Type"));
  return said.empty() ? response.status_line : response.status_line + ": " + said;
}

void Fetcher::send(http::Request request, Done done) {
  request.headers.set("User-Agent", user_agent());
  if (request.headers.get("Accept").empty()) request.headers.set("Accept", "application/json");
  const std::string place = place_of(request);
  call_ = client_->send(std::move(request), [place, done = std::move(done)](auto answer) mutable {
    if (!answer) return done(fail(ErrorCode::kUnavailable, place + ": " + answer.error().message));
    if (const auto plain = http::unpack(*answer); !plain && answer->status == 200)
      return done(std::unexpected(plain.error().wrapped(place)));
    if (answer->status != 200)
      return done(fail(answer->status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                       place + ": " + refusal_text(*answer)));
    done(*std::move(answer));
  });
}

}  // namespace invar::component
