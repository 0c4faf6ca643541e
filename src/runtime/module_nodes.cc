#include "runtime/module_nodes.h"

#include <utility>

#include "base/strings.h"
#include "syntax/schema.h"

namespace invar::runtime {
namespace {

struct ArgumentArguments {
  bool optional = false;
  syntax::Value default_value;
  std::string comment;
  bool operator==(const ArgumentArguments&) const = default;
};

struct ExportArguments {
  syntax::Value value;
  bool operator==(const ExportArguments&) const = default;
};

}  // namespace

const syntax::Schema& argument_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ArgumentArguments>()
          .attribute("optional", &ArgumentArguments::optional, "Whether a caller may leave it out.")
          .attribute("default", &ArgumentArguments::default_value,
                     "What it is when the caller leaves it out; may refer to a component of the module.")
          .attribute("comment", &ArgumentArguments::comment, "What it is for; read by people.")
          .build();
  return schema;
}

const syntax::Schema& export_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ExportArguments>()
          .attribute("value", &ExportArguments::value, "What users of the module see by the export's name.")
          .required()
          .build();
  return schema;
}

bool GivenNode::give(const syntax::Value& value) {
  if (value_ == value) return false;
  value_ = value;
  return true;
}

bool ArgumentNode::give(std::optional<syntax::Value> value) {
  if (given_ == value) return false;
  given_ = std::move(value);
  return true;
}

Evaluation ArgumentNode::evaluate_now(const syntax::Scope& scope) {
  auto decoded = decode_arguments(block(), argument_schema(), scope);
  if (!decoded) return decoding_failure(block(), kConfigHeadline, std::move(decoded).error(), true);
  const auto& arguments = decoded->as<ArgumentArguments>();
  if (!given_ && !arguments.optional)
    return block_failure(block(), kConfigHeadline,
                         "missing required argument " + quote(name_) + " to module");
  const syntax::Value value = given_ ? *given_ : arguments.default_value;
  if (value_ == value) return std::nullopt;
  value_ = value;
  exports_ = syntax::Value::object({{"value", value}});
  module_->exports_changed(*this);
  return std::nullopt;
}

Evaluation ExportNode::evaluate_now(const syntax::Scope& scope) {
  auto decoded = decode_arguments(block(), export_schema(), scope);
  if (!decoded) return decoding_failure(block(), kConfigHeadline, std::move(decoded).error(), true);
  const syntax::Value& value = decoded->as<ExportArguments>().value;
  if (value_ == value) return std::nullopt;
  value_ = value;
  module_->exports_changed(*this);
  return std::nullopt;
}

}  // namespace invar::runtime
