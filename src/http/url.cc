#include "http/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <vector>

#include "base/redact_url.h"
#include "base/strings.h"

namespace invar::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

constexpr char kHex[] = "0123456789ABCDEF";

void append_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

// Bytes that may not stand in a request line become escapes; everything else stays as the user wrote it.
std::string as_written(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '<' || c == '>') {
      append_escaped(out, c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::string> bad_escape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) {
      return std::string(text.substr(i, 3));
    }
  }
  return std::nullopt;
}

std::string_view default_port(std::string_view scheme) {
  if (scheme == "http") return "80";
  if (scheme == "https") return "443";
  if (scheme == "socks5" || scheme == "socks5h") return "1080";
  return "";
}

std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> out;
  const auto parts = split(path, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == ".") {
      if (last) out.push_back("");
    } else if (parts[i] == "..") {
      if (!out.empty()) out.pop_back();
      if (last) out.push_back("");
    } else {
      out.push_back(parts[i]);
    }
  }
  std::string result;
  for (const auto part : out) {
    result.push_back('/');
    result.append(part);
  }
  return result.empty() ? "/" : result;
}

struct Scheme {
  std::string name;  // lower case, "" when the text has none
  std::string_view rest;
};

Scheme split_scheme(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_alpha(c)) continue;
    if (i > 0 && (is_digit(c) || c == '+' || c == '-' || c == '.')) continue;
    if (i > 0 && c == ':') return {to_lower_ascii(text.substr(0, i)), text.substr(i + 1)};
    break;
  }
  return {"", text};
}

bool is_ipv6(std::string_view text) {
  in6_addr ignored{};
  const std::string address(text.substr(0, text.find('%')));
  return address.find(':') != std::string::npos && inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

// A text without a scheme, or with something before its first colon that was meant as a host: what to write instead.
std::string write_a_scheme(std::string_view text) {
  if (text.empty()) return "the URL is empty";
  if (text.starts_with('/'))
    return "missing protocol scheme: a URL begins with http:// or https:// and a host";
  if (is_ipv6(text)) return fmt::format("missing protocol scheme: write http://[{}]", text);
  return fmt::format("missing protocol scheme: write http://{}", text);
}

Result<> parse_authority(std::string_view authority, Url& url) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (const auto bad = bad_escape(url.user_info)) {
      return fail(ErrorCode::kInvalidArgument, "invalid escape in the user info of the URL");
    }
  }
  std::string_view port_text;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return fail(ErrorCode::kInvalidArgument, "missing ']' in host");
    const auto literal = percent_decode(authority.substr(1, close - 1), false);
    in6_addr ignored{};
    const std::string address = literal ? literal->substr(0, literal->find('%')) : "";
    if (inet_pton(AF_INET6, address.c_str(), &ignored) != 1) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("invalid IPv6 address {} in host", quote(authority.substr(0, close + 1))));
    }
    url.host = *literal;
    port_text = authority.substr(close + 1);
  } else if (is_ipv6(authority)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an IPv6 address stands in brackets: write [{}]", authority));
  } else {
    const auto colon = authority.find(':');
    const auto host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port_text = authority.substr(colon);
    const auto decoded = percent_decode(host, false);
    if (!decoded)
      return fail(ErrorCode::kInvalidArgument, fmt::format("invalid URL escape in host {}", quote(host)));
    url.host = *decoded;
  }
  const bool v6 = authority.starts_with('[');
  for (const char c : url.host) {
    const bool forbidden =
        std::string_view(v6 ? "\"<>\\^`{|}/?#@[]" : "\"<>\\^`{|}/?#@[]:%").find(c) != std::string_view::npos;
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || forbidden) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("invalid character {} in host name", quote(std::string_view(&c, 1))));
    }
  }
  if (url.host.empty()) return fail(ErrorCode::kInvalidArgument, "no host in URL");
  if (port_text.empty()) return {};
  const auto number = parse_uint(port_text.substr(1));
  if (port_text[0] != ':' || (port_text.size() > 1 && (!number || *number > 65535))) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("invalid port {} after host", quote(port_text)));
  }
  url.port = port_text.substr(1);
  return {};
}

}  // namespace

bool is_ip(const std::string& text) {
  in6_addr ignored{};
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 || inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string query_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

std::string path_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || std::string_view("$&+=:@").find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

Result<Url> parse_url(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(ErrorCode::kInvalidArgument, "invalid control character in URL");
    }
  }
  const std::string_view written = text;
  Url url;
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    url.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  const Scheme scheme = split_scheme(text);
  std::string_view rest = scheme.rest;
  // `pyroscope:4040` has a host there, and no scheme.
  const bool port_follows = !rest.empty() && is_digit(rest[0]);
  if (scheme.name.empty() || port_follows || is_ipv6(written)) {
    return fail(ErrorCode::kInvalidArgument, write_a_scheme(written));
  }
  url.scheme = scheme.name;
  if (!rest.starts_with("//")) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("no host in URL: write {}://HOST", scheme.name));
  }
  rest.remove_prefix(2);
  const auto end = rest.find_first_of("/?");
  INVAR_TRY(parse_authority(rest.substr(0, end), url));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    url.query = as_written(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  if (const auto bad = bad_escape(rest)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("invalid URL escape {}", quote(*bad)));
  }
  url.path = as_written(rest);
  return url;
}

std::string address_mistake(std::string_view address) {
  if (address.find("://") != std::string_view::npos) {
    const auto url = parse_url(address);
    if (!url) return fmt::format("{} is a URL instead of host:port", quote(address));
    return fmt::format("{} is a URL; write {}", quote(address), url->host_port());
  }
  if (const auto more = address.find_first_of("/?#"); more != std::string_view::npos) {
    return fmt::format("{} holds more than host and port; write {}", quote(address), address.substr(0, more));
  }
  if (is_ipv6(address)) return fmt::format("an IPv6 address stands in brackets: write [{}]", address);
  return "";
}

std::string join_host_port(std::string_view host, std::string_view port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string Url::host_port() const {
  return join_host_port(host, port.empty() ? default_port(scheme) : std::string_view(port));
}

std::string wire_url(const Url& url) {
  std::string out = url.scheme + "://";
  const bool v6 = url.host.find(':') != std::string::npos;
  if (v6) {
    std::string literal = url.host;
    // The mark of a zone is an escape in a URL.
    if (const auto zone = literal.find('%'); zone != std::string::npos) literal.insert(zone + 1, "25");
    out += "[" + literal + "]";
  } else {
    out += url.host;
  }
  if (!url.port.empty()) {
    out.push_back(':');
    out += url.port;
  }
  // What stands between a request's spaces must not hold any, nor bytes beyond ASCII.
  const auto append = [&out](std::string_view part) {
    for (const char c : part) {
      if (c > ' ' && c < '\x7f') {
        out.push_back(c);
      } else {
        out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  };
  append(url.path.empty() ? "/" : url.path);
  if (!url.query.empty()) {
    out.push_back('?');
    append(url.query);
  }
  return out;
}

std::string redact_url(std::string_view text) {
  return invar::redact_url(text);
}

std::optional<std::pair<std::string, std::string>> url_credentials(const Url& url) {
  if (url.user_info.empty()) return std::nullopt;
  const std::string_view info = url.user_info;
  const auto colon = info.find(':');
  std::string user = percent_decode(info.substr(0, colon), false).value_or("");
  std::string password;
  if (colon != std::string_view::npos) password = percent_decode(info.substr(colon + 1), false).value_or("");
  return std::pair{std::move(user), std::move(password)};
}

Result<std::string> resolve_reference(const Url& base, std::string_view reference) {
  reference = trim_space(reference);
  Url target = base;
  target.user_info.clear();
  target.fragment.clear();
  if (const auto hash = reference.find('#'); hash != std::string_view::npos)
    reference = reference.substr(0, hash);
  if (const Scheme scheme = split_scheme(reference); !scheme.name.empty()) {
    INVAR_ASSIGN_OR_RETURN(const Url absolute, parse_url(reference));
    if (absolute.scheme != "http" && absolute.scheme != "https") {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("unsupported protocol scheme {}", quote(absolute.scheme)));
    }
    return std::string(reference);
  }
  if (reference.starts_with("//")) return resolve_reference(base, base.scheme + ":" + std::string(reference));
  std::string_view path = reference;
  std::optional<std::string_view> query;
  if (const auto question = reference.find('?'); question != std::string_view::npos) {
    path = reference.substr(0, question);
    query = reference.substr(question + 1);
  }
  for (const char c : reference) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(ErrorCode::kInvalidArgument, "invalid control character in URL");
    }
  }
  if (path.empty()) {
    if (query) target.query = as_written(*query);
  } else {
    target.query = query ? as_written(*query) : "";
    if (path.starts_with('/')) {
      target.path = remove_dot_segments(as_written(path));
    } else {
      const auto slash = base.path.rfind('/');
      const std::string prefix = slash == std::string::npos ? "/" : base.path.substr(0, slash + 1);
      target.path = remove_dot_segments(prefix + as_written(path));
    }
  }
  // User info of the base stays with a relative reference, as it names the same server.
  target.user_info = base.user_info;
  std::string out = wire_url(target);
  if (!target.user_info.empty()) out.insert(target.scheme.size() + 3, target.user_info + "@");
  return out;
}

std::string canonical_header_name(std::string_view name) {
  std::string out(name);
  bool start = true;
  for (char& c : out) {
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!start && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    start = c == '-';
  }
  return out;
}

bool is_header_token(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (!is_alpha(c) && !is_digit(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

bool is_header_value(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
  }
  return true;
}

std::optional<HostPort> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    HostPort out{std::string(text.substr(1, close - 1)), ""};
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return out;
    if (rest[0] != ':') return std::nullopt;
    out.port = rest.substr(1);
    return out;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return HostPort{std::string(text), ""};
  if (text.find(':', colon + 1) != std::string_view::npos)
    return HostPort{std::string(text), ""};  // bare IPv6
  return HostPort{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace invar::http
