// validate(): formatting.md 6. The order of the report of a body: declare blocks with their bodies, config blocks, components,
// services, each block with its own problems, its schema's and its references'; then cycles, then self references.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "runtime/controller.h"
#include "runtime/custom_node.h"
#include "runtime/import_arguments.h"
#include "runtime/import_content.h"
#include "runtime/import_fetcher.h"
#include "runtime/other_pipelines.h"
#include "runtime/other_pipelines_view.h"
#include "runtime/plan.h"
#include "runtime/short_intervals.h"
#include "runtime/sources.h"
#include "runtime/unwise_arguments.h"
#include "syntax/evaluator.h"

namespace invar::runtime {
namespace {

using syntax::ast::BlockRef;

using Chain = std::vector<std::string>;  // identities of the imports in whose content a body stands

// Whether expressions mean the same everywhere: they refer to nothing but `module_path` and the standard library without the
// environment.
bool is_constant(const BlockRef& block) {
  std::vector<syntax::Traversal> chains;
  syntax::collect_traversals(block.block->body, chains);
  return std::ranges::all_of(chains, [](const syntax::Traversal& chain) {
    const std::string& first = chain.names.front();
    if (first == "module_path") return true;
    return first != "sys" && first != "env" && syntax::stdlib_find(first) != nullptr;
  });
}

// What blocks and the bodies in them make instances of.
void collect_names(const std::vector<BlockRef>& blocks, Names& out) {
  for (const BlockRef& ref : blocks) {
    out.insert(ref.block->full_name());
    const syntax::ast::Block* inner =
        ref.block->full_name() == "declare" ? ref.block : foreach_template(*ref.block);
    if (inner != nullptr) collect_names(blocks_of(inner->body, ref.file), out);
  }
}

// Mistakes in imported content, of which a run has nothing to do with those in declares that nothing is made of: a library may hold more
// than what is wanted of it.
syntax::Diagnostics as_used(const syntax::Diagnostics& mistakes, const std::vector<BlockRef>& content,
                            const std::vector<BlockRef>& importer, const std::string& name_space) {
  Names names;
  collect_names(content, names);
  Names importers;
  collect_names(importer, importers);
  syntax::Diagnostics out;
  for (syntax::Diagnostic mistake : mistakes) {
    const syntax::Position& place = mistake.range.start;
    const auto around = std::ranges::find_if(content, [&](const BlockRef& ref) {
      return ref.block->full_name() == "declare" && ref.file->source == place.source &&
             ref.span.begin <= place.offset && place.offset <= ref.span.end;
    });
    const std::string declared = around == content.end() ? "" : around->block->label;
    if (!declared.empty() && !names.contains(declared) && !importers.contains(name_space + "." + declared)) {
      mistake.severity = syntax::Severity::kWarning;
      mistake.message += " (nothing uses declare " + quote(declared) + ")";
    }
    out.add(std::move(mistake));
  }
  return out;
}

class Validator {
 public:
  // `left_out`: null where what is left out is not told.
  Validator(const Validation& validation, const std::vector<Advice>& advice, syntax::Diagnostics& diagnostics,
            OtherPipelinesView* left_out)
      : validation_(validation), advice_(advice), diagnostics_(diagnostics), left_out_(left_out) {}

  struct Body {
    std::vector<BlockRef> blocks;
    BodyKind kind = BodyKind::kRoot;
    std::shared_ptr<const Definitions> outer;
    std::string module_path;
    std::vector<std::string> given;
    Names gone = {};  // from outside (other_pipelines.h)
  };

  void check(const Body& body, const Chain& chain) {
    auto definitions = std::make_shared<Definitions>(body.outer, body.module_path);
    for (const BlockRef& ref : body.blocks) {
      if (ref.block->label.empty()) continue;
      const std::string name = ref.block->full_name();
      if (name == "declare") definitions->declare(ref);
      if (name.starts_with("import.")) definitions->import(ref.block->label, look_into(ref, body, chain));
    }
    const ProfilesPart part = profiles_part(body, definitions);
    for (const syntax::Diagnostic& refusal : part.refusals) diagnostics_.add(refusal);
    const Plan plan = make_plan({.body = {.blocks = &part.blocks,
                                          .kind = body.kind,
                                          .definitions = definitions.get(),
                                          .components = validation_.components,
                                          .config_blocks = validation_.blocks,
                                          .min_stability = validation_.min_stability,
                                          .purpose = Purpose::kValidate,
                                          .gone = part.gone},
                                 .given = body.given,
                                 .variables = {"module_path"}});
    for (const BlockClass checked :
         {BlockClass::kDeclare, BlockClass::kConfig, BlockClass::kComponent, BlockClass::kService})
      for (std::size_t i = 0; i < plan.inventory.entries.size(); ++i)
        if (plan.inventory.entries[i].block_class == checked) check_entry(plan, i, definitions, part, chain);
    for (const syntax::Diagnostic& circle : plan.circles) diagnostics_.add(circle);
  }

 private:
  ProfilesPart profiles_part(const Body& body, const std::shared_ptr<const Definitions>& definitions) {
    ProfilesPart part;
    if (validation_.other_pipelines == nullptr) {
      part.blocks = body.blocks;
      return part;
    }
    part = keep_profiles({.blocks = &body.blocks,
                          .definitions = definitions,
                          .components = validation_.components,
                          .gone = body.gone});
    if (left_out_ == nullptr) return part;
    for (const BlockRef& ref : part.left_out) left_out_->left_out(ref);
    for (const BlockRef& ref : part.blocks) left_out_->remains(ref);
    return part;
  }

  void check_entry(const Plan& plan, std::size_t index, const std::shared_ptr<const Definitions>& definitions,
                   const ProfilesPart& part, const Chain& chain) {
    const Entry& entry = plan.inventory.entries[index];
    const syntax::ast::Block& block = *entry.block.block;
    for (const syntax::Diagnostic& problem : entry.problems) diagnostics_.add(problem);
    if (entry.kind == EntryKind::kImport) diagnostics_.append(std::move(import_mistakes_[&block]));
    if (const syntax::Schema* schema = entry.schema()) {
      const syntax::SourcePtr& source = entry.block.file->source;
      syntax::Diagnostics unwise;
      syntax::check_body(
          block.body, source, entry.block.span, *schema, diagnostics_,
          [&](const syntax::SeenBlock& seen) { warn_of_unwise(advice_, seen, source, unwise); });
      for (const syntax::Diagnostic& warning : unwise) diagnostics_.add(warning);
      warn_of_short_intervals(block.body, source, *schema, diagnostics_);
    }
    if (entry.kind == EntryKind::kCustom) {
      const auto gone = part.gone_arguments.find(&block);
      check_instance(entry, *definitions, gone == part.gone_arguments.end() ? Names() : gone->second);
    }
    for (const syntax::Diagnostic& error : plan.references[index].errors) diagnostics_.add(error);
    for (const Warning& warning : plan.references[index].warnings)
      diagnostics_.warning(warning.range, warning.message());
    if (entry.kind == EntryKind::kDeclare) {
      for (syntax::Diagnostic& stray : stray_attributes(block.body, entry.block.file))
        diagnostics_.add(std::move(stray));
      check({.blocks = blocks_of(block.body, entry.block.file),
             .kind = BodyKind::kDeclare,
             .outer = definitions,
             .module_path = definitions->module_path(),
             .given = {}},
            chain);
    }
    if (entry.kind == EntryKind::kForeach) check_template(plan, entry, definitions, part, chain);
  }

  void check_template(const Plan& plan, const Entry& entry,
                      const std::shared_ptr<const Definitions>& definitions, const ProfilesPart& part,
                      const Chain& chain) {
    const syntax::ast::Block* children = foreach_template(*entry.block.block);
    if (children == nullptr) return;
    for (syntax::Diagnostic& stray : stray_attributes(children->body, entry.block.file))
      diagnostics_.add(std::move(stray));
    Body body{.blocks = blocks_of(children->body, entry.block.file),
              .kind = BodyKind::kTemplate,
              .outer = definitions,
              .module_path = definitions->module_path(),
              .given = {},
              .gone = part.gone};
    for (const PlannedNode& node : plan.nodes) body.given.push_back(node.id);
    if (const auto variable = foreach_variable(*entry.block.block)) body.given.push_back(*variable);
    check(body, chain);
  }

  // Its arguments against those of its declare; `gone`: those whose values were left out.
  void check_instance(const Entry& entry, const Definitions& definitions, const Names& gone) {
    const Definitions::Found found = definitions.find(entry.block.block->name);
    if (found.unknown) return;
    if (found.definition.declare.block == nullptr) {
      diagnostics_.error(name_range(entry.block), "cannot find the definition of component name " +
                                                      quote(entry.block.block->full_name()));
      return;
    }
    std::map<std::string, bool, std::less<>> arguments;  // name, required
    for (const BlockRef& ref : blocks_of(found.definition.declare.block->body, found.definition.declare.file))
      if (ref.block->full_name() == "argument") arguments.emplace(ref.block->label, !is_optional(*ref.block));
    if (!gone.empty()) check_what_hangs(entry.block, found.definition, gone);
    std::set<std::string, std::less<>> given = gone;
    std::vector<std::string> names;
    for (const auto& [name, required] : arguments) names.push_back(name);
    std::vector<std::string> advised;  // what is misspelled is not missing, too
    for (const syntax::ast::Statement& statement : entry.block.block->body.statements) {
      const syntax::Range range = syntax::ast::range_of(entry.block.file->source, statement.span);
      const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
      if (attribute == nullptr)
        diagnostics_.error(range, "nested blocks not supported here");
      else if (!given.insert(attribute->name).second)
        diagnostics_.error(range, "attribute " + quote(attribute->name) + " may only be provided once");
      else if (!arguments.contains(attribute->name))
        diagnostics_.error(range, "unrecognized attribute name " + quote(attribute->name) +
                                      advised.emplace_back(Suggestions(names).for_name(attribute->name)));
    }
    for (const auto& [name, required] : arguments)
      if (required && !given.contains(name) &&
          std::ranges::find(advised, " (did you mean " + quote(name) + "?)") == advised.end())
        diagnostics_.error(block_range(entry.block), "missing required attribute " + quote(name));
  }

  // What in the module of an instance hangs on arguments whose values were left out.
  void check_what_hangs(const BlockRef& instance, const Definition& definition, const Names& gone) {
    if (!asked_.emplace(definition.declare.block, gone).second) return;
    std::set<std::uint32_t> said;  // where things hang on something whatever the arguments are
    for (const syntax::Diagnostic& refusal :
         keep_profiles_in(definition, {}, *validation_.components).refusals)
      said.insert(refusal.range.start.offset);
    const ProfilesPart part = keep_profiles_in(definition, as_argument_ids(gone), *validation_.components);
    syntax::Diagnostics refusals;
    for (const syntax::Diagnostic& refusal : part.refusals)
      if (!said.contains(refusal.range.start.offset)) refusals.add(refusal);
    for (syntax::Diagnostic& refusal : in_instance(refusals, instance)) diagnostics_.add(std::move(refusal));
    const auto inner =
        define(blocks_of(definition.declare.block->body, definition.declare.file), definition.scope);
    for (const BlockRef& ref : part.blocks) {
      const auto names = part.gone_arguments.find(ref.block);
      const Definition nested = inner->find(ref.block->name).definition;
      if (names != part.gone_arguments.end() && nested.declare.block != nullptr)
        check_what_hangs(ref, nested, names->second);
    }
  }

  static bool is_optional(const syntax::ast::Block& argument) {
    for (const syntax::ast::Statement& statement : argument.body.statements) {
      const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
      if (attribute == nullptr || attribute->name != "optional") continue;
      const auto* literal = std::get_if<syntax::ast::Literal>(&attribute->value->node);
      return literal != nullptr && literal->text == "true";
    }
    return false;
  }

  // The content of an import where it can be known, with what is wrong with it. A file that is not there may be there when it
  // runs: nothing is said, and nothing is known of the content.
  std::shared_ptr<ImportSlot> look_into(const BlockRef& ref, const Body& body, const Chain& chain) {
    auto slot = std::make_shared<ImportSlot>();
    std::optional<KnownText> known = text_of(ref, body);
    if (!known) return slot;
    if (std::ranges::find(chain, known->identity) != chain.end()) {
      import_mistakes_[ref.block].error(block_range(ref), "the content imports itself");
      return slot;
    }
    Chain longer = chain;
    longer.push_back(std::move(known->identity));
    const ImportedText* text = &known->text;
    syntax::Diagnostics mistakes;
    if (const auto blocks = parse_content(*text, *validation_.components, mistakes)) {
      Validator inside(validation_, advice_, mistakes, nullptr);
      inside.check({.blocks = *blocks,
                    .kind = BodyKind::kImport,
                    .outer = {},
                    .module_path = text->module_path,
                    .given = {}},
                   longer);
      auto content = std::make_shared<Definitions>(nullptr, text->module_path);
      for (const BlockRef& block : *blocks)
        if (block.block->full_name() == "declare") content->declare(block);
      slot->content = std::move(content);
      mistakes = as_used(mistakes, *blocks, body.blocks, ref.block->label);
    }
    for (syntax::Diagnostic& mistake : in_instance(mistakes, ref))
      import_mistakes_[ref.block].add(std::move(mistake));
    return slot;
  }

  struct KnownText {
    ImportedText text;
    std::string identity;
  };
  std::optional<KnownText> text_of(const BlockRef& ref, const Body& body) const {
    const std::string name = ref.block->full_name();
    if ((name != "import.file" && name != "import.string") || !is_constant(ref)) return std::nullopt;
    syntax::Scope scope;
    scope.variables.emplace("module_path", syntax::Value(body.module_path));
    std::shared_ptr<void> object = import_schema(name)->make();
    syntax::Diagnostics ignored;  // said by the check of the block
    if (!syntax::decode_body(ref.block->body, ref.file->source, scope, *import_schema(name), object.get(),
                             ignored))
      return std::nullopt;
    if (name == "import.string") {
      const auto& arguments = *static_cast<const ImportStringArguments*>(object.get());
      return KnownText{{{{ref.block->label, arguments.content.text}}, body.module_path},
                       "text " + arguments.content.text};
    }
    if (validation_.files == nullptr) return std::nullopt;
    const std::string& path = static_cast<const ImportFileArguments*>(object.get())->filename;
    auto text = read_import_file(*validation_.files, path);
    if (!text) return std::nullopt;
    return KnownText{*std::move(text), import_file_identity(path)};
  }

  const Validation& validation_;
  const std::vector<Advice>& advice_;
  syntax::Diagnostics& diagnostics_;
  OtherPipelinesView* const left_out_;
  std::set<std::pair<const syntax::ast::Block*, Names>> asked_;
  std::map<const syntax::ast::Block*, syntax::Diagnostics>
      import_mistakes_;  // in their contents, until they are said
};

}  // namespace

syntax::Diagnostics validate(const std::vector<SourceFile>& sources, const Validation& validation) {
  return validate(sources, validation, {});
}

syntax::Diagnostics validate(const std::vector<SourceFile>& sources, const Validation& validation,
                             const std::vector<Advice>& advice) {
  syntax::Diagnostics diagnostics;
  auto parsed = parse_sources(sources, diagnostics);
  if (!parsed) return diagnostics;
  OtherPipelinesView left_out;
  Validator(validation, advice, diagnostics, &left_out)
      .check({.blocks = *std::move(parsed),
              .kind = BodyKind::kRoot,
              .outer = {},
              .module_path = validation.module_path,
              .given = {}},
             {});
  if (validation.other_pipelines != nullptr) *validation.other_pipelines = left_out.take();
  return diagnostics;
}

}  // namespace invar::runtime
