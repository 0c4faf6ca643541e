// msgpack as memberlist writes it: the old format, in which text and bytes are the same thing. Reading takes every width of integers
// and lengths, and str8 and bin, too.
// Errors:   reading goes on with zeros after the first mistake; ask state() at the end. Nothing is allocated for a length that the
//           bytes do not bear out; views point into what is read.
// Spec:     clustering.md 6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar::cluster {

class MsgpackWriter {
 public:
  explicit MsgpackWriter(std::string& out) : out_(out) {}
  void map(std::size_t fields);
  void array(std::size_t elements);
  void raw(std::string_view bytes);
  void nil();
  void number(std::uint64_t value);
  void boolean(bool value);

 private:
  void big_endian(std::uint64_t value, int bytes);
  std::string& out_;
};

class MsgpackReader {
 public:
  enum class State { kGood, kCutOff, kBad };  // cut off: right so far, and more bytes may follow

  explicit MsgpackReader(std::string_view bytes) : rest_(bytes) {}
  std::size_t map();       // the number of fields; 0 after a mistake
  std::size_t array();     // of elements
  std::string_view raw();  // nil is empty
  std::uint64_t number();
  bool boolean();
  void skip();                                // one value, whatever it is
  std::string_view take(std::size_t length);  // bytes that are no msgpack
  void refuse() { fail(State::kBad); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool good() const { return state_ == State::kGood; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::size_t count(unsigned fix, unsigned mask, unsigned wide);
  std::uint64_t big_endian(int bytes);
  unsigned head();
  void fail(State state);
  void skip(int depth);

  std::string_view rest_;
  State state_ = State::kGood;
};

}  // namespace invar::cluster
