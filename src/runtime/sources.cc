#include "runtime/sources.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/strings.h"
#include "fs/path.h"
#include "syntax/parser.h"

namespace invar::runtime {
namespace {

constexpr std::string_view kExtension = ".alloy";
// The parser takes no more; a longer file, or one without an end, is refused before it fills the memory.
constexpr std::uint64_t kReadLimitBytes = std::uint64_t{64} << 20;

Result<SourceFile> read_one(fs::FileSystem& files, const std::string& path, const fs::Stat& stat,
                            Reading reading) {
  if (reading == Reading::kAgain && !stat.is_regular) {
    return fail(ErrorCode::kUnsupported, path +
                                             " is a pipe or a device, which is read once, at the start; "
                                             "restart Invar for another configuration");
  }
  SourceFile source{path, {}};
  INVAR_ASSIGN_OR_RETURN(source.text, files.read_file(path, kReadLimitBytes));
  INVAR_TRY(syntax::check_encoding(source.text));
  return source;
}

}  // namespace

Result<std::vector<SourceFile>> read_sources(fs::FileSystem& files, const std::string& path,
                                             Reading reading) {
  const auto stat = files.stat(path);
  if (!stat) {
    if (stat.error().code == ErrorCode::kNotFound)
      return fail(ErrorCode::kNotFound, "stat " + path + ": no such file or directory");
    return std::unexpected(stat.error());
  }
  std::vector<SourceFile> sources;
  if (!stat->is_directory) {
    INVAR_ASSIGN_OR_RETURN(sources.emplace_back(), read_one(files, path, *stat, reading));
    return sources;
  }

  INVAR_ASSIGN_OR_RETURN(std::vector<std::string> names, files.list(path));
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!name.ends_with(kExtension)) continue;
    const std::string file = fs::join_path(path, name);
    const auto entry = files.stat(file);
    if (entry && entry->is_directory) continue;
    auto source = entry ? read_one(files, file, *entry, reading) : std::unexpected(entry.error());
    // Among several files an error without a position has to say which one it means.
    if (!source && source.error().message.find(file) == std::string::npos)
      return std::unexpected(source.error().wrapped(file));
    if (!source) return std::unexpected(std::move(source).error());
    sources.push_back(std::move(*source));
  }
  return sources;
}

std::string sources_hash(const std::vector<SourceFile>& sources) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const SourceFile& source : sources)
    ok = ok && EVP_DigestUpdate(context.get(), source.text.data(), source.text.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(context.get(), digest, &size) == 1;
  INVAR_CHECK(ok, "SHA-256 is not available");
  return hex(std::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string sha256_hex(std::string_view text) {
  return sources_hash({{"", std::string(text)}});
}

std::optional<std::vector<syntax::ast::BlockRef>> parse_sources(const std::vector<SourceFile>& sources,
                                                                syntax::Diagnostics& diagnostics) {
  std::vector<syntax::ast::BlockRef> blocks;
  bool good = true;
  for (const SourceFile& source : sources) {
    const syntax::ast::FilePtr file =
        syntax::parse_file(syntax::make_source(source.path, source.text), diagnostics);
    if (!file) {
      good = false;
      continue;
    }
    for (const syntax::ast::Statement& statement : file->body.statements) {
      if (const auto* block = std::get_if<syntax::ast::Block>(&statement.node)) {
        blocks.push_back({file, block, statement.span});
        continue;
      }
      const auto& attribute = std::get<syntax::ast::Attribute>(statement.node);
      const syntax::Position start = syntax::position_at(file->source, attribute.name_span.begin);
      diagnostics.error({start, start}, "unrecognized attribute " + attribute.name);
      good = false;
      break;
    }
  }
  if (!good) return std::nullopt;
  return blocks;
}

}  // namespace invar::runtime
