// What of a body concerns profiles, and what is left to the agent beside this one: `--skip-other-pipelines`.
//
// Blocks of foreign components go, and with them what only they use; instances and foreach of which nothing is left; imports and
// exports that only serve what went. What remains may hang on none of it.
// Threads: any; pure. Spec: modules.md 6.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "component/component.h"
#include "runtime/definitions.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

using Names = std::set<std::string, std::less<>>;

struct ProfilesRequest {
  const std::vector<syntax::ast::BlockRef>* blocks = nullptr;
  std::shared_ptr<const Definitions> definitions;  // with the declares and imports among the blocks
  const component::Registry* components = nullptr;
  Names gone;  // ids from outside that went: arguments of an instance, what is around a template
};

struct ProfilesPart {
  std::vector<syntax::ast::BlockRef> blocks;  // what remains, without attributes that hang on what went
  // Arguments of the instances among them whose values went.
  std::map<const syntax::ast::Block*, Names> gone_arguments;
  Names gone;  // ids that went, those from outside included; "id.export" of exports that did
  std::vector<syntax::Diagnostic> refusals;  // what remains and hangs on something that went
  // Blocks of components that went, those in templates and in the bodies of declares included.
  std::vector<syntax::ast::BlockRef> left_out;
};
ProfilesPart keep_profiles(const ProfilesRequest& request);

// The same of the module of an instance, as far as it can be known before it is loaded.
ProfilesPart keep_profiles_in(const Definition& definition, Names gone,
                              const component::Registry& components);

// The names by which an instance hands such arguments to its module.
Names as_argument_ids(const Names& arguments);

}  // namespace invar::runtime
