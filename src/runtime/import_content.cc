#include "runtime/import_content.h"

#include <utility>

#include "runtime/plan.h"
#include "runtime/sources.h"

namespace invar::runtime {

std::optional<std::vector<syntax::ast::BlockRef>> parse_content(const ImportedText& text,
                                                                const component::Registry& components,
                                                                syntax::Diagnostics& diagnostics) {
  auto blocks = parse_sources(text.files, diagnostics);
  if (!blocks) return std::nullopt;
  auto definitions = std::make_shared<Definitions>(nullptr, text.module_path);
  for (const syntax::ast::BlockRef& ref : *blocks) {
    if (ref.block->full_name() == "declare") definitions->declare(ref);
    if (ref.block->full_name().starts_with("import."))
      definitions->import(ref.block->label, std::make_shared<ImportSlot>());
  }
  const std::vector<ConfigBlock> no_config_blocks;
  Plan plan = make_plan({.body = {.blocks = &*blocks,
                                  .kind = BodyKind::kImport,
                                  .definitions = definitions.get(),
                                  .components = &components,
                                  .config_blocks = &no_config_blocks},
                         .given = {},
                         .variables = {"module_path"}});
  const std::size_t before = diagnostics.size();
  for (const Entry& entry : plan.inventory.entries)
    for (const syntax::Diagnostic& problem : entry.problems) diagnostics.add(problem);
  for (References& references : plan.references)
    for (syntax::Diagnostic& wrong : references.errors) diagnostics.add(std::move(wrong));
  for (syntax::Diagnostic& circle : plan.circles) diagnostics.add(std::move(circle));
  if (diagnostics.size() != before) return std::nullopt;
  return blocks;
}

}  // namespace invar::runtime
