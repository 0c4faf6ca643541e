#include "http/shown_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.h"
#include "base/strings.h"

namespace invar::http {
namespace {

constexpr std::size_t kMostMarkup = 64 << 10;  // a page says what it is at its beginning

bool is_page(std::string_view body, std::string_view type) {
  const std::string begin = to_lower_ascii(trim_space(body.substr(0, 64)));
  return type == "text/html" || begin.starts_with("<!doctype html") || begin.starts_with("<html");
}

// The page's text: tags become spaces, scripts, styles and comments go with what is in them.
std::string without_markup(std::string_view page) {
  page = page.substr(0, kMostMarkup);
  const std::string lower = to_lower_ascii(page);
  std::string out;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t tag = std::min(page.find('<', at), page.size());
    out.append(page.substr(at, tag - at)).append(" ");
    const std::string_view name = std::string_view(lower).substr(tag, 7);
    std::size_t end = tag;
    if (name.starts_with("<script")) end = lower.find("</script", tag);
    if (name.starts_with("<style")) end = lower.find("</style", tag);
    if (name.starts_with("<!--")) end = lower.find("-->", tag);
    end = page.find('>', std::min(end, page.size()));
    at = end == std::string_view::npos ? page.size() : end + 1;
  }
  return out;
}

}  // namespace

std::string shown_body(std::string_view body, std::string_view content_type, std::size_t max_bytes) {
  if (body.empty()) return "";
  const std::string type = to_lower_ascii(trim_space(content_type.substr(0, content_type.find(';'))));
  if (!looks_like_text(body)) {
    const std::string_view kind = body.starts_with("\x1f\x8b") ? "gzip data" : "binary data";
    return fmt::format("{} of {}{}", human_bytes(body.size()), kind,
                       type.empty() ? "" : ", sent as " + shown_text(type, 80));
  }
  return is_page(body, type) ? shown_text(without_markup(body), max_bytes) : shown_text(body, max_bytes);
}

}  // namespace invar::http
