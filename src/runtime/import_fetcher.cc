#include "runtime/import_fetcher.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "component/path_follower.h"
#include "fs/clean_path.h"
#include "runtime/import_arguments.h"
#include "runtime/import_git.h"
#include "runtime/import_http.h"
#include "runtime/node.h"

namespace invar::runtime {
namespace {

class StringFetcher final : public ImportFetcher {
 public:
  explicit StringFetcher(std::string label) : label_(std::move(label)) {}
  void fetch(const syntax::Boxed& arguments, Done done) override {
    // Its module path is the importer's, which the import itself knows.
    done(ImportedText{{{label_, arguments.as<ImportStringArguments>().content.text}}, {}});
  }
  Duration interval(const syntax::Boxed&) const override { return Duration::zero(); }
  std::string identity(const syntax::Boxed& arguments) const override {
    return "text " + arguments.as<ImportStringArguments>().content.text;
  }

 private:
  const std::string label_;
};

class FileFetcher final : public ImportFetcher {
 public:
  FileFetcher(const Environment& environment, log::Logger logger)
      : environment_(environment), follower_(*environment.loop, *environment.disk_pool, std::move(logger)) {}
  void fetch(const syntax::Boxed& arguments, Done done) override {
    alive_.emplace();
    environment_.disk_pool->run(
        [files = environment_.files, path = arguments.as<ImportFileArguments>().filename] {
          return read_import_file(*files, path);
        },
        alive_->bind(std::move(done)));
  }
  Duration interval(const syntax::Boxed&) const override { return Duration::zero(); }  // the follower has one
  void follow(const syntax::Boxed& boxed, std::function<void()> changed) override {
    const auto& arguments = boxed.as<ImportFileArguments>();
    component::PathFollower::Followed followed;
    followed.interval = arguments.poll_frequency;
    if (arguments.detector == "fsnotify")
      followed.points = [path = arguments.filename, files = environment_.files] {
        auto points = fs::watch_points(path);
        if (const auto stat = files->stat(path); stat && stat->is_directory) points.push_back({path, ""});
        return points;
      };
    followed.look = [changed = std::move(changed)] { return async::Task(changed); };
    follower_.follow(std::move(followed));
  }
  void unfollow() override { follower_.stop(); }
  std::string identity(const syntax::Boxed& arguments) const override {
    return import_file_identity(arguments.as<ImportFileArguments>().filename);
  }

 private:
  const Environment& environment_;
  component::PathFollower follower_;
  std::optional<async::Alive> alive_;  // of the attempt under way
};

}  // namespace

std::unique_ptr<ImportFetcher> make_import_fetcher(std::string_view block_name, const std::string& label,
                                                   const std::string& id, const ModuleContext& module) {
  const Environment& environment = *module.environment;
  if (block_name == "import.string") return std::make_unique<StringFetcher>(label);
  if (block_name == "import.file")
    return std::make_unique<FileFetcher>(
        environment, environment.logger.with({{"component_path", module.path()}, {"component_id", id}}));
  if (block_name == "import.http") return std::make_unique<HttpFetcher>(environment);
  INVAR_CHECK(block_name == "import.git", "an import of no known kind");
  return std::make_unique<GitFetcher>(environment, id);
}

std::string import_file_identity(const std::string& path) {
  return "file " + fs::clean_path(path);
}

Result<ImportedText> read_import_file(fs::FileSystem& files, const std::string& path) {
  ImportedText out;
  INVAR_ASSIGN_OR_RETURN(out.files, read_sources(files, path));
  const auto stat = files.stat(path);
  const bool directory = stat && stat->is_directory;
  out.module_path = directory ? path : fs::directory_of(path);
  return out;
}

}  // namespace invar::runtime
