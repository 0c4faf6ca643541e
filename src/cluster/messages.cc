#include "cluster/messages.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/strings.h"
#include "cluster/fields.h"

namespace invar::cluster {
namespace {

// Two bytes of magic, then the type: a state, a plan.
constexpr std::string_view kStateMagic("\x12\x01\x01", 3);
constexpr std::string_view kPlanMagic("\x12\x01\x40", 3);

// By position in Message.
constexpr std::array<char, 8> kKinds = {0, 1, 2, 11, 3, 4, 5, 8};

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, "damaged " + std::string(what));
}

template <std::size_t I = 0>
Result<Message> decode_kind(char kind, std::string_view body) {
  if constexpr (I == std::variant_size_v<Message>) {
    return fail(ErrorCode::kUnsupported, "message of unknown kind " + std::to_string(kind));
  } else {
    using M = std::variant_alternative_t<I, Message>;
    if (kind != kKinds[I]) return decode_kind<I + 1>(kind, body);
    if constexpr (std::is_same_v<M, User>) {
      return User{std::string(body)};
    } else {
      MsgpackReader reader(body);
      M message = read_fields<M>(reader);
      if constexpr (std::is_same_v<M, Alive>) {
        if (reader.good() && message.address.text().empty()) return damaged("address");
      }
      if (!reader.good()) return damaged("message");
      return message;
    }
  }
}

}  // namespace

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (ip.size() == 4) {
    inet_ntop(AF_INET, ip.data(), out.data(), out.size());
    return std::string(out.data()) + ":" + std::to_string(port);
  }
  if (ip.size() != 16) return {};
  // Go writes IPv4 in either form.
  if (std::memcmp(ip.data(), "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0)
    return Address{ip.substr(12), port}.text();
  inet_ntop(AF_INET6, ip.data(), out.data(), out.size());
  return "[" + std::string(out.data()) + "]:" + std::to_string(port);
}

std::optional<Address> parse_address(std::string_view host_port) {
  const auto colon = host_port.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_uint(host_port.substr(colon + 1));
  std::string host(host_port.substr(0, colon));
  if (!port || *port == 0 || *port > 0xffff) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1)
    return Address{std::string(bytes.data(), 4), static_cast<std::uint16_t>(*port)};
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1)
    return Address{std::string(bytes.data(), 16), static_cast<std::uint16_t>(*port)};
  return std::nullopt;
}

std::string_view to_string(NodeState state) {
  constexpr std::array<std::string_view, 3> kNames = {"viewer", "participant", "terminating"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string encode(const Message& message) {
  std::string out(1, kKinds[message.index()]);
  std::visit(
      [&]<class M>(const M& m) {
        if constexpr (std::is_same_v<M, User>) {
          out += m.bytes;
        } else if constexpr (std::is_same_v<M, Ack>) {
          FieldWriter fields;
          list_fields(fields, m);
          fields.text_or_nil("Payload", {});
          fields.append_to(out);
        } else {
          write_fields(out, m);
        }
      },
      message);
  return out;
}

Result<Message> decode(std::string_view bytes) {
  if (bytes.empty()) return damaged("message");
  return decode_kind(bytes[0], bytes.substr(1));
}

std::string encode(const StateMessage& message) {
  std::string out(kStateMagic);
  write_fields(out, message);
  return out;
}

Result<StateMessage> decode_state(std::string_view bytes) {
  if (!bytes.starts_with(kStateMagic)) return damaged("state message");
  MsgpackReader reader(bytes.substr(kStateMagic.size()));
  auto message = read_fields<StateMessage>(reader);
  if (!reader.good()) return damaged("state message");
  return message;
}

std::string encode(const StateList& list) {
  std::string out;
  MsgpackWriter writer(out);
  writer.map(list.plan.empty() ? 2 : 3);
  writer.raw("CurrentTime");
  writer.number(list.current_time);
  writer.raw("NodeStates");
  writer.array(list.states.size());
  for (const StateMessage& state : list.states) write_fields(out, state);
  if (list.plan.empty()) return out;
  writer.raw("InvarPlan");
  writer.raw(list.plan);
  return out;
}

std::string encode_plan_message(std::string_view plan) {
  return std::string(kPlanMagic) + std::string(plan);
}

std::optional<std::string_view> plan_of(std::string_view body) {
  if (!body.starts_with(kPlanMagic)) return std::nullopt;
  return body.substr(kPlanMagic.size());
}

Result<StateList> decode_states(std::string_view bytes) {
  StateList list;
  MsgpackReader reader(bytes);
  for (std::size_t fields = reader.map(); fields > 0 && reader.good(); --fields) {
    const std::string_view key = reader.raw();
    if (key == "CurrentTime") {
      list.current_time = reader.number();
    } else if (key == "NodeStates") {
      for (std::size_t states = reader.array(); states > 0 && reader.good(); --states)
        list.states.push_back(read_fields<StateMessage>(reader));
    } else if (key == "InvarPlan") {
      list.plan = reader.raw();
    } else {
      reader.skip();
    }
  }
  if (!reader.good()) return damaged("list of states");
  return list;
}

std::string encode(const Exchange& exchange) {
  std::string out(1, '\6');
  MsgpackWriter writer(out);
  writer.map(3);
  writer.raw("Nodes");
  writer.number(exchange.nodes.size());
  writer.raw("UserStateLen");
  writer.number(exchange.user_state.size());
  writer.raw("Join");
  writer.boolean(exchange.join);
  for (const NodeRecord& node : exchange.nodes) write_fields(out, node);
  return out + exchange.user_state;
}

}  // namespace invar::cluster
