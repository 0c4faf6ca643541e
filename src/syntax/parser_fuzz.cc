// Scanner, parser and printed diagnostics over arbitrary bytes: no crash, and errors exactly when there is no tree.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "syntax/limits.h"
#include "syntax/parser.h"

using namespace invar;
using namespace invar::syntax;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SourcePtr source = make_source("fuzz", std::string(reinterpret_cast<const char*>(data), size));

  Diagnostics diagnostics;
  const ast::FilePtr file = parse_file(source, diagnostics);
  INVAR_CHECK((file == nullptr) == diagnostics.has_errors(), "a tree or errors, never both");
  INVAR_CHECK(diagnostics.size() <= kMaxParseErrors, "bounded number of errors");
  for (const Diagnostic& d : diagnostics) {
    INVAR_CHECK(d.range.start.valid() && d.range.start.offset <= size, "errors have a place in the source");
  }
  INVAR_CHECK(diagnostics.render(true).size() >= diagnostics.render(false).size(), "colour only adds");

  Diagnostics expression_diagnostics;
  const auto expr = parse_expression(source, expression_diagnostics);
  INVAR_CHECK((expr == nullptr) == expression_diagnostics.has_errors(),
              "an expression or errors, never both");
  return 0;
}
