#include "http/shown_body.h"

#include <gtest/gtest.h>

namespace invar::http {
namespace {

TEST(ShownBody, SaysWhatABodySays) {
  const struct {
    std::string body;
    const char* type;
    const char* shown;
  } cases[] = {
      {"", "text/plain", ""},
      {"Client sent an HTTP request to an HTTPS server.\n", "",
       "Client sent an HTTP request to an HTTPS server."},
      {"{\"message\":\n \"no Route matched\"}", "application/json", "{\"message\": \"no Route matched\"}"},
      {"<html><head><title>403 Forbidden</title><style>b{color:red}</style></head>\r\n<body><!-- a > b -->"
       "<h1>Blocked</h1><script>if (a<b) x()</script>id 17</body></html>",
       "text/html; charset=utf-8", "403 Forbidden Blocked id 17"},
      {"<!DOCTYPE html><p>Bad Gateway", "", "Bad Gateway"},
      {"a page that would turn the terminal \x1b[31mred, were it let", "text/plain",
       "a page that would turn the terminal \\x1b[31mred, were it let"},
      {std::string("\x1f\x8b\x08\x00\x00\x01", 6), "Application/X; v=1",
       "6 B of gzip data, sent as application/x"},
      {std::string("\x00\x01\xff\xfe", 4), "", "4 B of binary data"},
      {"<!--", "text/html", ""},
      {"<", "text/html", ""},
      {"a<script", "text/html", "a"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown_body(c.body, c.type), c.shown) << c.body;
}

TEST(ShownBody, IsCut) {
  EXPECT_LE(shown_body(std::string(100'000, 'x'), "text/plain", 50).size(), 50u);
  EXPECT_LE(shown_body("<html>" + std::string(100'000, 'x'), "", 50).size(), 50u);
}

}  // namespace
}  // namespace invar::http
