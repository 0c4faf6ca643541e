// `invar validate`: formatting.md 6. Nothing is evaluated, built, fetched or opened.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/commands.h"
#include "fs/filesystem.h"

namespace invar::app {

bool use_colour() {
  const char* term = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

syntax::Diagnostics all_mistakes(const std::vector<runtime::SourceFile>& sources, syntax::Diagnostics found,
                                 syntax::Stability min_stability) {
  // The load says more of what it found itself, at the place of the whole component.
  const auto said = [loaded = found](const syntax::Diagnostic& mistake) {
    return std::ranges::any_of(loaded, [&](const syntax::Diagnostic& one) {
      return one.message.ends_with(mistake.message) ||
             one.range.start.to_string() == mistake.range.start.to_string();
    });
  };
  for (const auto& diagnostic : runtime::validate(sources, components(), config_blocks(), min_stability))
    if (diagnostic.severity == syntax::Severity::kError && !said(diagnostic)) found.add(diagnostic);
  return found;
}

int validate(const std::string& path, syntax::Stability min_stability) {
  const auto files = fs::posix();
  auto sources = runtime::read_sources(*files, path);
  if (!sources) return fail_with(sources.error().message);
  const auto diagnostics = runtime::validate(*sources, components(), config_blocks(), min_stability);
  if (diagnostics.empty()) return 0;
  fmt::print(stderr, "{}", diagnostics.render(use_colour()));
  std::fputs("\n", stdout);
  std::fflush(stdout);
  return fail_with("validation failed");
}

}  // namespace invar::app
