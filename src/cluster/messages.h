// The messages that nodes tell each other: membership as memberlist has it, states of nodes as ckit has them.
// Encoding: kind byte, then a msgpack map by field name. Fields in any order; unknown ones are skipped.
// Errors:   decode() fails for bytes that are no such message, and for names longer than kMaxName.
// Spec:     clustering.md 4, 6, 8.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace invar::cluster {

inline constexpr std::size_t kMaxName = 1024;

// Address bytes are 4 or 16, in network order.
struct Address {
  std::string ip;
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
  [[nodiscard]] bool is_none() const { return ip.size() != 4 && ip.size() != 16; }
  [[nodiscard]] std::string text() const;  // "10.0.0.1:12345", "[fd00::1]:12345"; "" when it is none
};
std::optional<Address> parse_address(std::string_view host_port);  // an IP literal and a port

// Lowest, highest and current version of the protocol, then of the delegate.
using Versions = std::array<std::uint8_t, 6>;
inline constexpr Versions kOurVersions = {1, 5, 2, 0, 0, 0};

struct Ping {
  std::uint32_t sequence = 0;
  std::string node;
  Address source;
  std::string source_node;
  bool operator==(const Ping&) const = default;
};
struct IndirectPing {
  std::uint32_t sequence = 0;
  Address target;
  std::string node;
  bool nack = false;
  Address source;
  std::string source_node;
  bool operator==(const IndirectPing&) const = default;
};
struct Ack {
  std::uint32_t sequence = 0;
  bool operator==(const Ack&) const = default;
};
struct Nack {
  std::uint32_t sequence = 0;
  bool operator==(const Nack&) const = default;
};
struct Suspect {
  std::uint32_t incarnation = 0;
  std::string node, from;
  bool operator==(const Suspect&) const = default;
};
struct Alive {
  std::uint32_t incarnation = 0;
  std::string node;
  Address address;
  std::string meta;
  Versions versions = kOurVersions;
  bool operator==(const Alive&) const = default;
};
struct Dead {
  std::uint32_t incarnation = 0;
  std::string node, from;  // equal: it left
  bool operator==(const Dead&) const = default;
};
struct User {
  std::string bytes;
  bool operator==(const User&) const = default;
};
using Message = std::variant<Ping, IndirectPing, Ack, Nack, Suspect, Alive, Dead, User>;

std::string encode(const Message& message);
Result<Message> decode(std::string_view bytes);

enum class NodeState : std::uint8_t { kViewer = 0, kParticipant = 1, kTerminating = 2 };
std::string_view to_string(NodeState state);

// What a node says about itself: newer by Lamport time. The body of a User message.
struct StateMessage {
  std::string node;
  NodeState state = NodeState::kViewer;
  std::uint64_t time = 0;
  bool operator==(const StateMessage&) const = default;
};
std::string encode(const StateMessage& message);
Result<StateMessage> decode_state(std::string_view bytes);

// The part of a push/pull that is about states.
struct StateList {
  std::uint64_t current_time = 0;
  std::vector<StateMessage> states;
  std::string plan;  // plan.h; among nodes of Invar alone, "": none
  bool operator==(const StateList&) const = default;
};
std::string encode(const StateList& list);
Result<StateList> decode_states(std::string_view bytes);

// The body of a User message that tells a plan.
std::string encode_plan_message(std::string_view plan);
std::optional<std::string_view> plan_of(std::string_view body);  // nothing: it is something else

enum class Liveness : std::uint8_t { kAlive = 0, kSuspect = 1, kDead = 2, kLeft = 3 };

// A push/pull: everything that a node knows, in one piece.
struct NodeRecord {
  std::string name;
  Address address;
  std::string meta;
  std::uint32_t incarnation = 0;
  Liveness liveness = Liveness::kAlive;
  Versions versions = kOurVersions;
  bool operator==(const NodeRecord&) const = default;
};
struct Exchange {
  bool join = false;
  std::vector<NodeRecord> nodes;
  std::string user_state;
  bool operator==(const Exchange&) const = default;
};
std::string encode(const Exchange& exchange);

}  // namespace invar::cluster
