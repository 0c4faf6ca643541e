#include "components/local/file_match/path_pattern.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "fs/glob.h"

namespace invar::components::local_file_match {
namespace {

constexpr std::size_t kMostAlternatives = 1000;
constexpr std::size_t kDeepest = 64;
constexpr std::string_view kAnyDirectories = "**";

// Past one character of a pattern: an escape and a class are one.
std::size_t skip(std::string_view pattern, std::size_t at) {
  if (pattern[at] == '\\') return std::min(at + 2, pattern.size());
  if (pattern[at] != '[') return at + 1;
  const auto end = pattern.find(']', at + 2);
  return end == std::string_view::npos ? at + 1 : end + 1;
}

struct Braces {
  std::size_t begin = 0, end = 0;  // of `{`, and behind `}`
  std::vector<std::string_view> choices;
};

// The first `{…}`; nullopt when there is none. An error for one that does not end.
Result<std::optional<Braces>> find_braces(std::string_view pattern) {
  std::size_t at = 0;
  while (at < pattern.size() && pattern[at] != '{') at = skip(pattern, at);
  if (at >= pattern.size()) return std::nullopt;
  Braces braces{.begin = at, .end = 0, .choices = {}};
  int depth = 0;
  std::size_t choice = at + 1;
  while (at < pattern.size()) {
    const char c = pattern[at];
    if (c == '{') ++depth;
    if (depth == 1 && (c == ',' || c == '}')) {
      braces.choices.push_back(pattern.substr(choice, at - choice));
      choice = at + 1;
    }
    if (c == '}' && --depth == 0) {
      braces.end = at + 1;
      return braces;
    }
    at = skip(pattern, at);
  }
  return fail(ErrorCode::kInvalidArgument, "a { without its }");
}

Result<> expand(std::string pattern, std::vector<std::string>& out) {
  INVAR_ASSIGN_OR_RETURN(const auto braces, find_braces(pattern));
  if (!braces) {
    if (out.size() == kMostAlternatives)
      return fail(ErrorCode::kInvalidArgument, "more than 1000 combinations of its { }");
    out.push_back(std::move(pattern));
    return {};
  }
  const std::string_view text = pattern;
  for (const std::string_view choice : braces->choices) {
    INVAR_TRY(expand(std::string(text.substr(0, braces->begin)) + std::string(choice) +
                         std::string(text.substr(braces->end)),
                     out));
  }
  return {};
}

// `[!a]` as fs/glob.h writes it.
std::string with_caret(std::string part) {
  for (std::size_t at = 0; at + 1 < part.size(); at = skip(part, at)) {
    if (part[at] == '[' && part[at + 1] == '!') part[at + 1] = '^';
  }
  return part;
}

Result<std::vector<std::string>> parts_of(std::string_view pattern) {
  std::vector<std::string> parts;
  for (const std::string_view text : split(pattern, '/')) {
    if (text.empty() || text == ".") continue;
    if (text == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(with_caret(std::string(text)));
    if (!fs::valid_glob(parts.back()))
      return fail(ErrorCode::kInvalidArgument, quote(text) + " has a syntax error");
  }
  return parts;
}

}  // namespace

Result<PathPattern> PathPattern::parse(std::string_view pattern) {
  if (!pattern.starts_with('/')) return fail(ErrorCode::kInvalidArgument, "it is not absolute");
  std::vector<std::string> texts;
  INVAR_TRY(expand(std::string(pattern), texts));
  PathPattern made;
  for (const std::string& text : texts) {
    INVAR_ASSIGN_OR_RETURN(auto parts, parts_of(text));
    made.alternatives_.push_back(std::move(parts));
  }
  return made;
}

// Where `**` stands, what follows it may come at once.
void PathPattern::enter(State at, States& states) const {
  for (; states.insert(at).second && !at_end(at) && part(at) == kAnyDirectories; ++at.second) {
  }
}

PathPattern::States PathPattern::start() const {
  States states;
  for (std::size_t i = 0; i < alternatives_.size(); ++i) enter({i, 0}, states);
  return states;
}

// `below_any`: whether `**` takes the name.
PathPattern::States PathPattern::step(const States& from, std::string_view name, bool below_any) const {
  States to;
  for (const State& at : from) {
    if (at_end(at)) continue;
    if (part(at) == kAnyDirectories) {
      if (below_any) enter(at, to);
    } else if (fs::glob_match(part(at), name)) {
      enter({at.first, at.second + 1}, to);
    }
  }
  return to;
}

bool PathPattern::complete(const States& states) const {
  return std::ranges::any_of(states, [this](State at) { return at_end(at); });
}

bool PathPattern::matches(std::string_view path) const {
  States states = start();
  for (const std::string_view name : split(path, '/')) {
    if (!name.empty()) states = step(states, name, true);
  }
  return complete(states);
}

class PathPattern::Walk {
 public:
  using Each = std::function<bool(const std::string&, const fs::Stat&)>;
  Walk(const PathPattern& pattern, fs::FileSystem& files, const Each& each)
      : pattern_(pattern), files_(files), each_(each) {}

  // False: stopped.
  bool directory(const std::string& path, const States& states, std::size_t depth) {
    if (depth > kDeepest) return true;
    std::set<std::string> names;
    bool any = false;
    for (const State& at : states) {
      if (pattern_.at_end(at)) continue;
      any = any || fs::has_wildcard(pattern_.part(at));
      names.insert(pattern_.part(at));
    }
    bool going = true;
    if (any) {
      (void)files_.visit(path.empty() ? "/" : path, [&](std::string_view name, fs::EntryKind kind) {
        return going = entry(path, name, kind == fs::EntryKind::kDirectory, states, depth);
      });
      return going;
    }
    for (const std::string& name : names) going = going && entry(path, name, true, states, depth);
    return going;
  }

 private:
  bool entry(const std::string& parent, std::string_view name, bool real_directory, const States& states,
             std::size_t depth) {
    const States here = pattern_.step(states, name, true);
    if (here.empty()) return true;
    const std::string path = parent + "/" + std::string(name);
    const auto stat = files_.stat(path);
    if (!stat) return true;
    if (!stat->is_directory) return !pattern_.complete(here) || each_(path, *stat);
    return directory(path, real_directory ? here : pattern_.step(states, name, false), depth + 1);
  }

  const PathPattern& pattern_;
  fs::FileSystem& files_;
  const Each& each_;
};

void PathPattern::walk(fs::FileSystem& files,
                       const std::function<bool(const std::string& path, const fs::Stat& stat)>& each) const {
  Walk(*this, files, each).directory("", start(), 0);
}

}  // namespace invar::components::local_file_match
