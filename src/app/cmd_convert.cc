// `invar convert`: docs/behaviour/convert.md.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "convert/convert.h"
#include "fs/filesystem.h"

namespace invar::app {
namespace {

std::string all_of_stdin() {
  std::string text, part(1 << 16, '\0');
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), stdin)) text.append(part, 0, size);
  return text;
}

}  // namespace

int convert(const ConvertOptions& options) {
  if (options.format.empty()) return fail_with("source-format is a required flag");
  const auto format = convert::parse_format(options.format);
  if (!format)
    return fail_with(
        fmt::format("(Critical) unrecognized kind {} given to the config converter", quote(options.format)));
  const auto files = fs::posix();
  const bool from_stdin = options.file.empty() || options.file == "-";
  const Result<std::string> text =
      from_stdin ? Result<std::string>(all_of_stdin()) : files->read_file(options.file);
  if (!text) return fail_with(text.error().message);
  const auto converted =
      convert::convert(*format, from_stdin ? "<stdin>" : options.file, *text, components());
  constexpr unsigned kMode = 0640;
  if (!options.report.empty()) {
    const std::string report =
        converted ? converted->report : fmt::format("(Critical) {}\n", converted.error().message);
    if (const auto written = files->write_file_atomically(options.report, report, kMode, false); !written)
      return fail_with(written.error().message);
  }
  if (!converted) return fail_with(converted.error().message);
  if (options.output.empty()) {
    std::fputs(shown_lines(converted->text).c_str(), stdout);  // comments repeat what is in the file
    return 0;
  }
  const auto written = files->write_file_atomically(options.output, converted->text, kMode, false);
  return written ? 0 : fail_with(written.error().message);
}

}  // namespace invar::app
