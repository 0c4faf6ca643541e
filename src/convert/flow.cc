#include "convert/flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "convert/text_writer.h"
#include "runtime/other_pipelines.h"
#include "runtime/plan.h"
#include "syntax/evaluator.h"

namespace invar::convert {
namespace {

using runtime::Names;
using syntax::ast::Attribute;
using syntax::ast::BlockRef;
using syntax::ast::Span;

constexpr std::string_view kComment = "// ";

class Editor {
 public:
  Editor(syntax::ast::FilePtr file, const component::Registry& components)
      : file_(std::move(file)), components_(components) {}

  std::string result(std::string& report) {
    const std::vector<BlockRef> blocks = runtime::blocks_of(file_->body, file_);
    edit(blocks, runtime::define(blocks, std::make_shared<runtime::Definitions>(nullptr, "")), {});
    rename();
    std::string out = file_->source->text;
    std::vector<std::pair<std::uint32_t, Edit>> outermost;
    for (const auto& [begin, edit] : edits_)
      if (outermost.empty() || begin > outermost.back().second.end) outermost.emplace_back(begin, edit);
    for (const auto& [begin, edit] : outermost)
      if (edit.text.starts_with(kComment))
        report += fmt::format("(Warning) {}\n", std::string_view(edit.text).substr(kComment.size()));
    for (auto at = outermost.rbegin(); at != outermost.rend(); ++at) {
      const auto behind = out.find_first_not_of(" \t\r", at->second.end + 1);
      const bool more = behind != std::string::npos && out[behind] != '\n';  // which a comment must not hide
      out.replace(at->first, at->second.end - at->first + 1,
                  at->second.text + (more && at->second.text.starts_with(kComment) ? "\n" : ""));
    }
    return formatted(out);
  }

 private:
  struct Edit {
    std::uint32_t end = 0;
    std::string text;
  };

  void edit(const std::vector<BlockRef>& blocks,
            const std::shared_ptr<const runtime::Definitions>& definitions, const Names& gone) {
    const runtime::ProfilesPart part = runtime::keep_profiles(
        {.blocks = &blocks, .definitions = definitions, .components = &components_, .gone = gone});
    for (const BlockRef& ref : blocks) {
      const auto kept = std::ranges::find(part.blocks, ref.span.begin,
                                          [](const BlockRef& other) { return other.span.begin; });
      const std::string name = ref.block->full_name();
      if (kept == part.blocks.end()) {
        comment(ref.span, fmt::format("{}: left to another agent.", ref.block->id()));
      } else if (name.starts_with("module.")) {
        comment(ref.span, fmt::format("{}: write a declare, or an import and an instance of what it brings.",
                                      ref.block->id()));
      } else if (refused(ref, part)) {
        comment(ref.span, fmt::format("{}: hangs on what is left to another agent.", ref.block->id()));
      } else {
        comment_dropped(ref, *kept);
        edit_inside(ref, definitions, part.gone);
      }
    }
  }

  void edit_inside(const BlockRef& ref, const std::shared_ptr<const runtime::Definitions>& definitions,
                   const Names& gone) {
    const std::string name = ref.block->full_name();
    const syntax::ast::Block* body = name == "declare"   ? ref.block
                                     : name == "foreach" ? runtime::foreach_template(*ref.block)
                                                         : nullptr;
    if (body == nullptr) return;
    const std::vector<BlockRef> blocks = runtime::blocks_of(body->body, ref.file);
    edit(blocks, runtime::define(blocks, definitions), name == "foreach" ? gone : Names());
  }

  [[nodiscard]] static bool refused(const BlockRef& ref, const runtime::ProfilesPart& part) {
    return std::ranges::any_of(part.refusals, [&](const syntax::Diagnostic& refusal) {
      const auto at = refusal.range.start.offset;
      return at >= ref.span.begin && at <= ref.span.end;
    });
  }

  void comment_dropped(const BlockRef& ref, const BlockRef& kept) {
    for (const syntax::ast::Statement& statement : ref.block->body.statements) {
      const auto* attribute = std::get_if<Attribute>(&statement.node);
      if (attribute == nullptr) continue;
      const bool stays = std::ranges::any_of(
          kept.block->body.statements,
          [&](const syntax::ast::Statement& other) { return other.span.begin == statement.span.begin; });
      if (!stays) comment(statement.span, fmt::format("{}: left to another agent.", attribute->name));
    }
  }

  void comment(Span span, const std::string& words) {
    edits_[span.begin] = {span.end, std::string(kComment) + words};
  }

  // phlare.* is what pyroscope.* was called.
  void rename() {
    rename_blocks(file_->body);
    std::vector<syntax::Traversal> chains;
    syntax::collect_traversals(file_->body, chains);
    for (const syntax::Traversal& chain : chains)
      if (chain.names.front() == "phlare" && chain.names.size() > 1)
        edits_.try_emplace(chain.spans.front().begin, Edit{chain.spans.front().end, "pyroscope"});
  }

  void rename_blocks(const syntax::ast::Body& body) {
    for (const syntax::ast::Statement& statement : body.statements) {
      const auto* block = std::get_if<syntax::ast::Block>(&statement.node);
      if (block == nullptr) continue;
      constexpr std::uint32_t kLength = 6;
      if (block->name.front() == "phlare")
        edits_.try_emplace(block->name_span.begin, Edit{block->name_span.begin + kLength - 1, "pyroscope"});
      rename_blocks(block->body);
    }
  }

  const syntax::ast::FilePtr file_;
  const component::Registry& components_;
  std::map<std::uint32_t, Edit> edits_;  // by where they begin
};

}  // namespace

std::string profiles_of_flow(const syntax::ast::FilePtr& file, const component::Registry& components,
                             std::string& report) {
  return Editor(file, components).result(report);
}

}  // namespace invar::convert
