#include "runtime/references.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "syntax/stdlib_names.h"

namespace invar::runtime {
namespace {

std::string dotted(const std::vector<std::string>& names, std::size_t count) {
  std::string out = names.front();
  for (std::size_t i = 1; i < count; ++i) out.append(".").append(names[i]);
  return out;
}

// The first prefix of the chain, as text, that `accept` takes: its number of names, or 0. Linear in the
// chain's text.
template <class F>
std::size_t find_prefix(const std::vector<std::string>& names, F accept) {
  std::string prefix;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) prefix.push_back('.');
    prefix.append(names[i]);
    if (accept(prefix)) return i + 1;
  }
  return 0;
}

// A name alone is no component: what else was meant.
std::string advice_on_word(const std::string& word) {
  const std::string lower = to_lower_ascii(word);
  for (const std::string_view yes : {"true", "yes", "on"})
    if (lower == yes) return " (write true)";
  for (const std::string_view no : {"false", "no", "off"})
    if (lower == no) return " (write false)";
  for (const std::string_view nothing : {"null", "nil", "none"})
    if (lower == nothing) return " (write null)";
  return " (a text stands in double quotes)";
}

syntax::Range range_of(const syntax::Traversal& chain, const syntax::SourcePtr& source) {
  return syntax::ast::range_of(source, {chain.spans.front().begin, chain.spans.back().end});
}

}  // namespace

std::string_view warning_text(Warning::Kind kind) {
  switch (kind) {
    case Warning::Kind::kDeprecatedFunction:
      return "this stdlib function is deprecated; please refer to the documentation for updated usage and "
             "alternatives";
    case Warning::Kind::kShadowedName:
      return "a component is shadowing an existing stdlib name";
  }
  return {};
}

std::string Warning::message() const {
  if (kind == Kind::kDeprecatedFunction)
    return fmt::format("{} is deprecated: write {}", name, syntax::stdlib_replacement(name));
  return std::string(warning_text(kind));
}

ReferenceResolver::ReferenceResolver(const NodeIds& ids, const Inventory& inventory,
                                     const std::set<std::string, std::less<>>& variables,
                                     syntax::Stability min_stability)
    : ids_(ids), inventory_(inventory), variables_(variables), min_stability_(min_stability) {}

References ReferenceResolver::resolve(const syntax::ast::BlockRef& block) {
  References out;
  std::vector<syntax::Traversal> chains;
  syntax::collect_traversals(block.block->body, chains);
  for (const syntax::Traversal& chain : chains) resolve_one(chain, block.file->source, out);
  return out;
}

References ReferenceResolver::resolve_attributes(const syntax::ast::BlockRef& block) {
  References out;
  std::vector<syntax::Traversal> chains;
  for (const syntax::ast::Statement& statement : block.block->body.statements)
    if (const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node))
      syntax::collect_traversals(*attribute->value, chains);
  for (const syntax::Traversal& chain : chains) resolve_one(chain, block.file->source, out);
  return out;
}

std::vector<Reference> ReferenceResolver::seen_from(const syntax::ast::Body& body,
                                                    const syntax::SourcePtr& source,
                                                    const std::set<std::string, std::less<>>& own) const {
  std::vector<Reference> out;
  std::vector<syntax::Traversal> chains;
  syntax::collect_traversals(body, chains);
  for (const syntax::Traversal& chain : chains) {
    if (find_prefix(chain.names, [&](const std::string& prefix) { return own.contains(prefix); }) > 0)
      continue;
    if (auto reference = find_node(chain, source)) out.push_back(std::move(*reference));
  }
  return out;
}

void ReferenceResolver::resolve_one(const syntax::Traversal& chain, const syntax::SourcePtr& source,
                                    References& out) {
  const syntax::Range range = range_of(chain, source);
  const std::string& first = chain.names.front();
  const bool in_stdlib = syntax::stdlib_find(first) != nullptr;

  if (auto reference = find_node(chain, source)) {
    if (in_stdlib)
      out.warnings.push_back({Warning::Kind::kShadowedName, dotted(chain.names, chain.names.size()), range});
    out.found.push_back(std::move(*reference));
    return;
  }
  if (variables_.contains(first)) return;
  if (!in_stdlib) {
    if (already_reported(chain)) return;
    const std::string name = dotted(chain.names, chain.names.size());
    out.errors.push_back(
        {syntax::Severity::kError, range,
         fmt::format("component {} does not exist or is out of scope{}", quote(name), suggestion(chain))});
    return;
  }
  if (const auto unknown = syntax::stdlib_unknown_member(chain.names); unknown.index > 0) {
    out.errors.push_back({syntax::Severity::kError, syntax::ast::range_of(source, chain.spans[unknown.index]),
                          unknown.sentence});
    return;
  }
  if (!syntax::stdlib_replacement(first).empty())
    out.warnings.push_back({Warning::Kind::kDeprecatedFunction, first, range});
  std::optional<syntax::Stability> level;
  const std::size_t count = find_prefix(chain.names, [&](const std::string& name) {
    level = syntax::stdlib_stability(name);
    return level && *level < min_stability_;
  });
  if (count > 0)
    out.errors.push_back({syntax::Severity::kError, range,
                          below_minimum_stability(dotted(chain.names, count), *level, min_stability_)});
}

std::optional<Reference> ReferenceResolver::find_node(const syntax::Traversal& chain,
                                                      const syntax::SourcePtr& source) const {
  Reference reference;
  const std::size_t count = find_prefix(chain.names, [&](const std::string& prefix) {
    const auto found = ids_.find(prefix);
    if (found == ids_.end()) return false;
    reference.target = found->second;
    return true;
  });
  if (count == 0) return std::nullopt;
  reference.range = range_of(chain, source);
  if (count == chain.names.size()) return reference;
  reference.field = chain.names[count];
  reference.field_range = syntax::ast::range_of(source, chain.spans[count]);
  reference.goes_on = count + 1 < chain.names.size();
  return reference;
}

bool ReferenceResolver::already_reported(const syntax::Traversal& chain) const {
  return find_prefix(chain.names,
                     [&](const std::string& prefix) { return inventory_.rejected_ids.contains(prefix); }) > 0;
}

// The id or function nearest to any prefix of the chain, the longest first: the chain goes on into the component's
// exports.
std::string ReferenceResolver::suggestion(const syntax::Traversal& chain) {
  constexpr std::size_t kMostOfAFunction = 2;  // os.getenv
  if (const std::string ours = syntax::stdlib_equivalent(chain.names.back());
      !ours.empty() && chain.names.size() <= kMostOfAFunction)
    return fmt::format(" (write {})", ours);
  if (chain.names.size() == 1) {
    std::string similar = similar_variable(chain.names.front());
    return similar.empty() ? advice_on_word(chain.names.front()) : similar;
  }
  if (!suggestions_) {
    std::vector<std::string> ids = syntax::stdlib_dotted_names();
    for (const auto& [id, index] : ids_) ids.push_back(id);
    suggestions_.emplace(std::move(ids));
  }
  constexpr std::size_t kLongestId = 6;
  for (std::size_t count = std::min(chain.names.size(), kLongestId); count >= 2; --count) {
    std::string text = suggestions_->for_name(dotted(chain.names, count));
    if (!text.empty()) return text;
  }
  return only_candidate(chain);
}

// What stands for a value by one name alone: the item of a foreach, `module_path`.
std::string ReferenceResolver::similar_variable(const std::string& name) const {
  std::vector<std::string> known(variables_.begin(), variables_.end());
  for (const auto& [id, index] : ids_)
    if (!id.contains('.')) known.push_back(id);
  return Suggestions(std::move(known)).for_name(name);
}

// The only node of the named component, whatever its label is; or the only one with that label.
std::string ReferenceResolver::only_candidate(const syntax::Traversal& chain) const {
  const std::string component = dotted(chain.names, 2) + ".";
  const std::string label = "." + chain.names.front();
  const std::string* only = nullptr;
  for (const auto& [id, index] : ids_) {
    if (!id.starts_with(component) && !id.ends_with(label)) continue;
    if (only != nullptr) return {};
    only = &id;
  }
  return only == nullptr ? "" : fmt::format(" (did you mean {}?)", quote(*only));
}

}  // namespace invar::runtime
