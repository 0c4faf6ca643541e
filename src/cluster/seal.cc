#include "cluster/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "cluster/big_endian.h"

namespace invar::cluster {
namespace {

constexpr std::string_view kMagic = "ISv1";
constexpr std::size_t kHead = kMagic.size() + 1 + 8 + 4, kMac = 32;
static_assert(kHead + kMac == Seal::kOverhead);

std::int64_t milliseconds(UnixNanos time) {
  return time / 1'000'000;
}

std::unexpected<Error> refused(std::string why) {
  return fail(ErrorCode::kPermissionDenied, std::move(why));
}

}  // namespace

std::string Seal::mac(std::string_view head, std::string_view bytes) const {
  std::string text(head);
  text += bytes;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  INVAR_CHECK(done != nullptr && size == kMac, "HMAC of memory cannot fail");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string Seal::close(Kind kind, std::string_view bytes, UnixNanos now) const {
  INVAR_CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max(), "packets have bounds");
  std::string out(kMagic);
  out += static_cast<char>(kind);
  append_big_endian(out, static_cast<std::uint64_t>(milliseconds(now)), 8);
  append_big_endian(out, bytes.size(), 4);
  out += mac(out, bytes);
  out += bytes;
  return out;
}

Result<std::string> Seal::open(Kind kind, std::string_view sealed, UnixNanos now) const {
  INVAR_ASSIGN_OR_RETURN(auto bytes, open_part(kind, sealed, now, sealed.size()));
  if (!bytes) return refused("the message is cut off");
  return *std::move(bytes);
}

Result<std::optional<std::string>> Seal::open_part(Kind kind, std::string_view sealed, UnixNanos now,
                                                   std::size_t most) const {
  const std::string_view magic = sealed.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size()))
    return refused("the message has no seal: its sender has no --cluster.secret-file");
  if (sealed.size() < kHead + kMac) return std::nullopt;
  const std::string_view head = sealed.substr(0, kHead);
  const std::size_t size = big_endian(head.substr(kHead - 4));
  if (size > most) return refused("the message is too long");
  if (sealed.size() < kHead + kMac + size) return std::nullopt;
  const std::string_view bytes = sealed.substr(kHead + kMac);
  if (bytes.size() > size) return refused("something follows the message");
  const std::string right = mac(head, bytes);
  if (CRYPTO_memcmp(right.data(), sealed.data() + kHead, kMac) != 0)
    return refused("the message was sealed with another secret");
  if (static_cast<Kind>(head[kMagic.size()]) != kind) return refused("the message is of another kind");
  const auto sent = static_cast<std::int64_t>(big_endian(head.substr(kMagic.size() + 1, 8)));
  const auto most_skew = std::chrono::duration_cast<std::chrono::milliseconds>(kMostSkew).count();
  if (sent < milliseconds(now) - most_skew || sent > milliseconds(now) + most_skew)
    return refused("the message was sealed more than 5 minutes ago, or the clocks of the nodes differ");
  return std::string(bytes);
}

std::string sealed(const Seal* seal, Seal::Kind kind, std::string bytes, UnixNanos now) {
  return seal == nullptr ? std::move(bytes) : seal->close(kind, bytes, now);
}

Result<std::string> opened(const Seal* seal, Seal::Kind kind, std::string bytes, UnixNanos now) {
  if (seal == nullptr) return bytes;
  return seal->open(kind, bytes, now);
}

}  // namespace invar::cluster
