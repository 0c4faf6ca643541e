// Any bytes: a text that reads as JSON reads again, to the same, from what the writer makes of it.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "json/reader.h"
#include "json/writer.h"

namespace {

using invar::json::Kind;
using invar::json::Reader;
using invar::json::Writer;

void copy(Reader& in, Writer& out) {  // NOLINT(misc-no-recursion): as deep as the reader allows
  std::string text;
  std::string_view number;
  bool flag = false;
  switch (in.kind()) {
    case Kind::kObject:
      in.enter(Kind::kObject);
      out.begin_object();
      while (in.next_member(text)) {
        out.key(text);
        copy(in, out);
      }
      out.end_object();
      return;
    case Kind::kArray:
      in.enter(Kind::kArray);
      out.begin_array();
      while (in.next_element()) copy(in, out);
      out.end_array();
      return;
    case Kind::kString:
      if (in.read(text)) out.value(text);
      return;
    case Kind::kNumber:
      if (in.read_number(number)) out.raw(number);
      return;
    case Kind::kBool:
      if (in.read(flag)) out.value(flag);
      return;
    case Kind::kNull:
    case Kind::kNothing:
      if (in.read_null()) out.null();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Reader whole(text), in(text, {.strict_text = size % 2 == 1});
  const bool is_json = whole.skip() && whole.end();
  std::string once;
  Writer writer(once);
  copy(in, writer);
  if (!in.end()) {
    INVAR_CHECK(!is_json || size % 2 == 1, "read by parts it fails, skipped it does not");
    (void)in.place(in.error_offset());
    return 0;
  }
  INVAR_CHECK(is_json, "skipped it fails, read by parts it does not");
  Reader again(once);
  std::string twice;
  Writer second(twice);
  copy(again, second);
  INVAR_CHECK(again.end() && once == twice, "what was written reads as something else");
  return 0;
}
