// The arguments of discovery.dockerswarm. Spec: discovery.md 9.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "moby/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_dockerswarm {

enum class Role { kServices, kTasks, kNodes };
// Errors: `invalid role x, expected tasks, services, or nodes`.
Result<Role> parse_role(std::string_view text);
std::string_view to_string(Role role);

struct Arguments {
  std::string host;
  Role role = Role::kServices;
  std::int64_t port = 80;
  Duration refresh_interval = std::chrono::minutes(1);
  std::vector<moby::Filter> filters;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_dockerswarm

namespace invar::syntax {
template <>
struct Codec<components::discovery_dockerswarm::Role>
    : TextCodec<components::discovery_dockerswarm::Role, components::discovery_dockerswarm::parse_role,
                components::discovery_dockerswarm::to_string> {};
}  // namespace invar::syntax
