// Protobuf wire format, one field at a time with every check: truncation, overlong varints, field number 0,
// groups. It gives errors their words: the fast readers only find that something is wrong, this says what.
// Threads: any.  Lifetime: views into the message given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar::codec::wire {

enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t value = 0;  // of a varint
  std::string_view bytes;   // of a length-delimited field
};

class Reader {
 public:
  explicit Reader(std::string_view message)
      : at_(message.data()), begin_(at_), end_(message.data() + message.size()) {}

  bool next(Field& field);                      // false at the end or after an error
  bool varint(std::uint64_t& value);            // one bare varint, for packed fields
  const char* error() const { return error_; }  // null: none
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  bool stop(const char* error);

  const char* at_;
  const char* begin_;
  const char* end_;
  const char* error_ = nullptr;
};

void append_varint(std::string& out, std::uint64_t value);
void append_field(std::string& out, std::uint32_t number, std::uint64_t value);
void append_field(std::string& out, std::uint32_t number, std::string_view bytes);

}  // namespace invar::codec::wire
