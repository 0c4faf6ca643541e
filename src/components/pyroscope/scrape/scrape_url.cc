#include "components/pyroscope/scrape/scrape_url.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "http/client.h"
#include "http/url.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::string_view kParamPrefix = "__param_";

// Whether `address` reads as host:port, by the rules of Go's net.SplitHostPort, which users' targets are
// written for.
bool has_port(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  if (address.starts_with('[')) {
    const auto close = address.find(']');
    return close != std::string_view::npos && close + 1 == colon &&
           address.find('[', 1) == std::string_view::npos;
  }
  const auto host = address.substr(0, colon);
  return host.find(':') == std::string_view::npos && host.find_first_of("[]") == std::string_view::npos;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

void append_encoded(std::string& out, char c) {
  out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
}

std::string encode(std::string_view text, std::string_view also_plain, bool keep_escapes) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escape =
        keep_escapes && c == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (is_unreserved(c) || escape || also_plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

}  // namespace

Result<std::string> complete_address(std::string_view address, std::string_view scheme,
                                     std::string_view component_scheme) {
  if (address.empty()) return fail(ErrorCode::kInvalidArgument, "no address");
  if (const std::string mistake = http::address_mistake(address); !mistake.empty()) {
    const bool path = address.find_first_of("/?") != std::string_view::npos;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}{}", mistake,
                    path ? " (a scheme belongs into the label __scheme__, a path into __profile_path__, a "
                           "parameter into __param_NAME)"
                         : ""));
  }
  std::string completed(address);
  if (!has_port(completed) && has_port(completed + ":1234")) {
    if (scheme == "http" || scheme.empty()) {
      completed += ":80";
    } else if (scheme == "https") {
      completed += ":443";
    } else {
      return fail(ErrorCode::kInvalidArgument, fmt::format("invalid scheme: {}", quote(component_scheme)));
    }
  }
  return completed;
}

std::string join_path(std::string_view prefix, std::string_view path) {
  std::vector<std::string_view> kept;
  for (const auto part : {prefix, path}) {
    for (const auto piece : split(part, '/')) {
      if (piece.empty() || piece == ".") continue;
      if (piece == "..") {
        if (!kept.empty()) kept.pop_back();
      } else {
        kept.push_back(piece);
      }
    }
  }
  std::string joined;
  for (const auto piece : kept) joined.append("/").append(piece);
  const auto last = path.empty() ? prefix : path;
  if (joined.empty() || last.ends_with('/')) joined += '/';
  return encode(joined, "/$&+,:;=@!'()*[]", /*keep_escapes=*/true);
}

std::string scrape_url(const Labels& labels, const Params& params) {
  Params query = params;
  for (const auto& label : labels) {
    if (!label.name.starts_with(kParamPrefix)) continue;
    auto& values = query[label.name.substr(kParamPrefix.size())];
    if (values.empty()) values.emplace_back();
    values.front() = label.value;
  }
  std::string encoded;
  for (const auto& [key, values] : query) {
    for (const auto& value : values) {
      encoded += encoded.empty() ? '?' : '&';
      encoded += http::query_escape(key) + "=" + http::query_escape(value);
    }
  }
  return fmt::format(
      "{}://{}{}{}", labels.get("__scheme__"), encode(labels.get("__address__"), "!$&'()*+,;=:[]<>\"", false),
      join_path(labels.get("__profile_path_prefix__"), labels.get("__profile_path__")), encoded);
}

}  // namespace invar::components::pyroscope_scrape
