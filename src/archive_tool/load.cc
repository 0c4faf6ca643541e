#include "archive_tool/load.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "archive_tool/contained.h"
#include "base/strings.h"
#include "pprof/merge.h"

namespace invar::archive_tool {
namespace {

struct Part {  // a worker's share of the merge
  pprof::Merger merger;
  std::uint64_t profiles[2] = {};
};

std::unexpected<Error> several_kinds(const Error& error) {
  return fail(ErrorCode::kUnsupported,
              error.message + ": choose one kind with --selector '{__name__=\"...\"}' or with --sample-type");
}

class Loader {
 public:
  Loader(const Environment& environment, std::uint32_t sides) : environment_(environment), sides_(sides) {}

  Result<> add(const Selection& selection, std::uint32_t side) {
    // With a sample type the merger itself finds who has it; each file is read once.
    Selection without_type = selection;
    without_type.sample_type.clear();
    without_type.by_contained_names = true;
    INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment_, without_type));
    while (parts_.size() < std::max(1U, environment_.threads)) {
      parts_.push_back(std::make_unique<Part>(pprof::Merger({.sample_type = selection.sample_type}, sides_)));
    }
    in_parallel(environment_, source.size(), [&](unsigned worker, std::size_t i) {
      if (failed_.load(std::memory_order_relaxed)) return;
      add_file(*parts_[worker], source, i, static_cast<std::uint32_t>(next_order_ + i), side);
    });
    next_order_ += source.size();
    if (refusal_) return std::unexpected(*refusal_);
    return {};
  }

  Result<Loaded> finish() && {
    Loaded loaded{.profile = std::move(parts_.front()->merger).take(), .all_good = all_good_};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      for (std::uint32_t side = 0; side < 2; ++side) loaded.profiles[side] += parts_[i]->profiles[side];
      if (i == 0) continue;
      if (auto joined = loaded.profile.absorb(parts_[i]->merger.merged()); !joined) {
        return several_kinds(joined.error());
      }
      parts_[i].reset();
    }
    return loaded;
  }

 private:
  void add_file(Part& part, const Source& source, std::size_t file, std::uint32_t order, std::uint32_t side) {
    std::string bytes;  // a gzip file of the profile, whatever stands in its header
    const auto item = source.look(file, &bytes);
    if (!item) return note(item.error());
    if (!*item) return;
    if ((*item)->meta.kind == archive::Kind::kPprof)
      return add_profile(part, (*item)->path, bytes, order, side);
    if (!holds_profiles((*item)->meta)) return;
    const auto body = source.body(**item);
    if (!body) return note(body.error());
    const auto contained = contained_profiles(**item, *body);
    if (!contained) return note(contained.error());
    if (const std::string losses = contained->report.losses(); !losses.empty()) {
      const std::lock_guard lock(mutex_);
      environment_.warn((*item)->path + ": left out: " + losses);
    }
    for (const jfr::ConvertedProfile& profile : contained->profiles) {
      if (source.selects(**item, profile.name)) add_profile(part, (*item)->path, profile.body, order, side);
    }
  }

  void add_profile(Part& part, const std::string& path, std::string_view bytes, std::uint32_t order,
                   std::uint32_t side) {
    const Result<> added = part.merger.add(bytes, order, side);
    if (added) {
      ++part.profiles[side];
    } else if (added.error().code == ErrorCode::kUnsupported) {
      const std::lock_guard lock(mutex_);
      refusal_ = several_kinds(added.error().wrapped(path)).error();
      failed_ = true;
    } else if (added.error().code != ErrorCode::kNotFound) {
      note(added.error().wrapped(path));
    }
  }

  void note(const Error& error) {
    const std::lock_guard lock(mutex_);
    environment_.warn(error.message);
    all_good_ = false;
  }

  const Environment& environment_;
  const std::uint32_t sides_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::size_t next_order_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // of all below
  bool all_good_ = true;
  std::optional<Error> refusal_;
};

Result<> check_found(const Loaded& loaded, std::uint32_t side, const Selection& selection) {
  if (loaded.profiles[side] > 0) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("no profile {} in {}",
                          selection.sample_type.empty() ? "selected" : "with " + selection.sample_type,
                          join(selection.paths, ", ")));
}

}  // namespace

Result<Loaded> load(const Environment& environment, const Selection& selection) {
  Loader loader(environment, 1);
  INVAR_TRY(loader.add(selection, 0));
  INVAR_ASSIGN_OR_RETURN(Loaded loaded, std::move(loader).finish());
  INVAR_TRY(check_found(loaded, 0, selection));
  return loaded;
}

Result<Loaded> load_diff(const Environment& environment, const Selection& before, const Selection& after,
                         bool normalize) {
  Loader loader(environment, 2);
  INVAR_TRY(loader.add(before, 0));
  INVAR_TRY(loader.add(after, 1));
  INVAR_ASSIGN_OR_RETURN(Loaded loaded, std::move(loader).finish());
  INVAR_TRY(check_found(loaded, 0, before));
  INVAR_TRY(check_found(loaded, 1, after));
  if (normalize) loaded.profile.normalize(1, 0);
  return loaded;
}

}  // namespace invar::archive_tool
