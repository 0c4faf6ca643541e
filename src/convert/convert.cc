#include "convert/convert.h"

#include "convert/flow.h"
#include "convert/scrape_jobs.h"
#include "convert/text_writer.h"
#include "syntax/parser.h"
#include "syntax/stdlib_internal.h"

namespace invar::convert {

std::optional<Format> parse_format(std::string_view name) {
  if (name == "prometheus") return Format::kPrometheus;
  if (name == "flow") return Format::kFlow;
  if (name == "parca") return Format::kParca;
  return std::nullopt;
}

Result<Converted> convert(Format format, const std::string& name, const std::string& text,
                          const component::Registry& components) {
  if (format == Format::kFlow) {
    syntax::Diagnostics diagnostics;
    const auto file = syntax::parse_file(syntax::make_source(name, text), diagnostics);
    if (file == nullptr) return fail(ErrorCode::kInvalidArgument, diagnostics.summary());
    Converted converted;
    converted.text = profiles_of_flow(file, components, converted.report);
    return converted;
  }
  const auto configuration = syntax::parse_yaml(text);
  if (!configuration) return fail(ErrorCode::kInvalidArgument, name + ": " + configuration.error());
  if (configuration->type() != syntax::Type::kObject)
    return fail(ErrorCode::kInvalidArgument, name + ": not a configuration: a map is expected");
  TextWriter out;
  write_scrape_jobs(*configuration, format == Format::kParca ? Jobs::kOfProfiles : Jobs::kOfMetrics,
                    components, out);
  return Converted{out.text(), out.report()};
}

}  // namespace invar::convert
