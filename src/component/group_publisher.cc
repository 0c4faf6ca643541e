#include "component/group_publisher.h"

#include <utility>

namespace invar::component {

GroupPublisher::GroupPublisher(const Options& options)
    : loop_(*options.loop),
      logger_(options.logger),
      set_exports_(options.set_exports),
      timer_(*options.loop),
      told_unix_ns_(options.loop->unix_ns()) {}

void GroupPublisher::replace(GroupStore all) {
  changed(store_.replace(std::move(all)));
}

void GroupPublisher::set(const std::string& source, Targets targets) {
  changed(store_.set(source, std::move(targets)));
}

void GroupPublisher::remove(std::string_view source) {
  changed(store_.remove(source));
}

void GroupPublisher::changed(std::size_t changes) {
  works();
  changes_ += changes;
  if (!last_) return publish();
  if (published_ == store_.fingerprint()) {
    timer_.cancel();
    changes_ = 0;
    return;
  }
  const Duration pause = changes_ <= kSmallChange ? kSmallChangeInterval : kExportInterval;
  const auto due = *last_ + std::chrono::duration_cast<async::TimePoint::duration>(pause);
  if (due <= loop_.now()) return publish();
  if (!timer_.armed() || due_ != due) timer_.arm_at(due_ = due, [this] { publish(); });
}

void GroupPublisher::flush() {
  if (timer_.armed()) publish();
}

void GroupPublisher::expect_first() {
  last_.reset();
}

void GroupPublisher::publish() {
  timer_.cancel();
  changes_ = 0;
  last_ = loop_.now();
  if (published_ == store_.fingerprint()) return;
  published_ = store_.fingerprint();
  set_exports_(Boxed::of(target_exports_schema(), TargetExports{store_.targets()}));
}

void GroupPublisher::works() {
  if (!error_.empty()) logger_.info("refreshing target groups works again");
  error_.clear();
  refreshed_unix_ns_ = loop_.unix_ns();
  tell();
}

void GroupPublisher::failed(Error error) {
  if (error.message != error_) logger_.error("Unable to refresh target groups", {{"err", error.message}});
  error_ = std::move(error.message);
  tell();
}

void GroupPublisher::remark(std::string sentence) {
  remark_ = std::move(sentence);
  tell();
}

void GroupPublisher::tell() {
  state_ = error_.empty() ? HealthState::kHealthy : HealthState::kUnhealthy;
  told_unix_ns_ = loop_.unix_ns();
  if (error_.empty() && remark_.empty()) {
    troubled_unix_ns_ = 0;
  } else if (troubled_unix_ns_ == 0) {
    troubled_unix_ns_ = told_unix_ns_;
  }
}

// Asked far less often than anything changes.
std::string GroupPublisher::health_message() const {
  const std::string count = std::to_string(store_.target_count()) + " targets";
  if (state_ == HealthState::kUnknown) return "waiting for the first targets";
  if (error_.empty()) return "found " + count + (remark_.empty() ? "" : "; " + remark_);
  if (refreshed_unix_ns_ == 0) return "no targets yet: " + error_;
  return "still using the " + count + " of " + format_rfc3339(refreshed_unix_ns_) + ": " + error_;
}

std::vector<Problem> GroupPublisher::problems(Severity at_least) const {
  if (!error_.empty()) return {{Severity::kFailing, "", health_message(), troubled_unix_ns_}};
  if (remark_.empty() || at_least > Severity::kDegraded) return {};
  return {{Severity::kDegraded, "", remark_, troubled_unix_ns_}};
}

BodyValue GroupPublisher::debug_info() const {
  BodyValue info;
  info.attribute("sources", static_cast<std::uint64_t>(store_.source_count()));
  info.attribute("targets", static_cast<std::uint64_t>(store_.target_count()));
  if (refreshed_unix_ns_ != 0) info.attribute("last_refresh", format_rfc3339(refreshed_unix_ns_));
  if (!error_.empty()) info.attribute("last_error", error_);
  return info;
}

const syntax::Schema& target_exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TargetExports>()
          .attribute("targets", &TargetExports::targets, "The targets that were found, each a map of labels.")
          .build();
  return schema;
}

}  // namespace invar::component
