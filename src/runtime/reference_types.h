// ReferenceTypes: whether what the expressions of a block refer to is exported, and fits where it is written.
//
// Looked at: whole values, elements of lists and fields of objects that are a chain of names and nothing else. What is computed
// from a chain, or looks into an export, is a matter of the evaluation; that its export exists is a matter of everything.
// Threads: any; pure. Lifetime: everything given outlives it. Spec: language.md 10.6.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/export_types.h"
#include "runtime/references.h"

namespace invar::runtime {

class ReferenceTypes {
 public:
  struct Exporter {
    const std::string* id = nullptr;
    const ExportTypes* exports = nullptr;
  };
  using ExporterOf = std::function<Exporter(Graph::Index)>;

  // `found`: the references of one text. Mistakes are added to `errors`, each at its place.
  ReferenceTypes(const std::vector<Reference>& found, const syntax::SourcePtr& source, ExporterOf exporter_of,
                 std::vector<syntax::Diagnostic>& errors);

  // That every reference has its export.
  void check_exports();
  // That the values of a body, described by the schema, may be what is wanted there.
  void check_body(const syntax::ast::Body& body, const syntax::Schema& schema);

 private:
  struct Wanted {
    std::string_view type;
    bool lists_too = false;  // lists of it stand for their elements, and in a list of it, too
    [[nodiscard]] bool takes(std::string_view given) const;
  };
  void check_value(const syntax::ast::Expr& expr, Wanted wanted);
  void check_chain(const syntax::ast::Expr& expr, const Reference& reference, Wanted wanted);
  [[nodiscard]] static std::string what_to_write(const Exporter& exporter, const Reference& reference,
                                                 Wanted wanted);

  const syntax::SourcePtr& source_;
  const ExporterOf exporter_of_;
  std::vector<syntax::Diagnostic>& errors_;
  std::vector<Reference> found_;
  std::map<std::size_t, const Reference*> at_;  // by where the chain begins
};

}  // namespace invar::runtime
