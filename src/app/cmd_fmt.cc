#include "app/cmd_fmt.h"

#include <iostream>

#include "syntax/limits.h"
#include "syntax/parser.h"
#include "syntax/printer.h"

namespace invar::app {
namespace {

constexpr std::string_view kStdinName = "<stdin>";

// One byte more than a source may have is enough for the parser to refuse it.
Result<std::string> read_stream(std::istream& in) {
  std::string text;
  char chunk[1 << 16];
  while (text.size() <= syntax::kMaxSourceBytes) {
    in.read(chunk, sizeof chunk);
    text.append(chunk, static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return fail(ErrorCode::kUnavailable, "cannot read standard input");
    if (!in) break;
  }
  return text;
}

// In place: links, owner and permission bits stay as they are.
Result<> rewrite(fs::FileSystem& files, const std::string& path, std::string_view text) {
  INVAR_ASSIGN_OR_RETURN(auto file, files.open(path, fs::OpenMode::kAppend));
  INVAR_TRY(file->truncate(0));
  INVAR_TRY(file->append(text));
  return file->close();
}

Result<> format(const FmtOptions& options, fs::FileSystem& files, FmtStreams streams) {
  const auto invalid = [](std::string message) {
    return fail(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (options.files.size() > 1) {
    return invalid("accepts between 0 and 1 arg(s), received " + std::to_string(options.files.size()));
  }
  if (options.write && options.test) return invalid("cannot use -w/--write and -t/--test at the same time");
  const bool from_stdin = options.files.empty() || options.files[0] == "-";
  if (from_stdin && options.write) return invalid("cannot use -w with standard input");

  const std::string name = from_stdin ? std::string(kStdinName) : options.files[0];
  std::string text;
  if (from_stdin) {
    INVAR_ASSIGN_OR_RETURN(text, read_stream(streams.in));
  } else {
    INVAR_ASSIGN_OR_RETURN(const fs::Stat stat, files.stat(name));
    if (stat.is_directory) return invalid("cannot format a directory");
    INVAR_ASSIGN_OR_RETURN(text, files.read_file(name, syntax::kMaxSourceBytes));
  }

  syntax::Diagnostics diagnostics;
  const syntax::SourcePtr source = syntax::make_source(name, std::move(text));
  const syntax::ast::FilePtr file = syntax::parse_file(source, diagnostics);
  if (!file) {
    for (const syntax::Diagnostic& d : diagnostics) streams.err << d.to_string() << '\n';
    return invalid("encountered errors during formatting");
  }

  const std::string formatted = syntax::print_file(*file);
  if (options.test) {
    if (formatted != source->text) return invalid("file " + name + " is not formatted correctly");
  } else if (!options.write) {
    streams.out << formatted << std::flush;
    if (!streams.out) return fail(ErrorCode::kUnavailable, "cannot write to standard output");
  } else if (formatted != source->text) {
    return rewrite(files, name, formatted);
  }
  return {};
}

}  // namespace

int run_fmt(const FmtOptions& options, fs::FileSystem& files, FmtStreams streams) {
  const Result<> result = format(options, files, streams);
  if (result) return 0;
  streams.err << "Error: " << result.error().message << '\n';
  return 1;
}

int run_fmt(const FmtOptions& options) {
  return run_fmt(options, *fs::posix(), FmtStreams{std::cin, std::cout, std::cerr});
}

}  // namespace invar::app
