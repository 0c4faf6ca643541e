#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <vector>

#include "codec/base64.h"
#include "google/token.h"
#include "json/writer.h"

namespace invar::google {
namespace {

constexpr UnixNanos kLife = 3600;  // seconds

// Without padding, as JWTs have it.
std::string encode(std::string_view bytes) {
  std::string text = codec::to_base64(bytes, codec::Base64::kUrlSafe);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<std::string> rs256(std::string_view text, const std::string& key_pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(ErrorCode::kInvalidArgument, "the private key of the service account is no RSA key");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return fail(ErrorCode::kInternal, "the private key of the service account cannot sign");
  std::vector<unsigned char> signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, bytes, text.size()) != 1)
    return fail(ErrorCode::kInternal, "the private key of the service account cannot sign");
  return std::string(reinterpret_cast<const char*>(signature.data()), size);
}

}  // namespace

Result<std::string> sign_assertion(const Assertion& assertion, UnixNanos now) {
  const std::int64_t seconds = now / 1'000'000'000;
  std::string header;
  json::Writer(header)
      .begin_object()
      .field("alg", "RS256")
      .field("typ", "JWT")
      .field("kid", assertion.key_id)
      .end_object();
  std::string claims;
  json::Writer(claims)
      .begin_object()
      .field("iss", assertion.issuer)
      .field("scope", assertion.scope)
      .field("aud", assertion.audience)
      .field("iat", seconds)
      .field("exp", seconds + kLife)
      .end_object();
  const std::string text = encode(header) + "." + encode(claims);
  INVAR_ASSIGN_OR_RETURN(const std::string signature, rs256(text, assertion.private_key_pem));
  return text + "." + encode(signature);
}

}  // namespace invar::google
