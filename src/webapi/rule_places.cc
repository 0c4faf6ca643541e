#include "webapi/rule_places.h"

#include <algorithm>
#include <deque>

#include "base/strings.h"
#include "syntax/parser.h"

namespace invar::webapi {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

std::vector<BlockRef> blocks_of(const syntax::ast::Body& body, const syntax::ast::FilePtr& file) {
  std::vector<BlockRef> out;
  for (const auto& statement : body.statements)
    if (const auto* block = std::get_if<Block>(&statement.node)) out.push_back({file, block, statement.span});
  return out;
}

struct Scope {
  std::vector<BlockRef> blocks;
  const Scope* around = nullptr;
};

const BlockRef* block_of(const Scope& scope, std::string_view id) {
  const auto found = std::ranges::find(scope.blocks, id, [](const BlockRef& ref) { return ref.block->id(); });
  return found == scope.blocks.end() ? nullptr : &*found;
}

}  // namespace

RulePlaces::RulePlaces(const std::vector<LoadedConfig::File>& files) {
  for (const auto& [path, text] : files) {
    syntax::Diagnostics diagnostics;
    const auto file = syntax::parse_file(syntax::make_source(path, text), diagnostics);
    if (file) std::ranges::move(blocks_of(file->body, file), std::back_inserter(root_));
  }
}

std::vector<syntax::Position> RulePlaces::of(std::string_view component) const {
  std::deque<Scope> scopes = {{root_, nullptr}};
  const auto parts = split(component, '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const BlockRef* used = block_of(scopes.back(), parts[i]);
    if (used == nullptr) return {};
    if (used->block->full_name() == "foreach") {
      ++i;  // the part of the item
      const Scope inside{blocks_of(used->block->body, used->file), nullptr};
      const BlockRef* body = block_of(inside, "template");
      if (body == nullptr) return {};
      scopes.push_back({blocks_of(body->block->body, body->file), &scopes.back()});
      continue;
    }
    const std::string wanted = "declare." + used->block->full_name();
    const Scope* scope = &scopes.back();
    while (scope != nullptr && block_of(*scope, wanted) == nullptr) scope = scope->around;
    if (scope == nullptr) return {};
    const BlockRef* declared = block_of(*scope, wanted);
    scopes.push_back({blocks_of(declared->block->body, declared->file), scope});
  }
  const BlockRef* found = block_of(scopes.back(), parts.back());
  if (found == nullptr) return {};
  std::vector<syntax::Position> out;
  for (const BlockRef& ref : blocks_of(found->block->body, found->file))
    if (ref.block->full_name() == "rule")
      out.push_back(syntax::position_at(ref.file->source, ref.span.begin));
  return out;
}

}  // namespace invar::webapi
