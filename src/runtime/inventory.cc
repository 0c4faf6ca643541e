#include "runtime/inventory.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/build_info.h"
#include "base/strings.h"

namespace invar::runtime {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

// Blocks that the language knows and the controller cannot take, unless the application brings a ConfigBlock
// of the name.
struct Refusal {
  std::string_view name;
  BlockClass block_class;
  enum class Why { kNotYet, kModuleOnly, kNotConfigurable } why;
  std::string_view advice;  // kNotYet
};
constexpr Refusal kRefusals[] = {
    {"declare", BlockClass::kDeclare, Refusal::Why::kNotYet, "write the components at top level"},
    {"import.file", BlockClass::kConfig, Refusal::Why::kNotYet,
     "copy the components into this configuration"},
    {"import.string", BlockClass::kConfig, Refusal::Why::kNotYet,
     "copy the components into this configuration"},
    {"import.http", BlockClass::kConfig, Refusal::Why::kNotYet,
     "copy the components into this configuration"},
    {"import.git", BlockClass::kConfig, Refusal::Why::kNotYet, "copy the components into this configuration"},
    {"foreach", BlockClass::kConfig, Refusal::Why::kNotYet, "write the components once for each item"},
    {"argument", BlockClass::kConfig, Refusal::Why::kModuleOnly, {}},
    {"export", BlockClass::kConfig, Refusal::Why::kModuleOnly, {}},
    {"livedebugging", BlockClass::kService, Refusal::Why::kNotYet, "remove the block"},
    {"remotecfg", BlockClass::kService, Refusal::Why::kNotYet, "keep the whole configuration in local files"},
    {"cluster", BlockClass::kService, Refusal::Why::kNotConfigurable, {}},
    {"ui", BlockClass::kService, Refusal::Why::kNotConfigurable, {}},
    {"otel", BlockClass::kService, Refusal::Why::kNotConfigurable, {}},
    {"labelstore", BlockClass::kService, Refusal::Why::kNotConfigurable, {}},
};

// Namespaces of the language's components. What is missing there was not mistyped, but belongs to another program.
constexpr std::string_view kNamespaces[] = {
    "beyla",      "database_observability",
    "discovery",  "faro",
    "local",      "loki",
    "mimir",      "otelcol",
    "prometheus", "pyroscope",
    "remote",
};

// Kinds of discovery of the language that Invar leaves to a program beside it.
constexpr std::string_view kOtherDiscovery[] = {
    "discovery.aws",          "discovery.azure",    "discovery.consul",   "discovery.consulagent",
    "discovery.digitalocean", "discovery.ec2",      "discovery.eureka",   "discovery.gce",
    "discovery.hetzner",      "discovery.ionos",    "discovery.kuma",     "discovery.lightsail",
    "discovery.linode",       "discovery.marathon", "discovery.nerve",    "discovery.nomad",
    "discovery.openstack",    "discovery.ovhcloud", "discovery.puppetdb", "discovery.scaleway",
    "discovery.serverset",    "discovery.triton",   "discovery.uyuni",
};

bool is_foreign(std::string_view name_space) {
  return std::ranges::find(kNamespaces, name_space) != std::end(kNamespaces);
}

std::string refusal_text(const Refusal& refusal) {
  switch (refusal.why) {
    case Refusal::Why::kNotYet:
      return fmt::format("{} blocks are not supported yet by Invar {}: {}", refusal.name,
                         build_info().version, refusal.advice);
    case Refusal::Why::kModuleOnly:
      return fmt::format("{} blocks only allowed inside a module", refusal.name);
    case Refusal::Why::kNotConfigurable:
      return fmt::format("service {} does not support being configured", quote(refusal.name));
  }
  return {};
}

class Taker {
 public:
  Taker(const component::Registry& components, const std::vector<ConfigBlock>& config_blocks,
        syntax::Stability min_stability, Purpose purpose)
      : components_(components),
        config_blocks_(config_blocks),
        min_stability_(min_stability),
        purpose_(purpose),
        suggestions_(known_names(components, config_blocks)) {}

  Inventory take(const std::vector<BlockRef>& blocks) {
    inventory_.entries.reserve(blocks.size());
    for (const BlockRef& ref : blocks) {
      const std::string name = ref.block->full_name();
      if (!ref.block->label.empty() && (name == "declare" || name.starts_with("import.")))
        inventory_.custom_namespaces.insert(ref.block->label);
    }
    for (const BlockRef& ref : blocks) {
      inventory_.entries.push_back(classify(ref));
      Entry& entry = inventory_.entries.back();
      check(entry);
      if (entry.component == nullptr && entry.config == nullptr) inventory_.rejected_ids.insert(entry.id);
    }
    return std::move(inventory_);
  }

 private:
  Entry classify(const BlockRef& ref) {
    Entry entry{.block = ref, .id = ref.block->id()};
    const std::string name = ref.block->full_name();
    for (const ConfigBlock& config : config_blocks_) {
      // A service goes by its whole id, so that a label makes it something else; other config blocks ignore a
      // label.
      if (config.name != (config.is_service ? entry.id : name)) continue;
      entry.id = name;
      entry.block_class = config.is_service ? BlockClass::kService : BlockClass::kConfig;
      if (config.schema != nullptr)
        entry.config = &config;
      else
        refuse(entry, fmt::format("service {} does not support being configured", quote(name)));
      return entry;
    }
    for (const Refusal& refusal : kRefusals) {
      if (refusal.name != (refusal.block_class == BlockClass::kService ? entry.id : name)) continue;
      entry.block_class = refusal.block_class;
      refuse(entry, refusal_text(refusal));
      return entry;
    }
    return entry;
  }

  static void refuse(Entry& entry, std::string message) {
    entry.problems.push_back({syntax::Severity::kError, name_range(entry.block), std::move(message)});
  }

  void check(Entry& entry) {
    if (!entry.problems.empty()) return;
    check_duplicate(entry);
    if (entry.config != nullptr) {
      if (entry.config->stability < min_stability_)
        refuse(entry, below_minimum_stability(
                          fmt::format("{} {}", entry.config->is_service ? "block" : "config block",
                                      quote(entry.config->name)),
                          entry.config->stability, min_stability_));
      return;
    }
    find_component(entry);
  }

  void check_duplicate(Entry& entry) {
    const auto [first, added] = first_of_id_.try_emplace(entry.id, entry.block);
    if (added) return;
    entry.duplicate = true;
    if (entry.block_class == BlockClass::kService && purpose_ == Purpose::kRun) {
      refuse(entry, "duplicate definition of " + quote(entry.id));
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
    // Made by a declare or import block, which is itself reported.
    if (inventory_.custom_namespaces.contains(block.name.front())) return;

    const std::string name = block.full_name();
    const component::Registration* registration = components_.find(name);
    if (registration == nullptr) {
      std::string advice;
      if (std::ranges::find(kOtherDiscovery, name) != std::end(kOtherDiscovery))
        advice =
            " (Invar does not have this kind of discovery: let a program answer discovery.http, or write the "
            "files of discovery.file)";
      else
        advice = suggestions_.for_name(name);
      if (advice.empty() && is_foreign(block.name.front()))
        advice = " (Invar does not have this component: see `invar components` for those it has)";
      refuse(entry, "cannot find the definition of component name " + quote(name) + advice);
      return;
    }
    if (registration->stability < min_stability_) {
      refuse(entry,
             below_minimum_stability("component " + quote(name), registration->stability, min_stability_));
      return;
    }
    if (block.label.empty()) refuse(entry, fmt::format("component {} must have a label", quote(name)));
    entry.component = registration;
  }

  static std::vector<std::string> known_names(const component::Registry& components,
                                              const std::vector<ConfigBlock>& config_blocks) {
    std::vector<std::string> names;
    for (const component::Registration& registration : components.all()) names.push_back(registration.name);
    for (const ConfigBlock& config : config_blocks)
      if (config.schema != nullptr) names.push_back(config.name);
    return names;
  }

  const component::Registry& components_;
  const std::vector<ConfigBlock>& config_blocks_;
  const syntax::Stability min_stability_;
  const Purpose purpose_;
  Suggestions suggestions_;
  Inventory inventory_;
  std::map<std::string, BlockRef, std::less<>> first_of_id_;
};

}  // namespace

Inventory take_inventory(const std::vector<BlockRef>& blocks, const component::Registry& components,
                         const std::vector<ConfigBlock>& config_blocks, syntax::Stability min_stability,
                         Purpose purpose) {
  return Taker(components, config_blocks, min_stability, purpose).take(blocks);
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
