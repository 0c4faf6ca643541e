// Any text as a body for a schema with every kind of field: the static check and the decoder end, and what decodes can be
// shown. A body that decodes must pass the check, unless only a rule over the whole struct could tell.
#include "syntax/evaluator.h"
#include "syntax/json.h"
#include "syntax/parser.h"

namespace invar::syntax {
namespace {

struct Leaf {
  std::string name;
  OptionalSecretText password;
  std::int8_t small = 0;
  double ratio = 1.5;
  bool operator==(const Leaf&) const = default;
};

struct Tree {
  std::string text;
  bool flag = true;
  std::uint64_t count = 3;
  Duration wait{5};
  std::vector<std::string> list;
  std::map<std::string, std::vector<std::int64_t>> table;
  std::optional<bool> maybe;
  Value any;
  Leaf squashed;
  Leaf plain;
  std::optional<Leaf> optional;
  std::vector<Leaf> many;
  bool operator==(const Tree&) const = default;
};

const Schema& leaf_schema() {
  static const Schema schema = SchemaBuilder<Leaf>()
                                   .attribute("password", &Leaf::password, "Hidden.")
                                   .attribute("small", &Leaf::small, "Number.")
                                   .attribute("ratio", &Leaf::ratio, "Number.")
                                   .build();
  return schema;
}

const Schema& labelled_schema() {
  static const Schema schema = SchemaBuilder<Leaf>()
                                   .label(&Leaf::name, "Name.")
                                   .attribute("small", &Leaf::small, "Number.")
                                   .required()
                                   .build();
  return schema;
}

const Schema& tree_schema() {
  static const Schema schema = SchemaBuilder<Tree>()
                                   .attribute("text", &Tree::text, "Text.")
                                   .attribute("flag", &Tree::flag, "Flag.")
                                   .attribute("count", &Tree::count, "Count.")
                                   .attribute("wait", &Tree::wait, "Wait.")
                                   .attribute("list", &Tree::list, "List.")
                                   .attribute("table", &Tree::table, "Table.")
                                   .attribute("maybe", &Tree::maybe, "Maybe.")
                                   .attribute("any", &Tree::any, "Any.")
                                   .squash(&Tree::squashed, leaf_schema())
                                   .block("plain", &Tree::plain, leaf_schema(), "One.")
                                   .block("optional", &Tree::optional, leaf_schema(), "At most one.")
                                   .block("many.of", &Tree::many, labelled_schema(), "Many.")
                                   .build();
  return schema;
}

}  // namespace
}  // namespace invar::syntax

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::syntax;
  const auto source = make_source("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  const auto file = parse_file(source, diagnostics);
  if (!file || size == 0) return 0;
  Diagnostics checks;
  check_body(file->body, source, {0, static_cast<std::uint32_t>(size - 1)}, tree_schema(), checks);
  (void)checks.render(false);
  const auto object = tree_schema().make();
  Diagnostics problems;
  const bool decoded = decode_body(file->body, source, {}, tree_schema(), object.get(), problems);
  INVAR_CHECK(decoded == problems.empty(), "a failure is reported, a success is not");
  (void)problems.render(false);
  (void)body_to_json(tree_schema().to_body(object.get()));
  INVAR_CHECK(!decoded || tree_schema().clone(object.get()) != nullptr, "what decodes can be copied");
  return 0;
}
