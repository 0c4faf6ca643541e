#include "runtime/unwise_arguments.h"

namespace invar::runtime {
namespace {

// Of what the sentence's first word names: the value of an attribute, the head of a block; else the whole block.
syntax::Range place_of(std::string_view sentence, const syntax::SeenBlock& seen,
                       const syntax::SourcePtr& source) {
  const std::string_view subject = sentence.substr(0, sentence.find_first_of(" :"));
  for (const syntax::ast::Statement& statement : seen.body.statements) {
    const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
    if (attribute != nullptr && attribute->name == subject)
      return syntax::ast::range_of(source, attribute->value->span);
    const auto* block = std::get_if<syntax::ast::Block>(&statement.node);
    if (block != nullptr && block->full_name() == subject)
      return syntax::ast::range_of(source, block->name_span);
  }
  return syntax::ast::range_of(source, seen.span);
}

}  // namespace

void warn_of_unwise(const std::vector<Advice>& advice, const syntax::SeenBlock& seen,
                    const syntax::SourcePtr& source, syntax::Diagnostics& diagnostics) {
  for (const Advice& one : advice) {
    if (&one.schema() != &seen.schema) continue;
    for (std::string& sentence : one.sentences(seen.object)) {
      const syntax::Range place = place_of(sentence, seen, source);
      diagnostics.warning(place, std::move(sentence));
    }
  }
}

}  // namespace invar::runtime
