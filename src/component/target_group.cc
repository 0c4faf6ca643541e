#include "component/target_group.h"

#include "base/strings.h"
#include "json/reader.h"

namespace invar::component {
namespace {

using json::Kind;
using json::Reader;

// The value that comes next is not what it must be; what is no JSON at all is told in the reader's words.
bool refuse(Reader& in, const std::string& what, std::string_view must) {
  const Kind kind = in.kind();
  if (kind == Kind::kNothing) return in.skip();
  return in.fail(what + " must be " + std::string(must) + ", not " + std::string(json::to_string(kind)));
}

// Null is an empty text.
bool read_text(Reader& in, const std::string& what, std::string& out) {
  out.clear();
  if (in.kind() == Kind::kNull) return in.read_null();
  return in.kind() == Kind::kString ? in.read(out) : refuse(in, what, "a string");
}

// This and the next start anew: of a repeated field the last wins.
bool read_addresses(Reader& in, std::vector<std::string>& out) {
  out.clear();
  if (in.kind() == Kind::kNull) return in.read_null();
  if (in.kind() != Kind::kArray) return refuse(in, "\"targets\"", "a list");
  in.enter(Kind::kArray);
  while (in.next_element()) read_text(in, "a target", out.emplace_back());
  return !in.failed();
}

bool read_labels(Reader& in, Target::Map& out) {
  out.clear();
  if (in.kind() == Kind::kNull) return in.read_null();
  if (in.kind() != Kind::kObject) return refuse(in, "\"labels\"", "an object");
  in.enter(Kind::kObject);
  std::string name, text;
  while (in.next_member(name)) {
    if (name.empty()) return in.fail("\"\" is not a valid label name");
    if (!read_text(in, "label " + quote(name), text)) return false;
    out[name] = text;
  }
  return !in.failed();
}

bool read_group(Reader& in, TargetGroup& out) {
  if (in.kind() == Kind::kNull) return in.fail("nil target group item found");
  if (in.kind() != Kind::kObject) return refuse(in, "a target group", "an object");
  in.enter(Kind::kObject);
  std::string name;
  while (in.next_member(name)) {
    if (equals_ignore_case(name, "targets")) {
      read_addresses(in, out.addresses);
    } else if (equals_ignore_case(name, "labels")) {
      read_labels(in, out.labels);
    } else {
      return in.fail("json: unknown field " + quote(name));
    }
  }
  return !in.failed();
}

}  // namespace

Result<std::vector<TargetGroup>> parse_target_groups_json(std::string_view text) {
  std::vector<TargetGroup> groups;
  Reader in(text, {.max_depth = 16});
  if (in.kind() == Kind::kNull) {
    in.read_null();
  } else if (in.kind() != Kind::kArray) {
    refuse(in, "target groups", "a list");
  } else {
    in.enter(Kind::kArray);
    while (in.next_element()) {
      if (!read_group(in, groups.emplace_back()))
        return std::unexpected(in.error().wrapped("group " + std::to_string(groups.size() - 1)));
    }
  }
  if (!in.end()) return std::unexpected(in.error());
  return groups;
}

void append_targets(const TargetGroup& group, Targets& out) {
  const auto shared = std::make_shared<const TargetLabels>(TargetLabels::of(group.labels));
  for (const std::string& address : group.addresses) {
    std::vector<TargetLabels::Entry> own;
    own.emplace_back(SharedText::common("__address__"), SharedText::common(address));
    out.emplace_back(shared, TargetLabels(std::move(own)));
  }
}

}  // namespace invar::component
