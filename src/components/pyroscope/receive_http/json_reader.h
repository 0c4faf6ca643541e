// JsonReader: JSON text, one value after another, for messages whose shape is known. Strings are checked as protobuf wants them:
// valid UTF-8, no lone surrogates.
// Errors: in the words of Go's protojson, with line and column: `syntax error (line 1:12): unexpected token ]`,
// `(line 1:14): duplicate field "series"`. After an error every call fails. Time is linear in the text, and depth bounded.
// Threads: any. Lifetime: the text outlives the reader.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::components::pyroscope_receive_http {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  // The field's name stands at `at`; `read` has to take the value.
  using OnField = std::function<Result<>(std::string_view name, std::size_t at)>;
  Result<> object(const OnField& read);
  Result<> array(const std::function<Result<>()>& read);
  // `field`: for the error when the value is no string.
  Result<std::string> string(std::string_view type, std::string_view field);
  bool take_null();  // a null that stands here
  Result<> skip();   // any one value
  Result<> end();    // nothing but white space is left

  [[nodiscard]] std::size_t position();  // of what comes next
  [[nodiscard]] std::unexpected<Error> error(std::size_t at, const std::string& why) const;

 private:
  static constexpr int kMaxDepth = 1000;

  void skip_space();
  [[nodiscard]] std::string place(std::size_t at) const;
  [[nodiscard]] std::string_view token() const;
  [[nodiscard]] std::unexpected<Error> unexpected() const;
  [[nodiscard]] std::unexpected<Error> syntax_error(std::size_t at, const std::string& why) const;
  bool take(char c);
  Result<std::string> text();
  Result<char32_t> escaped(std::size_t escape_at);
  Result<> number_or_word();

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace invar::components::pyroscope_receive_http
