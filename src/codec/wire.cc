#include "codec/wire.h"

namespace invar::codec::wire {

namespace {

std::size_t tag_size(std::uint64_t tag) {
  std::size_t size = 1;
  while (tag >>= 7) ++size;
  return size;
}

}  // namespace

bool Reader::stop(const char* error) {
  error_ = error;
  return false;
}

bool Reader::varint(std::uint64_t& value) {
  if (error_ != nullptr || at_ == end_) return false;
  value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) return stop("truncated varint");
    const auto byte = static_cast<unsigned char>(*at_++);
    if (shift == 63 && byte > 1) return stop("varint of more than 64 bits");
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return stop("varint of more than 64 bits");
}

bool Reader::next(Field& field) {
  std::uint64_t tag = 0;
  const char* const from = at_;
  if (!varint(tag)) return false;
  if (static_cast<std::size_t>(at_ - from) != tag_size(tag)) return stop("overlong field number");
  if (tag >> 32 != 0 || tag >> 3 == 0) return stop("illegal field number");
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.bytes = {};
  field.value = 0;
  std::uint64_t size = 0;
  switch (tag & 7) {
    case 0:
      field.type = Type::kVarint;
      return varint(field.value) || stop(error_ != nullptr ? error_ : "truncated varint");
    case 1:
      field.type = Type::kFixed64;
      size = 8;
      break;
    case 2:
      field.type = Type::kBytes;
      if (!varint(size)) return stop(error_ != nullptr ? error_ : "truncated varint");
      break;
    case 5:
      field.type = Type::kFixed32;
      size = 4;
      break;
    default:
      return stop("illegal wire type");
  }
  if (size > static_cast<std::uint64_t>(end_ - at_)) return stop("field longer than its message");
  field.bytes = {at_, static_cast<std::size_t>(size)};
  at_ += size;
  return true;
}

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_field(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_varint(out, std::uint64_t{number} << 3);
  append_varint(out, value);
}

void append_field(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_varint(out, std::uint64_t{number} << 3 | 2);
  append_varint(out, bytes.size());
  out.append(bytes);
}

}  // namespace invar::codec::wire
