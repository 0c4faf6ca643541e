// Definitions: which custom components a body may use: its own `declare` blocks, what its imports brought, and what the bodies
// around it see. Built-in components are looked up only after these.
//
// A name is one fragment (a declare) or two (the label of an import, and a declare of its content). Imported content sees itself
// alone: its Definitions have no parent.
// Threads: loop thread only. Lifetime: shared; filled while it is made, but for the content of imports. Spec: runtime.md 3, modules.md 1, 3.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

class Definitions;

// What an import block brought. Shared between the import, which replaces the content, and who uses it.
struct ImportSlot {
  std::shared_ptr<const Definitions> content;  // null: nothing yet
  std::uint64_t generation = 0;                // rises with each content
};

// A declare that a custom component is an instance of.
struct Definition {
  syntax::ast::BlockRef declare;
  std::shared_ptr<const Definitions> scope;  // what its body sees besides its own
  bool operator==(const Definition& other) const {
    return declare.block == other.declare.block && scope == other.scope;
  }
};

// Where a text came from: the imports in whose content it stands.
struct ImportOrigin {
  std::vector<std::string> chain;  // identities, the outermost first
  bool http = false;               // any of them came over HTTP
};

class Definitions : public std::enable_shared_from_this<Definitions> {
 public:
  // `module_path`: what the bodies see by that name.
  Definitions(std::shared_ptr<const Definitions> parent, std::string module_path, ImportOrigin origin = {})
      : parent_(std::move(parent)), module_path_(std::move(module_path)), origin_(std::move(origin)) {}

  // The first of a name counts.
  void declare(const syntax::ast::BlockRef& block) { declares_.try_emplace(block.block->label, block); }
  void import(const std::string& label, std::shared_ptr<ImportSlot> slot) {
    imports_.try_emplace(label, std::move(slot));
  }

  // Whether a component whose name begins so is a custom one.
  [[nodiscard]] bool has_namespace(std::string_view first) const;
  // Empty (`declare.block` is null) when there is none of the name; `unknown` when its import has no content yet.
  struct Found {
    Definition definition;
    bool unknown = false;
  };
  [[nodiscard]] Found find(const std::vector<std::string>& name) const;

  [[nodiscard]] const std::string& module_path() const { return module_path_; }
  [[nodiscard]] const std::shared_ptr<const Definitions>& parent() const { return parent_; }
  [[nodiscard]] const ImportOrigin& origin() const {
    return parent_ == nullptr ? origin_ : parent_->origin();
  }
  // Rises when the content of any import changes that can be seen from here.
  [[nodiscard]] std::uint64_t generation() const;

 private:
  const std::shared_ptr<const Definitions> parent_;
  const std::string module_path_;
  const ImportOrigin origin_;  // of content; what stands in it has the same
  std::map<std::string, syntax::ast::BlockRef, std::less<>> declares_;
  std::map<std::string, std::shared_ptr<ImportSlot>, std::less<>> imports_;
};

// The blocks that stand directly in a body.
std::vector<syntax::ast::BlockRef> blocks_of(const syntax::ast::Body& body, const syntax::ast::FilePtr& file);

// What the blocks of a body define, before the content of its imports is known.
std::shared_ptr<const Definitions> define(const std::vector<syntax::ast::BlockRef>& blocks,
                                          std::shared_ptr<const Definitions> outer);

// Attributes cannot stand there: `unrecognized attribute x` for each.
std::vector<syntax::Diagnostic> stray_attributes(const syntax::ast::Body& body,
                                                 const syntax::ast::FilePtr& file);

}  // namespace invar::runtime
