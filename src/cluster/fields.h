// One list of fields per message serves both ways: `list_fields(sink, message)` with a FieldWriter or a FieldReader. Inside of this
// folder.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "cluster/messages.h"
#include "cluster/msgpack.h"

namespace invar::cluster {

// Collects the fields of a map, whose number comes first.
class FieldWriter {
 public:
  void text(std::string_view name, const std::string& value) { key(name).raw(value); }
  void text_if_any(std::string_view name, const std::string& value) {
    if (!value.empty()) text(name, value);
  }
  void text_or_nil(std::string_view name, const std::string& value) {
    value.empty() ? key(name).nil() : key(name).raw(value);
  }
  template <class T>
  void number(std::string_view name, T value) {
    key(name).number(static_cast<std::uint64_t>(value));
  }
  void number_if_any(std::string_view name, std::uint16_t value) {
    if (value != 0) number(name, value);
  }
  void flag(std::string_view name, bool value) { key(name).boolean(value); }
  void versions(std::string_view name, const Versions& value) {
    key(name).raw({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  void append_to(std::string& out) const {
    MsgpackWriter(out).map(count_);
    out += fields_;
  }

 private:
  MsgpackWriter& key(std::string_view name) {
    ++count_;
    writer_.raw(name);
    return writer_;
  }

  std::string fields_;
  MsgpackWriter writer_{fields_};
  std::size_t count_ = 0;
};

// Takes the one field of the list that has the present key.
class FieldReader {
 public:
  FieldReader(MsgpackReader& reader, std::string_view key) : reader_(reader), key_(key) {}

  void text(std::string_view name, std::string& value) {
    if (!mine(name)) return;
    const std::string_view bytes = reader_.raw();
    if (bytes.size() > kMaxName) return reader_.refuse();
    value = bytes;
  }
  void text_if_any(std::string_view name, std::string& value) { text(name, value); }
  void text_or_nil(std::string_view name, std::string& value) { text(name, value); }
  template <class T>
  void number(std::string_view name, T& value) {
    if (!mine(name)) return;
    const std::uint64_t number = reader_.number();
    if constexpr (std::is_enum_v<T>) {
      if (number > highest(T{})) return reader_.refuse();
    } else if (number > std::numeric_limits<T>::max()) {
      return reader_.refuse();
    }
    value = static_cast<T>(number);
  }
  void number_if_any(std::string_view name, std::uint16_t& value) { number(name, value); }
  void flag(std::string_view name, bool& value) {
    if (mine(name)) value = reader_.boolean();
  }
  void versions(std::string_view name, Versions& value) {
    if (!mine(name)) return;
    const std::string_view bytes = reader_.raw();
    if (bytes.empty()) return;  // of a sender that has none
    if (bytes.size() != value.size()) return reader_.refuse();
    for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<std::uint8_t>(bytes[i]);
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  static constexpr std::uint64_t highest(NodeState) { return 2; }
  static constexpr std::uint64_t highest(Liveness) { return 3; }
  bool mine(std::string_view name) {
    if (name != key_) return false;
    return taken_ = true;
  }

  MsgpackReader& reader_;
  const std::string_view key_;
  bool taken_ = false;
};

template <class Sink, class M>
void list_fields(Sink& sink, M& m) {
  using T = std::remove_const_t<M>;
  if constexpr (std::is_same_v<T, Ping> || std::is_same_v<T, IndirectPing>) {
    sink.number("SeqNo", m.sequence);
    if constexpr (std::is_same_v<T, IndirectPing>) {
      sink.text("Target", m.target.ip);
      sink.number("Port", m.target.port);
    }
    sink.text("Node", m.node);
    if constexpr (std::is_same_v<T, IndirectPing>) sink.flag("Nack", m.nack);
    sink.text_if_any("SourceAddr", m.source.ip);
    sink.number_if_any("SourcePort", m.source.port);
    sink.text_if_any("SourceNode", m.source_node);
  } else if constexpr (std::is_same_v<T, Ack>) {
    sink.number("SeqNo", m.sequence);
  } else if constexpr (std::is_same_v<T, Nack>) {
    sink.number("SeqNo", m.sequence);
  } else if constexpr (std::is_same_v<T, Suspect> || std::is_same_v<T, Dead>) {
    sink.number("Incarnation", m.incarnation);
    sink.text("Node", m.node);
    sink.text("From", m.from);
  } else if constexpr (std::is_same_v<T, Alive>) {
    sink.number("Incarnation", m.incarnation);
    sink.text("Node", m.node);
    sink.text("Addr", m.address.ip);
    sink.number("Port", m.address.port);
    sink.text_or_nil("Meta", m.meta);
    sink.versions("Vsn", m.versions);
  } else if constexpr (std::is_same_v<T, StateMessage>) {
    sink.text("NodeName", m.node);
    sink.number("NewState", m.state);
    sink.number("Time", m.time);
  } else {
    static_assert(std::is_same_v<T, NodeRecord>);
    sink.text("Name", m.name);
    sink.text("Addr", m.address.ip);
    sink.number("Port", m.address.port);
    sink.text_or_nil("Meta", m.meta);
    sink.number("Incarnation", m.incarnation);
    sink.number("State", m.liveness);
    sink.versions("Vsn", m.versions);
  }
}

template <class M>
void write_fields(std::string& out, const M& message) {
  FieldWriter fields;
  list_fields(fields, message);
  fields.append_to(out);
}

template <class M>
M read_fields(MsgpackReader& reader) {
  M message{};
  for (std::size_t left = reader.map(); left > 0 && reader.good(); --left) {
    FieldReader field(reader, reader.raw());
    list_fields(field, message);
    if (!field.taken()) reader.skip();
  }
  return message;
}

}  // namespace invar::cluster
