#include "components/local/file_match/discovery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <map>
#include <optional>

#include "base/strings.h"
#include "component/path_follower.h"
#include "components/local/file_match/path_pattern.h"

namespace invar::components::local_file_match {
namespace {

using component::Target;
using component::Targets;

constexpr std::size_t kMostFiles = 100'000;

struct File {
  Target target;
  UnixNanos changed_unix_ns = 0;
};
struct Found {
  std::vector<File> files;
  std::vector<std::string> mistakes;  // sentences
};

std::string absolute(std::string_view pattern) {
  if (pattern.starts_with('/')) return std::string(pattern);
  std::array<char, PATH_MAX> directory{};
  if (::getcwd(directory.data(), directory.size()) == nullptr) return std::string(pattern);
  return std::string(directory.data()) + "/" + std::string(pattern);
}

// The files of one target, sorted.
Result<> find(const Target& target, fs::FileSystem& files, std::vector<File>& out) {
  const std::string_view path = target.get("__path__");
  if (path.empty()) return fail(ErrorCode::kInvalidArgument, "it has no label __path__");
  const auto parsed = [](std::string_view text) -> Result<PathPattern> {
    auto pattern = PathPattern::parse(absolute(text));
    if (!pattern) return std::unexpected(pattern.error().wrapped("the pattern " + quote(text)));
    return pattern;
  };
  INVAR_ASSIGN_OR_RETURN(const PathPattern pattern, parsed(path));
  std::optional<PathPattern> excluded;
  if (const auto exclude = target.get("__path_exclude__"); !exclude.empty()) {
    INVAR_ASSIGN_OR_RETURN(excluded, parsed(exclude));
  }
  std::map<std::string, UnixNanos> paths;
  bool too_many = false;
  pattern.walk(files, [&](const std::string& found, const fs::Stat& stat) {
    if (excluded && excluded->matches(found)) return true;
    too_many = paths.size() == kMostFiles;
    if (!too_many) paths.emplace(found, stat.mtime_unix_ns);
    return !too_many;
  });
  for (const auto& [found, changed] : paths) {
    Target::Map labels = target.to_map();
    labels["__path__"] = found;
    out.push_back({Target(labels), changed});
  }
  if (too_many) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("more than {} files match {}; the others are left out", kMostFiles, quote(path)));
  }
  return {};
}

Found find_all(const Targets& path_targets, fs::FileSystem& files) {
  Found found;
  for (std::size_t i = 0; i < path_targets.size(); ++i) {
    if (auto done = find(path_targets[i], files, found.files); !done)
      found.mistakes.push_back(fmt::format("path_targets[{}]: {}", i, done.error().message));
  }
  return found;
}

class FileDiscoverer final : public component::Discoverer {
 public:
  FileDiscoverer(const component::Options& options, Arguments arguments)
      : loop_(*options.loop),
        files_(options.files),
        arguments_(std::move(arguments)),
        follower_(loop_, *options.disk_pool, options.logger) {}

  void start(component::GroupSink& sink) override {
    sink_ = &sink;
    follow();
  }

  bool adopt(const component::Boxed& arguments) override {
    arguments_ = arguments.as<Arguments>();
    if (sink_ != nullptr) follow();
    return true;
  }

 private:
  void follow() {
    follower_.follow({.interval = arguments_.sync_period,
                      .points = {},
                      .look =
                          [this, targets = arguments_.path_targets.targets, files = files_] {
                            return [this, found = find_all(targets, *files)]() mutable {
                              take(std::move(found));
                            };
                          },
                      .watch_failed = {}});
  }

  void take(Found found) {
    const Duration age = arguments_.ignore_older_than;
    const UnixNanos not_before = age == Duration::zero() ? 0 : loop_.unix_ns() - age.count();
    Targets targets;
    for (File& file : found.files) {
      if (file.changed_unix_ns >= not_before) targets.push_back(std::move(file.target));
    }
    component::Groups groups;
    groups.emplace("files", std::move(targets));
    sink_->replace(std::move(groups));
    sink_->remark(join(found.mistakes, "; "));
  }

  async::Loop& loop_;
  std::shared_ptr<fs::FileSystem> files_;
  Arguments arguments_;
  component::GroupSink* sink_ = nullptr;
  component::PathFollower follower_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  return std::make_unique<FileDiscoverer>(options, arguments);
}

}  // namespace invar::components::local_file_match
