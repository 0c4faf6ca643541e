#include "components/discovery/dns/arguments.h"

#include <fmt/format.h>

#include <array>

#include "base/choice.h"
#include "base/shown_text.h"
#include "base/strings.h"

namespace invar::components::discovery_dns {
namespace {

Result<> check(const Arguments& a) {
  if (a.refresh_interval <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  if (a.type != RecordType::kSrv && !a.port)
    return fail(ErrorCode::kInvalidArgument,
                "a port is required in DNS-SD configs for all record types except SRV");
  if (a.port && (*a.port < 0 || *a.port > 65535))
    return fail(ErrorCode::kInvalidArgument, "port must be between 0 and 65535");
  return {};
}

}  // namespace

Result<RecordType> parse_record_type(std::string_view text) {
  for (const RecordType type :
       {RecordType::kSrv, RecordType::kA, RecordType::kAaaa, RecordType::kMx, RecordType::kNs})
    if (equals_ignore_case(text, to_string(type))) return type;
  constexpr std::array<std::string_view, 5> kTypes = {"SRV", "A", "AAAA", "MX", "NS"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("invalid DNS-SD records type", text, kTypes));
}

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kMx:
      return "MX";
    case RecordType::kNs:
      return "NS";
    case RecordType::kSrv:
      break;
  }
  return "SRV";
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("names", &Arguments::names, "Names to look up.")
          .required()
          .attribute("type", &Arguments::type, "Which records: `SRV`, `A`, `AAAA`, `MX` or `NS`.")
          .default_text("\"SRV\"")
          .attribute("port", &Arguments::port,
                     "Port of the targets; required unless `type` is `SRV`, whose records have one.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the names are looked up.")
          .check(check)
          .build();
  return schema;
}

std::vector<std::string> warnings(const Arguments& arguments) {
  std::vector<std::string> sentences;
  for (const std::string& name : arguments.names) {
    if (name.find_first_of("/: \t") == std::string::npos) continue;
    const std::size_t scheme = name.find("://");
    const std::string_view host = std::string_view(name).substr(scheme == std::string::npos ? 0 : scheme + 3);
    sentences.push_back(fmt::format("names: {} is no name of a host, and is never found; write {}",
                                    quote(shown_text(name)),
                                    quote(shown_text(host.substr(0, host.find_first_of("/: \t"))))));
  }
  return sentences;
}

}  // namespace invar::components::discovery_dns
