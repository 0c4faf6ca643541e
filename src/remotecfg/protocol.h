// The messages of collector.v1.CollectorService, and the Connect protocol for unary calls.
// Threads: any; pure. Spec: remotecfg.md 2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/client.h"

namespace invar::remotecfg {

struct Collector {
  std::string id, name;
  std::map<std::string, std::string> attributes;
};

enum class StatusCode : std::uint8_t { kUnset = 0, kApplied = 1, kFailed = 3 };
struct Status {
  StatusCode code = StatusCode::kUnset;
  std::string error;
  bool operator==(const Status&) const = default;
};

std::string register_message(const Collector& collector);
std::string unregister_message(const Collector& collector);
// `status` and `effective` (the text that runs): nothing when they did not change since the last call.
std::string get_config_message(const Collector& collector, std::string_view hash,
                               const std::optional<Status>& status,
                               const std::optional<std::string>& effective);

struct Config {
  std::string content, hash;
  bool not_modified = false;
};
Result<Config> parse_config(std::string_view message);

// POST of a message to a method: "GetConfig".
http::Request make_call(const std::string& url, std::string_view method, std::string message);
// The answer's message. Errors: `code: message`, of the server or of what stands before it.
Result<std::string> take_answer(std::expected<http::Response, http::Failure> answer);

}  // namespace invar::remotecfg
