#include "archive_tool/flame.h"

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "archive_tool/text.h"
#include "base/build_info.h"

namespace invar::archive_tool {

std::string flame_title(const Selection& selection) {
  std::string_view first = selection.paths.front();
  while (first.size() > 1 && first.ends_with('/')) first.remove_suffix(1);
  std::string title(first.substr(first.rfind('/') + 1));
  if (!selection.selector.empty()) title += selection.selector;
  if (selection.paths.size() > 1) title += " and " + std::to_string(selection.paths.size() - 1) + " more";
  return title;
}

bool is_flame_output(std::string_view path) {
  return path.ends_with(".html") || path.ends_with(".svg");
}

Result<> write_flame(const Environment& environment, const Loaded& loaded, const StackOptions& stacks,
                     flame::Caption caption, const std::string& output) {
  INVAR_ASSIGN_OR_RETURN(const pprof::StackFilter filter, stack_filter(stacks));
  const pprof::FlameTree tree = build_tree(loaded.profile, frame_detail(stacks.lines), filter);
  const auto fact = [&](const char* name, std::string value) {
    if (!value.empty()) caption.facts.emplace_back(name, std::move(value));
  };
  const pprof::MergedHeader& header = loaded.profile.header();
  if (header.time_unix_ns > 0) fact("From", show_time(header.time_unix_ns) + " UTC");
  fact("Only stacks with", stacks.focus);
  fact("No stacks with", stacks.ignore);
  fact("Drawn by", "invar " + std::string(build_info().version));
  if (output.ends_with(".svg"))
    return write_output(environment, output, flame_svg(tree, caption, tree.default_type), true);
  return write_output(environment, output, flame::page(tree, caption), false);  // too long for a terminal
}

Result<int> flame(const Environment& environment, const FlameOptions& options) {
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load(environment, options.selection));
  flame::Caption caption;
  caption.title = options.title.empty() ? flame_title(options.selection) : options.title;
  caption.facts = {{"Profiles", std::to_string(loaded.profiles[0])}};
  INVAR_TRY(write_flame(environment, loaded, options.stacks, std::move(caption), options.output));
  return loaded.all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
