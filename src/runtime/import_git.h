// GitFetcher: the content of an import from a git repository, by the `git` program: a clone in the storage directory that is
// fetched again and checked out.
// Threads: loop thread only; git runs on the disk pool. Spec: modules.md 3.
#pragma once

#include <optional>
#include <string>

#include "runtime/controller.h"
#include "runtime/import_fetcher.h"

namespace invar::runtime {

struct ImportGitArguments;

class GitFetcher final : public ImportFetcher {
 public:
  GitFetcher(const Environment& environment, const std::string& id);
  void fetch(const syntax::Boxed& arguments, Done done) override;
  [[nodiscard]] Duration interval(const syntax::Boxed& arguments) const override;
  [[nodiscard]] std::string identity(const syntax::Boxed& arguments) const override;

 private:
  const Environment& environment_;
  const std::string directory_;  // of the clone and the keys
  std::optional<async::Alive> alive_;
};

// Clones or fetches, checks the revision out, and reads the module. Blocks. `directory` is made when it is missing. With a
// clone that is of another repository begins anew. Errors: what git says, without credentials.
Result<ImportedText> fetch_with_git(fs::FileSystem& files, const std::string& directory,
                                    const ImportGitArguments& arguments);

}  // namespace invar::runtime
