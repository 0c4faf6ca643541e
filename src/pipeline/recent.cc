#include "pipeline/recent.h"

#include <algorithm>

#include "codec/gzip.h"

namespace invar::pipeline {
namespace {

ProfilePtr compressed(const Profile& profile) {
  std::string packed;
  codec::Deflater().gzip(*profile.body, packed);
  packed.shrink_to_fit();
  auto copy = std::make_shared<Profile>(profile);
  copy->body = share(std::move(packed));
  return copy;
}

std::uint64_t series_id(const std::string& component, const Labels& labels) {
  // Hidden labels may hold what changes from profile to profile; the type is one of them that counts.
  std::vector<Label> shown = {{"component", component}};
  for (const Label& label : labels)
    if (!label.name.starts_with("__") || label.name == kMetricName) shown.push_back(label);
  return Labels::from(std::move(shown)).stable_hash();
}

}  // namespace

void RecentProfiles::keep(const std::string& component, const ProfilePtr& profile) {
  if (limit_bytes_ == 0 || !profile->body || profile->body->empty()) return;
  if (profile->kind == BodyKind::kIngest && (!shows_ || !profile->ingest || !shows_(*profile->ingest))) {
    ++not_shown_;
    return;
  }
  if (codec::is_gzip(*profile->body)) return put(component, profile);
  pool_.run([profile] { return compressed(*profile); },
            alive_.bind([this, component](const ProfilePtr& packed) { put(component, packed); }));
}

void RecentProfiles::put(const std::string& component, const ProfilePtr& profile) {
  const std::uint64_t bytes = cost(*profile);
  if (bytes > limit_bytes_) return;
  while (bytes_ + bytes > limit_bytes_) drop_oldest();
  const std::uint64_t id = series_id(component, profile->labels);
  Series& series = series_[id];
  if (series.entries.empty()) {
    series.id = id;
    series.component = component;
    series.labels = profile->labels;
  }
  series.entries.push_back({++last_number_, profile});
  series.bytes += bytes;
  bytes_ += bytes;
  order_.push_back({last_number_, id});
}

void RecentProfiles::drop_oldest() {
  const auto series = series_.find(order_.front().series);
  order_.pop_front();
  // Within a series what came first is the oldest, too.
  const std::uint64_t bytes = cost(*series->second.entries.front().profile);
  series->second.entries.pop_front();
  series->second.bytes -= bytes;
  bytes_ -= bytes;
  if (series->second.entries.empty()) series_.erase(series);
}

const RecentProfiles::Series* RecentProfiles::find(std::uint64_t id) const {
  const auto found = series_.find(id);
  return found == series_.end() ? nullptr : &found->second;
}

UnixNanos RecentProfiles::oldest_unix_ns() const {
  if (order_.empty()) return 0;
  return series_.at(order_.front().series).entries.front().profile->taken_unix_ns;
}

}  // namespace invar::pipeline
