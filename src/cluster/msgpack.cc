#include "cluster/msgpack.h"

#include "cluster/big_endian.h"

namespace invar::cluster {
namespace {

constexpr int kDeepest = 16;

}  // namespace

void MsgpackWriter::big_endian(std::uint64_t value, int bytes) {
  append_big_endian(out_, value, static_cast<std::size_t>(bytes));
}

void MsgpackWriter::map(std::size_t fields) {
  if (fields < 16) return big_endian(0x80 | fields, 1);
  out_ += '\xde';
  big_endian(fields, 2);
}

void MsgpackWriter::array(std::size_t elements) {
  if (elements < 16) return big_endian(0x90 | elements, 1);
  const bool wide = elements > 0xffff;
  out_ += wide ? '\xdd' : '\xdc';
  big_endian(elements, wide ? 4 : 2);
}

void MsgpackWriter::raw(std::string_view bytes) {
  if (bytes.size() < 32) {
    big_endian(0xa0 | bytes.size(), 1);
  } else {
    const bool wide = bytes.size() > 0xffff;
    out_ += wide ? '\xdb' : '\xda';
    big_endian(bytes.size(), wide ? 4 : 2);
  }
  out_ += bytes;
}

void MsgpackWriter::nil() {
  out_ += '\xc0';
}

void MsgpackWriter::number(std::uint64_t value) {
  if (value < 0x80) return big_endian(value, 1);
  const int width = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffff ? 2 : 3;
  out_ += static_cast<char>(0xcc + width);
  big_endian(value, 1 << width);
}

void MsgpackWriter::boolean(bool value) {
  out_ += value ? '\xc3' : '\xc2';
}

void MsgpackReader::fail(State state) {
  if (state_ == State::kGood) state_ = state;
  rest_ = {};
}

std::string_view MsgpackReader::take(std::size_t length) {
  if (length > rest_.size()) {
    fail(State::kCutOff);
    return {};
  }
  const std::string_view taken = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return taken;
}

std::uint64_t MsgpackReader::big_endian(int bytes) {
  return cluster::big_endian(take(static_cast<std::size_t>(bytes)));
}

unsigned MsgpackReader::head() {
  return static_cast<unsigned>(big_endian(1));
}

// Of maps and arrays: `fix` with the number in its lower bits, or `wide` for two bytes and the next code for four.
std::size_t MsgpackReader::count(unsigned fix, unsigned mask, unsigned wide) {
  const unsigned code = head();
  if (!good()) return 0;
  if ((code & ~mask) == fix) return code & mask;
  if (code == 0xc0) return 0;
  if (code == wide || code == wide + 1) return big_endian(code == wide ? 2 : 4);
  refuse();
  return 0;
}

std::size_t MsgpackReader::map() {
  return count(0x80, 0x0f, 0xde);
}

std::size_t MsgpackReader::array() {
  return count(0x90, 0x0f, 0xdc);
}

std::string_view MsgpackReader::raw() {
  const unsigned code = head();
  if (!good() || code == 0xc0) return {};
  if ((code & 0xe0) == 0xa0) return take(code & 0x1f);
  if (code >= 0xd9 && code <= 0xdb) return take(big_endian(1 << (code - 0xd9)));  // str8, 16, 32
  if (code >= 0xc4 && code <= 0xc6) return take(big_endian(1 << (code - 0xc4)));  // bin8, 16, 32
  refuse();
  return {};
}

std::uint64_t MsgpackReader::number() {
  const unsigned code = head();
  if (!good()) return 0;
  if (code < 0x80) return code;
  if (code >= 0xcc && code <= 0xcf) return big_endian(1 << (code - 0xcc));
  if (code >= 0xd0 && code <= 0xd3) {
    const int bytes = 1 << (code - 0xd0);
    const std::uint64_t value = big_endian(bytes);
    if (value >> (8 * bytes - 1) == 0) return value;  // nothing here is negative
  }
  refuse();
  return 0;
}

bool MsgpackReader::boolean() {
  const unsigned code = head();
  if (good() && code != 0xc2 && code != 0xc3) refuse();
  return good() && code == 0xc3;
}

void MsgpackReader::skip() {
  skip(0);
}

void MsgpackReader::skip(int depth) {
  if (rest_.empty()) return fail(State::kCutOff);
  if (depth > kDeepest) return refuse();
  const auto code = static_cast<unsigned char>(rest_.front());
  const bool is_map = (code & 0xf0) == 0x80 || code == 0xde || code == 0xdf;
  if (is_map || (code & 0xf0) == 0x90 || code == 0xdc || code == 0xdd) {
    std::size_t values = is_map ? 2 * map() : array();
    for (; values > 0 && good(); --values) skip(depth + 1);
    return;
  }
  if ((code & 0xe0) == 0xa0 || (code >= 0xd9 && code <= 0xdb) || (code >= 0xc4 && code <= 0xc6)) {
    raw();
    return;
  }
  if (code < 0x80 || code >= 0xe0 || code == 0xc0 || code == 0xc2 || code == 0xc3) {
    take(1);
    return;
  }
  take(1);
  if (code >= 0xcc && code <= 0xd3) {
    take(std::size_t{1} << (code & 3));
  } else if (code == 0xca || code == 0xcb) {
    take(code == 0xca ? 4 : 8);
  } else {
    refuse();
  }
}

}  // namespace invar::cluster
