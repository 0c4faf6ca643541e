// `invar validate`: formatting.md 6. Nothing is evaluated, built, fetched or opened.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "app/advice.h"
#include "app/commands.h"
#include "app/run_options.h"
#include "fs/filesystem.h"
#include "services/other_pipelines.h"

namespace invar::app {

bool use_colour() {
  const char* term = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

namespace {

syntax::Diagnostics mistakes_in(const ConfigFiles& config, fs::FileSystem& files,
                                const ValidateOptions& options, component::OtherPipelines& other_pipelines) {
  const std::vector<runtime::ConfigBlock> blocks = config_blocks();
  return runtime::validate(config.sources,
                           {.components = &components(),
                            .blocks = &blocks,
                            .min_stability = options.min_stability,
                            .files = &files,
                            .module_path = config.module_path,
                            .other_pipelines = options.skip_other_pipelines ? &other_pipelines : nullptr},
                           advice());
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

syntax::Diagnostics all_mistakes(const ConfigFiles& config, fs::FileSystem& files, syntax::Diagnostics found,
                                 const ValidateOptions& options) {
  // The load says more of what it found itself, at the place of the whole component: its message ends with the mistake's.
  constexpr int kMostWords = 100;
  std::set<std::string> places;
  std::set<std::string, std::less<>> endings;
  for (const auto& one : found) {
    places.insert(one.range.start.to_string());
    std::size_t space = one.message.size();
    for (int words = 0; words < kMostWords && space != std::string::npos && space != 0; ++words) {
      space = one.message.rfind(' ', space - 1);
      endings.insert(one.message.substr(space == std::string::npos ? 0 : space + 1));
    }
  }
  const auto said = [&](const syntax::Diagnostic& mistake) {
    return endings.contains(mistake.message) || places.contains(mistake.range.start.to_string());
  };
  component::OtherPipelines ignored;
  for (const auto& diagnostic : mistakes_in(config, files, options, ignored))
    if (diagnostic.severity == syntax::Severity::kError && !said(diagnostic)) found.add(diagnostic);
  found.arrange();
  return found;
}

int validate(const ValidateOptions& options) {
  const auto files = fs::posix();
  const auto config = read_config(*files, options.path, runtime::Reading::kFirst);
  if (!config) return fail_with(config.error().message);
  component::OtherPipelines other_pipelines;
  auto diagnostics = mistakes_in(*config, *files, options, other_pipelines);
  const auto left = services::left_to_others(other_pipelines, RunOptions{}.listen_address);
  fmt::print(stderr, "{}", services::left_to_others_text(left));
  if (diagnostics.empty()) return 0;
  diagnostics.arrange();
  fmt::print(stderr, "{}", diagnostics.render(use_colour()));
  std::fputs("\n", stdout);
  std::fflush(stdout);
  const std::size_t errors = diagnostics.count(syntax::Severity::kError);
  const std::size_t warnings = diagnostics.count(syntax::Severity::kWarning);
  if (errors == 0) {
    fmt::print(stderr, "{}; the configuration runs\n", counted(warnings, "warning"));
    return 0;
  }
  const std::size_t own = errors - diagnostics.count_foreign();
  std::string last = "validation failed: " + counted(errors, "error");
  if (own != errors)
    last += own == 0 ? ", none of them about profiles" : fmt::format(", {} of them about profiles", own);
  if (warnings > 0) last += " and " + counted(warnings, "warning");
  return fail_with(last);
}

}  // namespace invar::app
