// ImportFetcher: where the content of an import comes from: its own arguments, files, a web server, a git repository.
// Threads: loop thread only; what blocks is done on the pools. Spec: modules.md 3.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "runtime/import_content.h"
#include "syntax/schema.h"

namespace invar::runtime {

struct ModuleContext;

class ImportFetcher {
 public:
  using Done = std::move_only_function<void(Result<ImportedText>)>;
  virtual ~ImportFetcher() = default;
  // One attempt. `done` once, at once or later on the loop; a later call ends an earlier one, whose `done` is dropped.
  virtual void fetch(const syntax::Boxed& arguments, Done done) = 0;
  // Time between two attempts; 0: there is nothing to come.
  [[nodiscard]] virtual Duration interval(const syntax::Boxed& arguments) const = 0;
  // Calls `changed` whenever it is worth a new attempt, beside the interval; until it is told otherwise or destroyed.
  virtual void follow(const syntax::Boxed& /*arguments*/, std::function<void()> /*changed*/) {}
  virtual void unfollow() {}
  // Equal for what gives the same content: an import that stands in content of its own identity would never end.
  [[nodiscard]] virtual std::string identity(const syntax::Boxed& arguments) const = 0;
};

// `block_name`: "import.file" ...; `label`: names the source of texts that have no name of their own; `id`: whole, of the import;
// `module_path`: of the importer.
std::unique_ptr<ImportFetcher> make_import_fetcher(std::string_view block_name, const std::string& label,
                                                   const std::string& id, const ModuleContext& module);

// The file, or the `*.alloy` files of the directory. Blocks. Errors: those of read_sources().
std::string import_file_identity(const std::string& path);
Result<ImportedText> read_import_file(fs::FileSystem& files, const std::string& path);

}  // namespace invar::runtime
