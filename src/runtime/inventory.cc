#include "runtime/inventory.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/build_info.h"
#include "base/strings.h"
#include "runtime/foreach_arguments.h"
#include "runtime/foreign_components.h"
#include "runtime/import_arguments.h"
#include "runtime/module_nodes.h"

namespace invar::runtime {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

// Services that the language knows and that cannot be configured, unless the application brings a ConfigBlock of the name.
struct Refusal {
  std::string_view name;
  std::string_view advice;  // "": not configurable at all; else not supported yet
};
constexpr Refusal kServices[] = {
    {"livedebugging", "remove the block"}, {"cluster", {}}, {"ui", {}}, {"otel", {}}, {"labelstore", {}},
};

// The blocks of which modules are made.
struct ModuleBlock {
  std::string_view name;
  EntryKind kind;
  BlockClass block_class = BlockClass::kConfig;
};
constexpr ModuleBlock kModuleBlocks[] = {
    {"declare", EntryKind::kDeclare, BlockClass::kDeclare},
    {"argument", EntryKind::kArgument},
    {"export", EntryKind::kExport},
    {"foreach", EntryKind::kForeach},
    {"import.file", EntryKind::kImport},
    {"import.string", EntryKind::kImport},
    {"import.http", EntryKind::kImport},
    {"import.git", EntryKind::kImport},
};

class Taker {
 public:
  explicit Taker(const InventoryRequest& request)
      : request_(request),
        components_(*request.components),
        config_blocks_(*request.config_blocks),
        min_stability_(request.min_stability),
        purpose_(request.purpose),
        suggestions_(known_names(components_, config_blocks_)) {}

  Inventory take() {
    inventory_.rejected_ids = request_.gone;
    inventory_.entries.reserve(request_.blocks->size());
    for (const BlockRef& ref : *request_.blocks) {
      inventory_.entries.push_back(classify(ref));
      Entry& entry = inventory_.entries.back();
      check(entry);
      if (entry.kind == EntryKind::kNothing) inventory_.rejected_ids.insert(entry.id);
    }
    return std::move(inventory_);
  }

 private:
  Entry classify(const BlockRef& ref) {
    Entry entry{.block = ref, .id = ref.block->id()};
    const std::string name = ref.block->full_name();
    for (const ModuleBlock& known : kModuleBlocks) {
      if (known.name != name) continue;
      entry.block_class = known.block_class;
      entry.kind = known.kind;
      if (const std::string misplaced = misplacement(entry, name); !misplaced.empty())
        refuse(entry, misplaced);
      return entry;
    }
    if (request_.kind == BodyKind::kImport) {
      refuse(entry, "only declare and import blocks are allowed in a module, got " + name);
      return entry;
    }
    for (const ConfigBlock& config : config_blocks_) {
      // A service goes by its whole id, so that a label makes it something else; other config blocks ignore a
      // label.
      if (config.name != (config.is_service ? entry.id : name)) continue;
      entry.id = name;
      entry.block_class = config.is_service ? BlockClass::kService : BlockClass::kConfig;
      if (request_.kind != BodyKind::kRoot) {
        refuse_inside_module(entry, name);
      } else if (config.schema == nullptr) {
        refuse(entry, fmt::format("service {} does not support being configured", quote(name)));
      } else {
        entry.kind = EntryKind::kConfig;
        entry.config = &config;
      }
      return entry;
    }
    for (const Refusal& service : kServices) {
      if (service.name != entry.id) continue;
      entry.block_class = BlockClass::kService;
      if (request_.kind != BodyKind::kRoot)
        refuse_inside_module(entry, name);
      else if (service.advice.empty())
        refuse(entry, fmt::format("service {} does not support being configured", quote(name)));
      else
        refuse(entry, fmt::format("{} blocks are not supported yet by Invar {}: {}", name,
                                  build_info().version, service.advice));
      return entry;
    }
    return entry;
  }

  // Why a block of modules cannot stand here, or "".
  std::string misplacement(Entry& entry, const std::string& name) const {
    const bool interface = entry.kind == EntryKind::kArgument || entry.kind == EntryKind::kExport;
    switch (request_.kind) {
      case BodyKind::kRoot:
      case BodyKind::kRemote:
        return interface ? name + " blocks only allowed inside a module" : "";
      case BodyKind::kTemplate:
        return interface ? entry.id + " not allowed in foreach" : "";
      case BodyKind::kImport:
        return entry.kind == EntryKind::kDeclare || entry.kind == EntryKind::kImport
                   ? ""
                   : "only declare and import blocks are allowed in a module, got " + name;
      case BodyKind::kDeclare:
        return "";
    }
    return "";
  }

  void refuse_inside_module(Entry& entry, const std::string& name) const {
    if (purpose_ == Purpose::kValidate)
      refuse(entry, fmt::format("{} not allowed in {}", name,
                                request_.kind == BodyKind::kTemplate ? "foreach" : "module"));
    else if (entry.block_class == BlockClass::kService)
      refuse(entry, "service blocks not allowed inside a module: " + quote(name));
    else
      refuse(entry, name + " block not allowed inside a module");
  }

  static void refuse(Entry& entry, std::string message) {
    entry.problems.push_back({syntax::Severity::kError, name_range(entry.block), std::move(message)});
    entry.kind = EntryKind::kNothing;
  }

  void check(Entry& entry) {
    if (!entry.problems.empty()) return;
    if (entry.block_class != BlockClass::kComponent && entry.kind != EntryKind::kConfig &&
        entry.block.block->label.empty()) {
      refuse(entry, entry.block.block->full_name() + " block must have a label");
      return;
    }
    check_duplicate(entry);
    switch (entry.kind) {
      case EntryKind::kConfig:
        if (entry.config->stability < min_stability_)
          refuse(entry, below_minimum_stability(
                            fmt::format("{} {}", entry.config->is_service ? "block" : "config block",
                                        quote(entry.config->name)),
                            entry.config->stability, min_stability_));
        return;
      case EntryKind::kForeach:
        if (syntax::Stability::kExperimental < min_stability_)
          refuse(entry, below_minimum_stability("config block \"foreach\"", syntax::Stability::kExperimental,
                                                min_stability_));
        return;
      case EntryKind::kDeclare:
      case EntryKind::kImport:
        check_namespace(entry);
        return;
      case EntryKind::kNothing:
        if (entry.problems.empty() || entry.duplicate) find_component(entry);
        return;
      default:
        return;
    }
  }

  // Components are named by the labels of declares and imports together.
  void check_namespace(Entry& entry) {
    const std::string& label = entry.block.block->label;
    if (entry.kind == EntryKind::kDeclare && label == "declare") {
      refuse(entry, "'declare' is not a valid label for a declare block");
      return;
    }
    const auto [first, added] = namespaces_.try_emplace(label, &entry.block);
    if (added || entry.duplicate) return;
    const BlockRef& original = *first->second;
    refuse(entry, fmt::format("{} is already the name of {} at {}", quote(label), original.block->id(),
                              syntax::position_at(original.file->source, original.span.begin).to_string()));
  }

  void check_duplicate(Entry& entry) {
    const auto [first, added] = first_of_id_.try_emplace(entry.id, entry.block);
    if (added) return;
    entry.duplicate = true;
    if (entry.block_class == BlockClass::kService && purpose_ == Purpose::kRun) {
      entry.problems.push_back(
          {syntax::Severity::kError, name_range(entry.block), "duplicate definition of " + quote(entry.id)});
      return;
    }
    const BlockRef& original = first->second;
    const BlockRef& block = entry.block;
    // As many characters as the id is long, counted from the name.
    const syntax::ast::Span span{
        block.block->name_span.begin,
        block.block->name_span.begin + static_cast<std::uint32_t>(entry.id.size()) - 1};
    const syntax::Position declared = syntax::position_at(original.file->source, original.span.begin);
    entry.problems.push_back(
        {syntax::Severity::kError, syntax::ast::range_of(block.file->source, span),
         fmt::format("block {} already declared at {}", entry.id, declared.to_string())});
  }

  void find_component(Entry& entry) {
    const Block& block = *entry.block.block;
    const std::string name = block.full_name();
    if (request_.definitions->has_namespace(block.name.front())) {
      entry.kind = EntryKind::kCustom;
      if (block.label.empty()) require_label(entry, name);
      return;
    }
    const component::Registration* registration = components_.find(name);
    if (registration == nullptr) {
      refuse(entry, "cannot find the definition of component name " + quote(name) + advice_on(block, name));
      entry.problems.back().foreign = is_foreign_family(block.name.front());
      return;
    }
    if (registration->stability < min_stability_) {
      refuse(entry,
             below_minimum_stability("component " + quote(name), registration->stability, min_stability_));
      return;
    }
    entry.kind = EntryKind::kComponent;
    entry.component = registration;
    if (block.label.empty()) require_label(entry, name);
  }

  std::string advice_on(const Block& block, const std::string& name) {
    if (is_foreign_component(name))
      return " (it has nothing to do with profiles: --skip-other-pipelines leaves it to the other agent)";
    if (block.name.front() == "phlare" && block.name.size() == 2)  // what pyroscope.* was called
      return fmt::format(" (it is called {} now)", quote("pyroscope." + block.name.back()));
    if (is_foreign_family(block.name.front()) && block.name.size() > 1)
      return fmt::format(" (did you mean {}?)", quote(nearest_foreign_component(name)));
    if (!block.label.empty() &&
        std::ranges::any_of(config_blocks_, [&](const ConfigBlock& known) { return known.name == name; }))
      return " (the block " + name + " takes no label)";
    if (!is_missing_helper(name)) {
      std::string advice = suggestions_.for_name(name);
      if (!advice.empty() || !(is_helper_family(block.name.front()) || block.name.front() == "pyroscope"))
        return advice;
      return " (Invar does not have this component: see `invar components` for those it has)";
    }
    if (block.name.front() != "discovery")
      return " (Invar does not have this component: let a program answer remote.http, or write the file of "
             "local.file)";
    return " (Invar does not have this kind of discovery: let a program answer discovery.http, or write the "
           "files of discovery.file)";
  }

  static void require_label(Entry& entry, const std::string& name) {
    entry.problems.push_back({syntax::Severity::kError, name_range(entry.block),
                              fmt::format("component {} must have a label", quote(name))});
  }

  static std::vector<std::string> known_names(const component::Registry& components,
                                              const std::vector<ConfigBlock>& config_blocks) {
    std::vector<std::string> names;
    for (const component::Registration& registration : components.all()) names.push_back(registration.name);
    for (const ConfigBlock& config : config_blocks)
      if (config.schema != nullptr) names.push_back(config.name);
    for (const ModuleBlock& block : kModuleBlocks) names.emplace_back(block.name);
    return names;
  }

  const InventoryRequest& request_;
  const component::Registry& components_;
  const std::vector<ConfigBlock>& config_blocks_;
  const syntax::Stability min_stability_;
  const Purpose purpose_;
  Suggestions suggestions_;
  Inventory inventory_;
  std::map<std::string, BlockRef, std::less<>> first_of_id_;
  std::map<std::string, const BlockRef*, std::less<>> namespaces_;
};

}  // namespace

const syntax::Schema* Entry::schema() const {
  switch (kind) {
    case EntryKind::kConfig:
      return config->schema;
    case EntryKind::kComponent:
      return &*component->arguments;
    case EntryKind::kArgument:
      return &argument_schema();
    case EntryKind::kExport:
      return &export_schema();
    case EntryKind::kForeach:
      return &foreach_schema();
    case EntryKind::kImport:
      return import_schema(block.block->full_name());
    case EntryKind::kNothing:
    case EntryKind::kCustom:
    case EntryKind::kDeclare:
      return nullptr;
  }
  return nullptr;
}

Inventory take_inventory(const InventoryRequest& request) {
  return Taker(request).take();
}

syntax::Range header_range(const BlockRef& ref) {
  return syntax::ast::range_of(ref.file->source, {ref.block->name_span.begin, ref.block->open});
}

syntax::Range name_range(const BlockRef& ref) {
  return syntax::ast::range_of(ref.file->source, ref.block->name_span);
}

syntax::Range block_range(const BlockRef& ref) {
  return syntax::ast::range_of(ref.file->source, ref.span);
}

std::string Suggestions::for_name(std::string_view name) {
  if (left_-- <= 0) return {};
  const std::vector<std::string> similar = similar_names(name, candidates_);
  // `http "x"` is not `http`, but saying so that way helps nobody.
  if (similar.empty() || similar.front() == name) return {};
  return fmt::format(" (did you mean {}?)", quote(similar.front()));
}

std::string below_minimum_stability(const std::string& item, syntax::Stability level,
                                    syntax::Stability minimum) {
  return fmt::format(
      "{0} is at stability level {1}, which is below the minimum allowed stability level {2}. Use "
      "--stability.level command-line flag to enable {1} features",
      item, quote(syntax::to_string(level)), quote(syntax::to_string(minimum)));
}

std::string member_list(std::vector<std::string> members) {
  constexpr std::size_t kMost = 20;
  if (members.size() <= kMost) return join(members, ", ");
  const std::size_t more = members.size() - kMost;
  members.resize(kMost);
  return fmt::format("{} and {} more", join(members, ", "), more);
}

}  // namespace invar::runtime
