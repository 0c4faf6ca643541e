// Seal: what nodes that share a secret put around what they send, so that who does not know it can neither join nor be joined.
//
//   "ISv1", kind (1 byte), unix milliseconds (u64), length (u32), HMAC-SHA-256 of the secret over all but itself (32 bytes), the bytes
//
// The kind keeps one message from passing for another, the time an old one from being sent again: clocks may differ by kMostSkew.
// Bytes are authenticated and not hidden: TLS hides them. Errors say what is wrong with the seal. Pure; any thread.
// Spec: clustering.md 5.1.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::cluster {

inline constexpr Duration kMostSkew = std::chrono::minutes(5);
inline constexpr std::size_t kShortestSecret = 16;  // bytes

class Seal {
 public:
  static constexpr std::size_t kOverhead = 49;  // bytes around a message
  enum class Kind : std::uint8_t {
    kPacket = 1,
    kRequest = 2,
    kAnswer = 3,
    kTake = 4,
    kState = 5,
    kCosts = 6
  };

  explicit Seal(std::string secret) : secret_(std::move(secret)) {}

  [[nodiscard]] std::string close(Kind kind, std::string_view bytes, UnixNanos now) const;
  [[nodiscard]] Result<std::string> open(Kind kind, std::string_view sealed, UnixNanos now) const;
  // The same for a stream as far as it came: nothing while it is cut off. One that will be longer than `most` is an error at once.
  [[nodiscard]] Result<std::optional<std::string>> open_part(Kind kind, std::string_view sealed,
                                                             UnixNanos now, std::size_t most) const;

 private:
  [[nodiscard]] std::string mac(std::string_view head, std::string_view bytes) const;

  const std::string secret_;
};

// The same where a secret is a choice: without a seal bytes stay as they are.
std::string sealed(const Seal* seal, Seal::Kind kind, std::string bytes, UnixNanos now);
Result<std::string> opened(const Seal* seal, Seal::Kind kind, std::string bytes, UnixNanos now);

}  // namespace invar::cluster
