#include "archive_tool/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "archive_tool/contained.h"
#include "archive_tool/text.h"
#include "base/strings.h"
#include "pprof/merge.h"

namespace invar::archive_tool {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;
constexpr UnixNanos kClockSlack = 60 * UnixNanos{1'000'000'000};
constexpr std::size_t kBlock = 4096;  // files looked at ahead of the one that is handed out

bool is_profile_name(std::string_view name) {
  return name.ends_with(".pb.gz") || name.ends_with(".pb") || name.ends_with(".pprof") ||
         name.ends_with(".prof");
}

bool before(const archive::NameKey& a, const archive::NameKey& b) {
  if (a.high != b.high) return a.high < b.high;
  return a.low != b.low ? a.low < b.low : a.kind < b.kind;
}

// Errors of the disk name the file already.
template <class T>
Result<T> naming(const std::string& path, Result<T> result) {
  if (result || result.error().message.contains(path)) return result;
  return std::unexpected(result.error().wrapped(path));
}

}  // namespace

Result<pprof::Summary> summarize(std::string_view body) {
  if (!codec::is_gzip(body)) return pprof::inspect(body);
  codec::Inflater inflater;
  std::string raw;
  INVAR_TRY(inflater.gunzip(body, kMaxBodyBytes, raw));
  return pprof::inspect(raw);
}

void in_parallel(const Environment& environment, std::size_t count,
                 const std::function<void(unsigned worker, std::size_t i)>& work) {
  constexpr std::size_t kShare = 16;
  std::atomic<std::size_t> next = 0;
  const auto run = [&](unsigned worker) {
    for (std::size_t first; (first = next.fetch_add(kShare)) < count;) {
      for (std::size_t i = first; i < std::min(first + kShare, count); ++i) work(worker, i);
    }
  };
  std::vector<std::jthread> others;
  for (unsigned worker = 1; worker < environment.threads && worker * kShare < count; ++worker) {
    others.emplace_back(run, worker);
  }
  run(0);
}

Result<Source> Source::open(const Environment& environment, const Selection& selection) {
  INVAR_ASSIGN_OR_RETURN(Selector selector, Selector::parse(selection.selector));
  Source source(environment, std::move(selector));
  source.sample_type_ = selection.sample_type;
  source.by_contained_names_ = selection.by_contained_names;
  if (!selection.since.empty()) {
    INVAR_ASSIGN_OR_RETURN(source.since_, parse_when(selection.since, environment.now_unix_ns));
  }
  if (!selection.until.empty()) {
    INVAR_ASSIGN_OR_RETURN(source.until_, parse_when(selection.until, environment.now_unix_ns));
  }
  if (source.since_ && source.until_ && *source.since_ >= *source.until_) {
    return fail(ErrorCode::kInvalidArgument, "--since is not before --until");
  }
  for (const std::string& path : selection.paths) INVAR_TRY(source.add(path));
  return source;
}

Result<> Source::add(const std::string& path) {
  INVAR_ASSIGN_OR_RETURN(const fs::Stat stat, environment_->files->stat(path));
  Folder folder;
  if (!stat.is_directory) {
    const std::size_t slash = path.rfind('/');
    folder.path = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    folder.others.emplace_back(base_name(path));
  } else {
    folder.path = path.ends_with('/') ? path : path + "/";
    INVAR_TRY(environment_->files->visit(path, [&](std::string_view name, fs::EntryKind kind) {
      if (kind != fs::EntryKind::kRegular) return true;
      if (const auto key = archive::parse_name(name)) {
        // Names sort by time, so what was stored before cannot have been taken since, unless a clock was set back.
        if (!since_ || key->unix_ns() >= *since_ - kClockSlack) folder.archived.push_back(*key);
      } else if (is_profile_name(name)) {
        folder.others.emplace_back(name);
      }
      return true;
    }));
    std::ranges::sort(folder.archived, before);
    std::ranges::sort(folder.others);
  }
  files_ += folder.size();
  folders_.push_back(std::move(folder));
  return {};
}

std::pair<const Source::Folder*, std::size_t> Source::find(std::size_t file) const {
  const Folder* folder = folders_.data();
  for (; file >= folder->size(); ++folder) file -= folder->size();
  return {folder, file};
}

std::string Source::path(std::size_t file) const {
  const auto [folder, at] = find(file);
  return folder->path + (at < folder->archived.size() ? archive::name_of(folder->archived[at])
                                                      : folder->others[at - folder->archived.size()]);
}

std::size_t Source::position_after(std::string_view path) const {
  const std::string_view name = base_name(path);
  std::size_t before_folder = 0;
  for (const Folder& folder : folders_) {
    if (folder.path == path.substr(0, path.size() - name.size())) {
      if (const auto key = archive::parse_name(name); key && !folder.archived.empty()) {
        return before_folder +
               static_cast<std::size_t>(std::ranges::upper_bound(folder.archived, *key, before) -
                                        folder.archived.begin());
      }
      if (const auto at = std::ranges::upper_bound(folder.others, name); at != folder.others.begin()) {
        return before_folder + folder.archived.size() + static_cast<std::size_t>(at - folder.others.begin());
      }
    }
    before_folder += folder.size();
  }
  return 0;
}

bool Source::in_time(UnixNanos taken) const {
  return (!since_ || taken >= *since_) && (!until_ || taken < *until_);
}

Result<std::optional<Item>> Source::look(std::size_t file, std::string* contents) const {
  Item item;
  item.path = path(file);
  const bool named_as_ours = archive::is_archive_name(base_name(item.path));
  auto opened = environment_->files->open(item.path, fs::OpenMode::kRead);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound)
      return std::nullopt;  // removed meanwhile, as archives do
    return naming<std::optional<Item>>(item.path, std::unexpected(opened.error()));
  }
  const std::string kept = item.path;
  auto result = look_at_archived(item, **opened);
  // Files of any name may be copies from an archive; without our subfield they are somebody else's profiles.
  if (!result && result.error().code == ErrorCode::kInvalidArgument && !named_as_ours) {
    result = look_at_profile(std::move(item), **opened);
  }
  if (contents != nullptr && result && *result) {
    if ((*result)->file_bytes > kMaxFileBytes) {
      return fail(ErrorCode::kResourceExhausted, kept + ": larger than " + human_bytes(kMaxFileBytes));
    }
    auto all = (*opened)->read_at(0, (*result)->file_bytes);
    if (!all) return naming<std::optional<Item>>(kept, std::unexpected(all.error()));
    *contents = std::move(*all);
  }
  return naming(kept, std::move(result));
}

Result<std::optional<Item>> Source::look_at_archived(Item item, fs::File& file) const {
  INVAR_ASSIGN_OR_RETURN(std::string prefix, file.read_at(0, archive::kFirstReadBytes));
  for (;;) {
    INVAR_ASSIGN_OR_RETURN(const std::size_t needed, archive::meta_size(prefix));
    if (needed <= prefix.size()) break;
    INVAR_ASSIGN_OR_RETURN(std::string longer, file.read_at(0, needed));
    if (longer.size() <= prefix.size()) return fail(ErrorCode::kDataLoss, "truncated");
    prefix = std::move(longer);
  }
  INVAR_ASSIGN_OR_RETURN(item.meta, archive::decode_meta(prefix));
  item.archived = true;
  if (!in_time(item.meta.taken_unix_ns) || !selects_any(item)) return std::nullopt;
  INVAR_ASSIGN_OR_RETURN(item.file_bytes, file.size());
  if (!sample_type_.empty()) {
    INVAR_ASSIGN_OR_RETURN(const bool has_type, holds_sample_type(item));
    if (!has_type) return std::nullopt;
  }
  return item;
}

Result<bool> Source::holds_sample_type(const Item& item) const {
  if (item.meta.kind == archive::Kind::kPprof) {
    INVAR_ASSIGN_OR_RETURN(const pprof::Summary contents, summary(item));
    return has_sample_type(contents);
  }
  if (!by_contained_names_ || !holds_profiles(item.meta)) return false;
  INVAR_ASSIGN_OR_RETURN(const std::string arrived, body(item));
  INVAR_ASSIGN_OR_RETURN(const jfr::Conversion contained, contained_profiles(item, arrived));
  for (const jfr::ConvertedProfile& profile : contained.profiles) {
    INVAR_ASSIGN_OR_RETURN(const pprof::Summary contents, summarize(profile.body));
    if (selects(item, profile.name) && has_sample_type(contents)) return true;
  }
  return false;
}

bool Source::selects(const Item& item, std::string_view profile_name) const {
  if (selector_.matches(item.meta.labels)) return true;
  return by_contained_names_ &&
         selector_.matches(LabelsBuilder(item.meta.labels).set(kMetricName, profile_name).build());
}

bool Source::selects_any(const Item& item) const {
  if (!by_contained_names_ || !holds_profiles(item.meta)) return selector_.matches(item.meta.labels);
  return std::ranges::any_of(contained_names(item.meta),
                             [&](std::string_view name) { return selects(item, name); });
}

Result<std::optional<Item>> Source::look_at_profile(Item item, fs::File& file) const {
  if (!selector_.matches({})) return std::nullopt;
  INVAR_ASSIGN_OR_RETURN(item.file_bytes, file.size());
  if (!since_ && !until_ && sample_type_.empty()) return item;
  INVAR_ASSIGN_OR_RETURN(const pprof::Summary contents, summary(item));
  item.meta.taken_unix_ns = contents.time_unix_ns;
  if (!in_time(contents.time_unix_ns) || !has_sample_type(contents)) return std::nullopt;
  return item;
}

Result<> Source::complete(Item& item) const {
  if (item.archived || item.meta.taken_unix_ns != 0) return {};
  INVAR_ASSIGN_OR_RETURN(const pprof::Summary contents, naming(item.path, summary(item)));
  item.meta.taken_unix_ns = contents.time_unix_ns;
  return {};
}

Result<pprof::Summary> Source::summary(const Item& item) const {
  INVAR_ASSIGN_OR_RETURN(const std::string file, bytes(item));
  return summarize(file);
}

bool Source::has_sample_type(const pprof::Summary& summary) const {
  return sample_type_.empty() || std::ranges::any_of(summary.sample_types, [&](const auto& type) {
           return pprof::is_sample_type(type, sample_type_);
         });
}

Result<std::string> Source::bytes(const Item& item) const {
  return naming(item.path, environment_->files->read_file(item.path, kMaxFileBytes));
}

Result<std::string> Source::body(const Item& item) const {
  INVAR_ASSIGN_OR_RETURN(std::string file, bytes(item));
  if (!item.archived) return file;
  return naming(item.path, archive::original_body(file, kMaxBodyBytes));
}

Result<bool> Source::for_each(const std::function<Result<bool>(Item)>& each) const {
  bool all_good = true;
  std::vector<Result<std::optional<Item>>> block;
  for (std::size_t first = 0; first < files_; first += kBlock) {
    block.assign(std::min(kBlock, files_ - first), std::optional<Item>());
    in_parallel(*environment_, block.size(), [&](unsigned, std::size_t i) { block[i] = look(first + i); });
    for (auto& looked : block) {
      if (!looked) {
        environment_->warn(looked.error().message);
        all_good = false;
      } else if (*looked) {
        INVAR_ASSIGN_OR_RETURN(const bool more, each(std::move(**looked)));
        if (!more) return all_good;
      }
    }
  }
  return all_good;
}

}  // namespace invar::archive_tool
