// The shared HTTP client options as schema: squashed into a component or its endpoint/client block. http-client.md 1, 2.
#pragma once

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::syntax {
template <>
struct Codec<http::SecretText> {
  static std::string type_text() { return "secret"; }
  static StaticType static_type();
  static std::expected<http::SecretText, DecodeError> decode(const Value& v);
  static Value encode(const http::SecretText& v);  // a secret capsule: shown as (secret)
};
}  // namespace invar::syntax

namespace invar::component {
// The URL of a server: read as any text, never shown with the password in its user info.
struct UrlCodec : syntax::Codec<std::string> {
  static syntax::Value encode(const std::string& v) { return syntax::Value(http::redact_url(v)); }
};

// Every argument and block of http-client.md 1, with the checks of its section 2.
const syntax::Schema& http_client_schema();
const syntax::Schema& tls_config_schema();
}  // namespace invar::component
