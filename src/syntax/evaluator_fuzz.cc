// Any text as an expression: it parses or not, it evaluates or not, and the result can be shown. Secrets in scope never show.
#include <cstdlib>

#include "syntax/evaluator.h"
#include "syntax/json.h"
#include "syntax/parser.h"

namespace {

constexpr std::string_view kHidden = "zq-hidden-zq";

invar::syntax::Scope make_scope() {
  using namespace invar::syntax;
  Scope scope;
  scope.variables["s"] = Value(CapsulePtr(std::make_shared<Secret>(std::string(kHidden))));
  scope.variables["o"] = Value(CapsulePtr(std::make_shared<OptionalSecret>(std::string(kHidden), true)));
  scope.variables["t"] = Value::object({{"a", Value(ArrayData{Value(1), Value("x"), Value(1.5)})}}, true);
  return scope;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::syntax;
  static const Scope scope = make_scope();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto source = make_source("fuzz", text);
  Diagnostics diagnostics;
  const auto parsed = parse_expression(source, diagnostics);
  if (!parsed) return 0;
  std::vector<Traversal> traversals;
  collect_traversals(*parsed, traversals);
  const Value value = evaluate(*parsed, source, scope, diagnostics);
  BodyValue body;
  body.attribute("x", value);
  std::string shown = value.to_text() + body_to_json(body);
  for (const auto& diagnostic : diagnostics) shown += diagnostic.message;
  // convert.nonsensitive is the one way out; whoever writes its name has asked for it.
  if (text.find("nonsensitive") == std::string::npos && shown.find(kHidden) != std::string::npos)
    std::abort();
  return 0;
}
