#include "services/problem_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/html.h"

namespace invar::services {
namespace {

constexpr std::size_t kMaxLines = 50;
constexpr std::size_t kMaxOthers = 5;

void remove_all(std::string& text, std::string_view part) {
  if (part.empty()) return;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;) text.erase(at, part.size());
}

// The sentence as it would read for any other address.
std::string without_address(std::string sentence, std::string_view url) {
  remove_all(sentence, url);
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return sentence;
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?"));
  remove_all(sentence, authority);
  remove_all(sentence, authority.substr(0, authority.rfind(':')));
  return sentence;
}

}  // namespace

void ProblemList::add(const std::string& component, const std::string& what, const std::string& sentence,
                      const std::string& lasting) {
  ++count_;
  const auto [at, is_new] = line_of_.try_emplace({component, without_address(sentence, what)}, lines_.size());
  if (is_new) {
    lines_.push_back({component, what, sentence, lasting, 1, {}});
    return;
  }
  Line& line = lines_[at->second];
  ++line.times;
  if (line.others.size() < kMaxOthers && what != line.what &&
      std::ranges::find(line.others, what) == line.others.end())
    line.others.push_back(what);
}

std::string ProblemList::html() const {
  if (lines_.empty()) return {};
  std::string out = "<div class=\"problems\"><h3>Problems</h3><ul>";
  std::size_t left = count_;
  for (std::size_t i = 0; i < std::min(lines_.size(), kMaxLines); ++i) {
    const Line& line = lines_[i];
    left -= line.times;
    out += "<li>";
    if (!line.component.empty())
      out += fmt::format("<a href=\"#{0}\"><code>{0}</code></a>", escape_html(line.component));
    if (!line.what.empty()) out += fmt::format(" <code>{}</code>", escape_html(line.what));
    if (!line.component.empty() || !line.what.empty()) out += ": ";
    out += escape_html(line.sentence);
    if (!line.lasting.empty())
      out += fmt::format(" <span class=\"soft\">{}</span>", escape_html(line.lasting));
    if (line.times > 1) {
      out += fmt::format(" <span class=\"soft\">The same with {} more", line.times - 1);
      for (std::size_t other = 0; other < line.others.size(); ++other)
        out += fmt::format("{}<code>{}</code>", other == 0 ? ": " : ", ", escape_html(line.others[other]));
      out += !line.others.empty() && line.others.size() + 1 < line.times ? " &hellip;</span>" : ".</span>";
    }
    out += "</li>";
  }
  if (left > 0) out += fmt::format("<li>and {} more</li>", left);
  return out + "</ul></div>";
}

}  // namespace invar::services
