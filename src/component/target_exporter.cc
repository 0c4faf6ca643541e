#include "component/target_exporter.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace invar::component {
namespace {

// 64 bits tell 20,000 targets apart with a chance of 1e-11 to be wrong; comparing the texts in sorted order
// costs ten times as much on the loop.
std::uint64_t fingerprint(const Target& target) {
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  const auto mix = [&hash](std::string_view text) {
    hash ^= std::hash<std::string_view>{}(text);
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
    hash ^= hash >> 31;
  };
  for (const auto& [name, value] : target.labels()) {
    mix(name);
    mix(value);
  }
  return hash;
}

}  // namespace

TargetExporter::TargetExporter(async::Loop& loop, Publish publish)
    : publish_(std::move(publish)), loop_(loop), timer_(loop) {}

void TargetExporter::set(Targets targets) {
  latest_ = std::move(targets);
  const auto now = loop_.now();
  if (!last_ || now - *last_ >= kExportInterval) {
    publish();
  } else if (!timer_.armed()) {
    timer_.arm_at(*last_ + std::chrono::duration_cast<async::TimePoint::duration>(kExportInterval),
                  [this] { publish(); });
  }
}

void TargetExporter::flush() {
  if (timer_.armed()) publish();
}

void TargetExporter::expect_first() {
  last_.reset();
}

void TargetExporter::publish() {
  timer_.cancel();
  std::vector<std::uint64_t> fingerprints;
  fingerprints.reserve(latest_.size());
  for (const Target& target : latest_) fingerprints.push_back(fingerprint(target));
  std::ranges::sort(fingerprints);
  if (any_ && fingerprints == published_) return;
  any_ = true;
  published_ = std::move(fingerprints);
  last_ = loop_.now();
  publish_(latest_);
}

const syntax::Schema& target_exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TargetExports>()
          .attribute("targets", &TargetExports::targets, "The targets that were found, each a map of labels.")
          .build();
  return schema;
}

}  // namespace invar::component
