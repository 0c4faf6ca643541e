#include "webapi/profile_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive_tool/contained.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "fs/path.h"

namespace invar::webapi {
namespace {

constexpr std::uint64_t kMostFileBytes = std::uint64_t{256} << 20;

bool wanted(const ProfileChoice& choice, const Labels& labels, UnixNanos taken) {
  if (taken < choice.from || taken > choice.to) return false;
  if (!choice.type.empty() && labels.get(kMetricName) != choice.type) return false;
  return !choice.selector || choice.selector->matches(labels);
}

void keep_newest(Picked& picked, std::size_t most) {
  std::ranges::stable_sort(picked.profiles,
                           [](const auto& a, const auto& b) { return a.taken_unix_ns > b.taken_unix_ns; });
  if (picked.profiles.size() <= most) return;
  picked.left_out = picked.profiles.size() - most;
  picked.profiles.resize(most);
}

// `component`: "" for what is archived, wherever it came from.
std::string series_of(const std::string& component, const Labels& labels) {
  std::vector<Label> shown;
  if (!component.empty()) shown.push_back({"component", component});
  for (const Label& label : labels)
    if (!label.name.starts_with("__") || label.name == kMetricName) shown.push_back(label);
  return fmt::format("{:016x}", Labels::from(std::move(shown)).stable_hash());
}

Result<archive::Meta> read_meta(fs::FileSystem& files, const std::string& path) {
  INVAR_ASSIGN_OR_RETURN(auto file, files.open(path, fs::OpenMode::kRead));
  INVAR_ASSIGN_OR_RETURN(std::string head, file->read_at(0, archive::kFirstReadBytes));
  for (;;) {
    INVAR_ASSIGN_OR_RETURN(const std::size_t needs, archive::meta_size(head));
    if (needs <= head.size()) return archive::decode_meta(head);
    const std::size_t had = head.size();
    INVAR_ASSIGN_OR_RETURN(head, file->read_at(0, needs));
    if (head.size() <= had) return fail(ErrorCode::kDataLoss, path + " is cut short");
  }
}

constexpr char kInRecording = ':';  // FILE:NUMBER

// What bodies of /ingest hold, converted until they are kMostConverted bytes.
class Recordings {
 public:
  explicit Recordings(const ProfileChoice& choice) : choice_(choice) {}

  [[nodiscard]] bool wants(UnixNanos taken) const {
    return !choice_.id.empty() || (taken >= choice_.from && taken <= choice_.to);
  }
  // False: that would be too much; it is left out.
  bool has_room() {
    if (converted_bytes_ < kMostConverted) return true;
    ++left_out_;
    return false;
  }
  void pick_from(const archive_tool::Item& item, std::string_view body, const std::string& name,
                 const std::string& component, Picked& out) {
    converted_bytes_ += std::max<std::uint64_t>(body.size(), codec::claimed_size(body));
    auto contained = archive_tool::contained_profiles(item, body);
    if (!contained) return;  // damaged: left out
    for (std::size_t i = 0; i < contained->profiles.size(); ++i) {
      auto& profile = contained->profiles[i];
      if (profile.samples == 0) continue;
      const std::string id = fmt::format("{}{}{}", name, kInRecording, i);
      const Labels labels = LabelsBuilder(item.meta.labels).set(kMetricName, profile.name).build();
      if (choice_.id.empty() ? !wanted(choice_, labels, item.meta.taken_unix_ns) : choice_.id != id) continue;
      out.profiles.push_back({.id = id,
                              .series = series_of(component, labels),
                              .component = component,
                              .labels = labels,
                              .taken_unix_ns = item.meta.taken_unix_ns,
                              .bytes = profile.body.size(),
                              .body = share(std::move(profile.body)),
                              .file = {}});
    }
  }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  const ProfileChoice& choice_;
  std::uint64_t converted_bytes_ = 0, left_out_ = 0;
};

archive::Meta meta_of(const Labels& labels, UnixNanos taken, const pipeline::IngestInfo& info) {
  archive::Meta meta;
  meta.labels = labels;
  meta.kind = archive::Kind::kIngest;
  meta.taken_unix_ns = taken;
  meta.ingest_path = info.path;
  meta.ingest_query = info.query;
  meta.ingest_content_types = info.content_types;
  return meta;
}

}  // namespace

ProfileChoice choice_of(Params& params, const std::string& prefix, UnixNanos now) {
  constexpr UnixNanos kHour = 3'600'000'000'000;
  ProfileChoice out;
  out.id = params.text_or(prefix + "id", "");
  out.selector = params.selector(prefix + "q");
  out.expression = params.text_or(prefix + "q", "");
  out.type = params.text_or("type", "");
  out.to = params.time(prefix + "to").value_or(now);
  out.from = params.time(prefix + "from").value_or(std::max<UnixNanos>(0, out.to - kHour));
  if (out.from > out.to) params.fail(prefix + "from", prefix + "from is later than " + prefix + "to");
  return out;
}

bool shows_ingest(const pipeline::IngestInfo& info) {
  return archive_tool::holds_profiles(meta_of({}, 0, info));
}

Picked pick_recent(const pipeline::RecentProfiles& recent, const ProfileChoice& choice, std::size_t most) {
  Picked out;
  const auto add = [&](const pipeline::RecentProfiles::Series& series,
                       const pipeline::RecentProfiles::Entry& entry) {
    out.profiles.push_back({.id = fmt::format("{}", entry.number),
                            .series = fmt::format("{:016x}", series.id),
                            .component = series.component,
                            .labels = entry.profile->labels,
                            .taken_unix_ns = entry.profile->taken_unix_ns,
                            .bytes = entry.profile->body->size(),
                            .body = entry.profile->body,
                            .file = {}});
  };
  const auto number = parse_uint(choice.id.substr(0, choice.id.find(kInRecording)));
  for (const auto& [id, series] : recent.series()) {
    const bool recorded = series.entries.front().profile->kind == pipeline::BodyKind::kIngest;
    if (!recorded && choice.id.empty() && !wanted(choice, series.labels, choice.from)) continue;
    for (const auto& entry : series.entries) {
      const UnixNanos taken = entry.profile->taken_unix_ns;
      const bool named = number && entry.number == *number;
      if (choice.id.empty() ? taken < choice.from || taken > choice.to : !named) continue;
      if (recorded) {
        out.recordings.push_back({fmt::format("{}", entry.number), series.component, entry.profile});
      } else {
        add(series, entry);
      }
    }
  }
  keep_newest(out, most);
  return out;
}

void open_recordings(Picked& picked, const ProfileChoice& choice, std::size_t most) {
  std::ranges::sort(picked.recordings, [](const auto& a, const auto& b) {
    return a.profile->taken_unix_ns > b.profile->taken_unix_ns;
  });
  Recordings recordings(choice);
  for (const auto& [id, component, profile] : std::exchange(picked.recordings, {})) {
    if (!recordings.has_room()) continue;
    const archive_tool::Item item{.path = id,
                                  .archived = true,
                                  .meta = meta_of(profile->labels, profile->taken_unix_ns, *profile->ingest)};
    recordings.pick_from(item, *profile->body, id, component, picked);
  }
  const std::uint64_t left_out = picked.left_out + recordings.left_out();
  picked.left_out = 0;
  keep_newest(picked, most);
  picked.left_out += left_out;
}

Picked pick_archived(fs::FileSystem& files, const std::string& folder, const ProfileChoice& choice,
                     std::size_t most) {
  Picked out;
  std::vector<std::pair<UnixNanos, std::string>> names;  // by when they were stored
  const auto take = [&](std::string_view name) {
    const auto key = archive::parse_name(name);
    if (!key) return;
    // Stored after it was taken, soon or not so soon.
    if (choice.id.empty() && key->unix_ns() < choice.from) return;
    names.emplace_back(key->unix_ns(), name);
  };
  if (choice.id.empty()) {
    (void)files.visit(folder, [&](std::string_view name, fs::EntryKind kind) {
      if (kind == fs::EntryKind::kRegular) take(name);
      return true;
    });
  } else {
    take(std::string_view(choice.id).substr(0, choice.id.find(kInRecording)));
  }
  std::ranges::sort(names, std::greater<>());
  Recordings recordings(choice);
  for (std::size_t i = 0; i < std::min(names.size(), kMostLookedAt); ++i) {
    const std::string path = fs::join_path(folder, names[i].second);
    auto meta = read_meta(files, path);  // gone by now, or damaged: left out
    if (!meta) continue;
    if (meta->kind == archive::Kind::kIngest) {
      if (!archive_tool::holds_profiles(*meta) || !recordings.wants(meta->taken_unix_ns) ||
          !recordings.has_room())
        continue;
      const auto file = files.read_file(path, kMostFileBytes);
      const auto body = file ? archive::original_body(*file, kMostFileBytes) : file;
      if (body)
        recordings.pick_from({.path = path, .archived = true, .meta = *std::move(meta)}, *body,
                             names[i].second, "", out);
      continue;
    }
    if (choice.id.empty() && !wanted(choice, meta->labels, meta->taken_unix_ns)) continue;
    const auto stat = files.stat(path);
    out.profiles.push_back({.id = names[i].second,
                            .series = series_of("", meta->labels),
                            .component = {},
                            .labels = meta->labels,
                            .taken_unix_ns = meta->taken_unix_ns,
                            .bytes = stat ? stat->size_bytes : 0,
                            .body = nullptr,
                            .file = names[i].second});
  }
  keep_newest(out, most);
  out.left_out += recordings.left_out();
  if (names.size() > kMostLookedAt) out.left_out += names.size() - kMostLookedAt;
  return out;
}

std::vector<std::string> archived_names(fs::FileSystem& files, const std::string& folder,
                                        const ProfileChoice& choice) {
  std::vector<std::pair<UnixNanos, std::string>> names;
  (void)files.visit(folder, [&](std::string_view name, fs::EntryKind kind) {
    const auto key = archive::parse_name(name);
    if (kind == fs::EntryKind::kRegular && key && key->unix_ns() >= choice.from)
      names.emplace_back(key->unix_ns(), name);
    return true;
  });
  std::ranges::sort(names);
  std::vector<std::string> out;
  for (auto& [stored, name] : names) {
    const auto meta = read_meta(files, fs::join_path(folder, name));
    if (meta && wanted(choice, meta->labels, meta->taken_unix_ns)) out.push_back(std::move(name));
  }
  return out;
}

Result<pipeline::ProfilePtr> archived_profile(fs::FileSystem& files, const std::string& folder,
                                              const std::string& name) {
  INVAR_ASSIGN_OR_RETURN(const std::string file,
                         files.read_file(fs::join_path(folder, name), kMostFileBytes));
  INVAR_ASSIGN_OR_RETURN(archive::Meta meta, archive::decode_meta(file));
  INVAR_ASSIGN_OR_RETURN(std::string body, archive::original_body(file, kMostFileBytes));
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = meta.labels;
  profile->id = meta.sample_id;
  profile->taken_unix_ns = meta.taken_unix_ns;
  if (meta.kind == archive::Kind::kIngest) {
    profile->kind = pipeline::BodyKind::kIngest;
    profile->ingest = std::make_shared<const pipeline::IngestInfo>(pipeline::IngestInfo{
        std::move(meta.ingest_path), std::move(meta.ingest_query), std::move(meta.ingest_content_types)});
  }
  profile->body = share(std::move(body));
  return profile;
}

Result<std::string> body_of(fs::FileSystem& files, const std::string& folder, const PickedProfile& profile) {
  if (profile.body) return *profile.body;
  INVAR_ASSIGN_OR_RETURN(const std::string file,
                         files.read_file(fs::join_path(folder, profile.file), kMostFileBytes));
  return archive::original_body(file, kMostFileBytes);
}

}  // namespace invar::webapi
