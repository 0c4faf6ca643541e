#include "pprof/tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "archive_tool/text.h"

namespace invar::archive_tool {
namespace {

class TreePrinter {
 public:
  TreePrinter(const pprof::FlameTree& tree, const TreeOptions& options, std::uint32_t type)
      : tree_(tree), options_(options), type_(type), whole_(tree.total(0, type)) {
    const double smallest = options.min_percent / 100 * static_cast<double>(whole_);
    smallest_ = static_cast<std::int64_t>(smallest);
  }

  std::string print() {
    out_ = fmt::format("{:>11} {:>7} {:>11}  {}\n", "TOTAL", "TOTAL%", "SELF",
                       options_.stacks.lines ? "CALLS BY LINE" : "CALLS");
    children(0, "", 1);
    return std::move(out_);
  }

 private:
  void line(std::int64_t total, std::string_view self, std::string_view text) {
    const std::string& unit = tree_.types[type_].unit;
    out_ += fmt::format("{:>11} {:>7} {:>11}  {}\n", show_value(total, unit), show_share(total, whole_), self,
                        text);
  }

  // Depth is bounded: every level is a call whose share is shown, and stacks are as deep as a profiler records.
  void children(std::uint32_t node, const std::string& indent, std::uint64_t depth) {
    const pprof::FlameNode& parent = tree_.nodes[node];
    std::vector<std::uint32_t> shown;
    std::int64_t rest = 0;
    std::size_t rest_count = 0;
    const bool too_deep = options_.max_depth != 0 && depth > options_.max_depth;
    for (std::uint32_t child = parent.first_child; child < parent.first_child + parent.children; ++child) {
      const std::int64_t total = tree_.total(child, type_);
      if (total > 0 && total >= smallest_ && !too_deep) {
        shown.push_back(child);
      } else if (total != 0) {
        rest += total;
        ++rest_count;
      }
    }
    std::ranges::stable_sort(shown, std::greater(),
                             [&](std::uint32_t child) { return tree_.total(child, type_); });
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const bool last = i + 1 == shown.size() && rest_count == 0;
      const std::int64_t self = tree_.self(shown[i], type_);
      line(tree_.total(shown[i], type_), self == 0 ? "" : show_value(self, tree_.types[type_].unit),
           indent + (last ? "└ " : "├ ") +
               frame_text(tree_.frames[tree_.nodes[shown[i]].frame], options_.stacks.lines));
      children(shown[i], indent + (last ? "  " : "│ "), depth + 1);
    }
    if (rest_count > 0) line(rest, "", fmt::format("{}└ ({} more)", indent, rest_count));
  }

  const pprof::FlameTree& tree_;
  const TreeOptions& options_;
  const std::uint32_t type_;
  const std::int64_t whole_;
  std::int64_t smallest_ = 0;
  std::string out_;
};

}  // namespace

Result<int> tree(const Environment& environment, const TreeOptions& options) {
  INVAR_ASSIGN_OR_RETURN(const pprof::StackFilter filter, stack_filter(options.stacks));
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load(environment, options.selection));
  const pprof::FlameTree tree = build_tree(loaded.profile, frame_detail(options.stacks.lines), filter);
  std::string out;
  for (std::uint32_t type = 0; type < tree.types.size(); ++type) {
    const pprof::SampleType& names = tree.types[type];
    out += fmt::format("{}{}: {} in {} profiles\n", type == 0 ? "" : "\n", names.type,
                       show_value(tree.total(0, type), names.unit), loaded.profiles[0]);
    out += TreePrinter(tree, options, type).print();
  }
  environment.print(out);
  return loaded.all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
