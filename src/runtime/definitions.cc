#include "runtime/definitions.h"

#include <utility>

namespace invar::runtime {

bool Definitions::has_namespace(std::string_view first) const {
  if (declares_.contains(first) || imports_.contains(first)) return true;
  return parent_ != nullptr && parent_->has_namespace(first);
}

Definitions::Found Definitions::find(const std::vector<std::string>& name) const {
  if (const auto declared = declares_.find(name.front()); declared != declares_.end()) {
    if (name.size() != 1) return {};
    return {{declared->second, shared_from_this()}};
  }
  if (const auto import = imports_.find(name.front()); import != imports_.end()) {
    const auto& content = import->second->content;
    if (content == nullptr) return {{}, true};
    // Only its own declares: what it imports itself is not handed on.
    const auto declared = name.size() == 2 ? content->declares_.find(name[1]) : content->declares_.end();
    if (declared == content->declares_.end()) return {};
    return {{declared->second, content}};
  }
  return parent_ == nullptr ? Found{} : parent_->find(name);
}

std::uint64_t Definitions::generation() const {
  std::uint64_t sum = parent_ == nullptr ? 0 : parent_->generation();
  for (const auto& [label, slot] : imports_) {
    sum += slot->generation;
    if (slot->content != nullptr) sum += slot->content->generation();
  }
  return sum;
}

std::vector<syntax::ast::BlockRef> blocks_of(const syntax::ast::Body& body,
                                             const syntax::ast::FilePtr& file) {
  std::vector<syntax::ast::BlockRef> out;
  for (const syntax::ast::Statement& statement : body.statements)
    if (const auto* block = std::get_if<syntax::ast::Block>(&statement.node))
      out.push_back({file, block, statement.span});
  return out;
}

std::shared_ptr<const Definitions> define(const std::vector<syntax::ast::BlockRef>& blocks,
                                          std::shared_ptr<const Definitions> outer) {
  const std::string module_path = outer->module_path();
  auto definitions = std::make_shared<Definitions>(std::move(outer), module_path);
  for (const syntax::ast::BlockRef& ref : blocks) {
    const std::string name = ref.block->full_name();
    if (name == "declare") definitions->declare(ref);
    if (name.starts_with("import.")) definitions->import(ref.block->label, std::make_shared<ImportSlot>());
  }
  return definitions;
}

std::vector<syntax::Diagnostic> stray_attributes(const syntax::ast::Body& body,
                                                 const syntax::ast::FilePtr& file) {
  std::vector<syntax::Diagnostic> out;
  for (const syntax::ast::Statement& statement : body.statements)
    if (const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node))
      out.push_back({syntax::Severity::kError, syntax::ast::range_of(file->source, statement.span),
                     "unrecognized attribute " + attribute->name});
  return out;
}

}  // namespace invar::runtime
