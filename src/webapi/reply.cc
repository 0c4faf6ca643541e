#include "webapi/reply.h"

#include <fmt/format.h>

#include <utility>

#include "codec/gzip.h"
#include "codec/hash.h"
#include "json/writer.h"
#include "services/compression.h"

namespace invar::webapi {
namespace {

constexpr std::size_t kWorthIt = 512;     // bytes to compress
constexpr std::size_t kBrief = 32 << 10;  // compressed on the loop: half a millisecond

struct Wish {  // of a request, as far as the answer depends on it
  bool gzip = false;
  std::string known_tag;
  std::int64_t at_ms = 0;
};

http::ServerResponse respond(Made made, const Wish& wish, int status) {
  if (!made) return error_response(made.error());
  http::ServerResponse response{.status = status, .headers = {}, .body = {}};
  const std::string tag = fmt::format("\"{:016x}\"", codec::fnv1a(*made));
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("ETag", tag);
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (status == 200 && wish.known_tag == tag) {
    response.status = 304;
    return response;
  }
  response.body = fmt::format("{{\"at\":{}{}", wish.at_ms, *made == "{}" ? "" : ",");
  response.body.append(*made, 1);
  if (wish.gzip && response.body.size() >= kWorthIt) {
    std::string packed;
    codec::Deflater().gzip(response.body, packed);
    response.body = std::move(packed);
    response.headers.set("Content-Encoding", "gzip");
  }
  return response;
}

Wish wish_of(const http::ServerRequest& request, UnixNanos now) {
  return {.gzip = services::accepts_gzip(request.headers.get("Accept-Encoding")),
          .known_tag = std::string(request.headers.get("If-None-Match")),
          .at_ms = to_ms(now)};
}

}  // namespace

ApiError bad_request(std::string field, std::string text, std::string hint) {
  return {.status = 400,
          .code = "bad_request",
          .text = std::move(text),
          .hint = std::move(hint),
          .field = std::move(field)};
}

ApiError not_found(std::string text) {
  return {.status = 404, .code = "not_found", .text = std::move(text)};
}

http::ServerResponse error_response(const ApiError& error) {
  std::string body;
  json::Writer out(body);
  out.begin_object().key("error").begin_object().field("code", error.code).field("text", error.text);
  out.field("hint", error.hint).field("field", error.field).end_object().end_object();
  http::ServerResponse response{.status = error.status, .headers = {}, .body = std::move(body)};
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

void Replies::send(const http::ServerRequest& request, const http::ResponderPtr& responder, Made made,
                   int status) const {
  Wish wish = wish_of(request, loop_.unix_ns());
  if (!made || made->size() <= kBrief) return responder->send(respond(std::move(made), wish, status));
  pool_.run([made = std::move(made), wish = std::move(wish),
             status]() mutable { return respond(std::move(made), wish, status); },
            [responder](http::ServerResponse response) { responder->send(std::move(response)); });
}

void Replies::make(const http::ServerRequest& request, const http::ResponderPtr& responder,
                   std::function<Made()> make) const {
  pool_.run([make = std::move(make),
             wish = wish_of(request, loop_.unix_ns())] { return respond(make(), wish, 200); },
            [responder](http::ServerResponse response) { responder->send(std::move(response)); });
}

}  // namespace invar::webapi
