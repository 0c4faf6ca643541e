// The arguments of discovery.dns. Spec: discovery.md 5.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/schema.h"

namespace invar::components::discovery_dns {

enum class RecordType { kSrv, kA, kAaaa, kMx, kNs };
// In any case. Errors: `invalid DNS-SD records type x`.
Result<RecordType> parse_record_type(std::string_view text);
std::string_view to_string(RecordType type);

struct Arguments {
  std::vector<std::string> names;
  RecordType type = RecordType::kSrv;
  std::optional<std::int64_t> port;
  Duration refresh_interval = std::chrono::seconds(30);
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();
// Of names that no lookup can find, each a sentence.
std::vector<std::string> warnings(const Arguments& arguments);

}  // namespace invar::components::discovery_dns

namespace invar::syntax {
template <>
struct Codec<components::discovery_dns::RecordType>
    : TextCodec<components::discovery_dns::RecordType, components::discovery_dns::parse_record_type,
                components::discovery_dns::to_string> {};
}  // namespace invar::syntax
