#include "http/strict_head.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "http/url.h"

namespace invar::http {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";

using Field = std::pair<std::string_view, std::string>;

std::string_view without_empty_lines(std::string_view bytes) {
  const auto begin = bytes.find_first_not_of("\r\n");
  return begin == std::string_view::npos ? std::string_view() : bytes.substr(begin);
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) c = ' ';
  }
  return out;
}

// "HTTP/1.1  200" -> "HTTP/1.1 200 ".
std::string status_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::string(line);
  const std::string_view version = line.substr(0, space);
  std::string_view rest = trim_space(line.substr(space));
  const std::string_view code = rest.substr(0, rest.find(' '));
  rest.remove_prefix(code.size());
  return std::string(version) + " " + std::string(code) + " " + without_controls(trim_space(rest));
}

std::vector<Field> fields_of(std::string_view rest) {
  std::vector<Field> fields;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (!fields.empty()) fields.back().second += " " + without_controls(trim_space(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trim_space(line.substr(0, colon));
    if (is_header_token(name))
      fields.emplace_back(name, without_controls(trim_space(line.substr(colon + 1))));
  }
  return fields;
}

bool is_length(const Field& field) {
  return equals_ignore_case(field.first, "Content-Length");
}

bool is_transfer_coding(const Field& field) {
  return equals_ignore_case(field.first, "Transfer-Encoding");
}
bool is_content_coding(const Field& field) {
  return equals_ignore_case(field.first, "Content-Encoding");
}

void append_coding(std::string& list, std::string_view coding) {
  list.append(list.empty() ? "" : ", ").append(coding);
}

// RFC 9112 6.1: what packs the body before it is cut into chunks is undone after what packs the content, and by whoever undoes that:
// such codings become content codings. "identity" is none. True: the body comes in chunks.
bool settle_transfer_codings(std::vector<Field>& fields) {
  bool chunked = false;
  std::string packed;
  for (const auto& field : fields) {
    if (!is_transfer_coding(field)) continue;
    for (std::string_view coding : split(field.second, ',')) {
      coding = trim_space(coding);
      if (coding.empty() || equals_ignore_case(coding, "identity")) continue;
      if (std::exchange(chunked, false)) append_coding(packed, "chunked");  // not the last one
      if (equals_ignore_case(coding, "chunked")) {
        chunked = true;
      } else {
        append_coding(packed, coding);
      }
    }
  }
  std::erase_if(fields, is_transfer_coding);
  if (chunked) fields.emplace_back("Transfer-Encoding", "chunked");
  if (packed.empty()) return chunked;
  std::string codings;
  for (const auto& field : fields)
    if (is_content_coding(field)) append_coding(codings, field.second);
  append_coding(codings, packed);
  std::erase_if(fields, is_content_coding);
  if (!chunked) std::erase_if(fields, is_length);  // only the end of the connection says where it ends
  fields.emplace_back("Content-Encoding", std::move(codings));
  return chunked;
}

// RFC 9112 6.3: chunks outweigh a length; one that says the same again says nothing.
void settle_framing(std::vector<Field>& fields) {
  const bool chunked = std::ranges::any_of(fields, is_transfer_coding) && settle_transfer_codings(fields);
  std::string length;
  bool seen = false;
  std::erase_if(fields, [&](const Field& field) {
    if (!is_length(field)) return false;
    if (chunked) return true;
    const bool again = seen && field.second == length;
    length = field.second;
    seen = true;
    return again;
  });
}

}  // namespace

std::size_t head_size(std::string_view bytes) {
  const std::string_view head = without_empty_lines(bytes);
  if (head.empty()) return 0;
  const std::size_t skipped = bytes.size() - head.size();
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    const std::string_view next = head.substr(at + 1);
    if (next.starts_with('\n')) return skipped + at + 2;
    if (next.starts_with("\r\n")) return skipped + at + 3;
  }
  return 0;
}

bool may_be_head(std::string_view bytes) {
  const std::string_view head = without_empty_lines(bytes);
  return head.substr(0, kVersion.size()) == kVersion.substr(0, head.size());
}

std::string strict_head(std::string_view head) {
  head = without_empty_lines(head);
  std::string out = status_line(take_line(head)) + "\r\n";
  auto fields = fields_of(head);
  settle_framing(fields);
  for (const auto& [name, value] : fields) out.append(name).append(": ").append(value).append("\r\n");
  return out + "\r\n";
}

}  // namespace invar::http
