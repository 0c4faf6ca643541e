#include "kube/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.h"
#include "base/strings.h"
#include "http/backoff.h"
#include "http/types.h"
#include "kube/decode.h"
#include "kube/refusal.h"

namespace invar::kube {
namespace {

using namespace std::chrono_literals;

constexpr int kPage = 500;
constexpr Duration kListSilence = 30s;
constexpr Duration kWatchSilence = 75s;
constexpr Duration kShortWatch = 1s;
constexpr int kShortestWatchSeconds = 300;  // up to twice as long
constexpr int kGone = 410;
constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

}  // namespace

Watch::Watch(std::shared_ptr<Connection> connection, WatchKey key, std::function<double()> random)
    : connection_(std::move(connection)),
      key_(std::move(key)),
      random_(std::move(random)),
      timer_(connection_->loop()) {
  list();
}

Watch::~Watch() = default;

// ---- requests

std::string Watch::path(const std::string& query) const {
  const ResourceName& name = name_of(key_.resource);
  std::string out = name.group.empty() ? "/api/v1" : fmt::format("/apis/{}/{}", name.group, name.version);
  if (!key_.space.empty()) out += "/namespaces/" + http::path_escape(key_.space);
  out += fmt::format("/{}?{}", name.plural, query);
  if (!key_.label_selector.empty()) out += "&labelSelector=" + http::query_escape(key_.label_selector);
  if (!key_.field_selector.empty()) out += "&fieldSelector=" + http::query_escape(key_.field_selector);
  return out;
}

// Common to lists and watches: a stream of Protobuf, which ends when it cannot be read.
http::Request Watch::request() {
  http::Request request;
  request.headers = {{"Accept", std::string(kProtobuf)}};
  request.timeout = http::kNoTimeout;
  request.on_head = [this](const http::Response& head) {
    const std::string type(head.headers.get("Content-Type"));
    if (!type.starts_with(kProtobuf)) {
      return stop_reading({ErrorCode::kUnavailable,
                           fmt::format("{} answers with {} instead of Protobuf", connection_->place().words(),
                                       type.empty() ? "no type" : shown_text(type))});
    }
    if (const std::string_view coding = head.headers.get("Content-Encoding"); !coding.empty()) {
      return stop_reading({ErrorCode::kUnavailable,
                           fmt::format("{} answers with the Content-Encoding {}, which was not asked for",
                                       connection_->place().words(), quote(shown_text(coding)))});
    }
    answered_ = true;
    if (frame_reader_) works();
  };
  request.on_body = [this](std::string_view part) {
    auto read = frame_reader_ ? frame_reader_->feed(part) : list_reader_->feed(part);
    if (!read) stop_reading(std::move(read).error());
  };
  answered_ = false;
  return request;
}

void Watch::stop_reading(Error error) {
  call_.reset();
  connection_->loop().post(alive_.bind([this, error = std::move(error)] {
    if (std::exchange(expired_, false)) {
      ++failures_;
      return wait_and(&Watch::relist, {});
    }
    failed(error);
    wait_and(&Watch::list, {});
  }));
}

// ---- the list

void Watch::relist() {
  fresh_list_ = true;
  list();
}

void Watch::list() {
  page_token_.clear();
  next_.clear();
  list_page();
}

void Watch::list_page() {
  std::string query = fmt::format("limit={}", kPage);
  if (!page_token_.empty()) {
    query += "&continue=" + http::query_escape(page_token_);
  } else if (!fresh_list_) {
    query += "&resourceVersion=0";  // from the server's memory
  }
  frame_reader_.reset();
  list_reader_.emplace([this](std::string_view message) { return take_item(message); });
  http::Request request = this->request();
  request.idle_timeout = kListSilence;
  call_ = connection_->send(path(query), std::move(request),
                            alive_.bind([this](auto response) { list_ended(std::move(response)); }));
}

Result<> Watch::take_item(std::string_view message) {
  INVAR_ASSIGN_OR_RETURN(auto object, decode_object(key_.resource, message));
  std::string key = key_of(meta_of(object));
  const auto known = objects_.find(key);
  const bool same = known != objects_.end() && !meta_of(object).version.empty() &&
                    meta_of(*known->second).version == meta_of(object).version;
  ObjectPtr kept = same ? known->second : std::make_shared<const Object>(std::move(object));
  next_.insert_or_assign(std::move(key), std::move(kept));
  return {};
}

void Watch::list_ended(std::expected<http::Response, http::Failure> response) {
  call_.reset();
  if (!response) {
    failed({ErrorCode::kUnavailable,
            fmt::format("{} cannot be asked: {}", connection_->place().words(), response.error().message)});
    return wait_and(&Watch::list, {});
  }
  if (response->status != 200) {
    // The token of a page was too old: all again.
    if (needs_new_list(*response) && !(fresh_list_ && page_token_.empty())) {
      ++failures_;
      return wait_and(&Watch::relist, {});
    }
    failed(refusal(connection_->place().words(), "list", key_, *response));
    return wait_and(&Watch::list, asked_delay(*response));
  }
  const auto meta = list_reader_->finish();
  if (!meta) {
    failed({meta.error().code, fmt::format("{}: {}", connection_->place().words(), meta.error().message)});
    return wait_and(&Watch::list, {});
  }
  if (!meta->continues.empty()) {
    page_token_ = meta->continues;
    return list_page();
  }
  take_list(*meta);
}

void Watch::take_list(const ListMeta& meta) {
  for (const auto& [key, object] : next_) {
    const auto known = objects_.find(key);
    if (known == objects_.end()) {
      note(key, Change::kAdded);
    } else if (known->second != object) {
      note(key, Change::kUpdated);
    }
  }
  for (const auto& [key, object] : objects_) {
    if (!next_.contains(key)) note(key, Change::kDeleted);
  }
  objects_ = std::exchange(next_, {});
  version_ = meta.version;
  synced_ = true;
  fresh_list_ = false;
  works();
  watch();
}

// ---- the watch

void Watch::watch() {
  const auto seconds = kShortestWatchSeconds + static_cast<int>(random_() * kShortestWatchSeconds);
  frame_reader_.emplace([this](std::string_view message) { return take_frame(message); });
  http::Request request = this->request();
  request.idle_timeout = kWatchSilence;
  watch_began_ = connection_->loop().now();
  const auto query = fmt::format("watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
                                 seconds, http::query_escape(version_));
  call_ = connection_->send(path(query), std::move(request),
                            alive_.bind([this](auto response) { watch_ended(std::move(response)); }));
}

Result<> Watch::take_frame(std::string_view message) {
  INVAR_ASSIGN_OR_RETURN(const Event event, decode_event(message));
  INVAR_ASSIGN_OR_RETURN(const Envelope envelope, open_envelope(event.object));
  failures_ = 0;
  if (event.type == "ERROR") return take_error(envelope.raw);
  if (event.type == "BOOKMARK") {
    INVAR_ASSIGN_OR_RETURN(version_, decode_version(envelope.raw));
    return {};
  }
  INVAR_ASSIGN_OR_RETURN(auto object, decode_object(key_.resource, envelope.raw));
  version_ = meta_of(object).version;
  std::string key = key_of(meta_of(object));
  if (event.type == "DELETED") {
    if (objects_.erase(key) > 0) note(std::move(key), Change::kDeleted);
    return {};
  }
  const bool added = !objects_.contains(key);
  objects_.insert_or_assign(key, std::make_shared<const Object>(std::move(object)));
  note(std::move(key), added ? Change::kAdded : Change::kUpdated);
  return {};
}

Result<> Watch::take_error(std::string_view message) {
  INVAR_ASSIGN_OR_RETURN(const Status status, decode_status(message));
  expired_ = status.code == kGone;
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} ended the watch: {}", connection_->place().words(), status.message));
}

void Watch::watch_ended(std::expected<http::Response, http::Failure> response) {
  call_.reset();
  const bool lasted = answered_ && connection_->loop().now() - watch_began_ >= kShortWatch;
  if (lasted) failures_ = 0;
  if (!response) {
    // One that was under way goes on from where it was. A dead one, found by its silence, at once.
    if (answered_ && response.error().kind == http::FailureKind::kTimeout) return watch();
    if (answered_) {
      ++failures_;
    } else {
      failed({ErrorCode::kUnavailable,
              fmt::format("{} cannot be asked: {}", connection_->place().words(), response.error().message)});
    }
    return wait_and(&Watch::watch, {});
  }
  if (response->status == 200) {
    if (lasted) return watch();
    ++failures_;
    return wait_and(&Watch::watch, {});
  }
  if (needs_new_list(*response)) {
    ++failures_;
    return wait_and(&Watch::relist, {});
  }
  failed(refusal(connection_->place().words(), "watch", key_, *response));
  wait_and(&Watch::watch, asked_delay(*response));
}

void Watch::wait_and(void (Watch::*next)(), Duration asked) {
  timer_.arm_after(http::backoff(std::max(1, failures_), random_(), asked),
                   [this, next] { (this->*next)(); });
}

// ---- subscribers

void Watch::failed(Error error) {
  ++failures_;
  error_ = std::move(error);
  tell_later();
}

void Watch::works() {
  error_.reset();
  tell_later();
}

void Watch::note(std::string key, Change change) {
  changes_.emplace_back(std::move(key), change);
  tell_later();
}

void Watch::tell_later() {
  if (std::exchange(telling_, true)) return;
  connection_->loop().post(alive_.bind([this] {
    const auto keep = shared_from_this();
    telling_ = false;
    tell();
  }));
}

void Watch::tell() {
  const auto changes = std::exchange(changes_, {});
  const std::optional<Error> error = error_;
  // A callback may end any subscription and begin others.
  for (const auto& subscriber : std::vector(subscribers_.begin(), subscribers_.end())) {
    const auto here = [&] { return std::ranges::find(subscribers_, subscriber) != subscribers_.end(); };
    const WatchEvents& events = subscriber->events;
    if (here() && synced_ && !subscriber->told_synced) {
      subscriber->told_synced = true;
      events.synced();
    } else if (subscriber->told_synced) {
      for (const auto& [key, change] : changes) {
        if (here()) events.changed(key, change);
      }
    }
    if (error == subscriber->told_error || !here()) continue;
    subscriber->told_error = error;
    if (error) {
      events.failed(*error);
    } else {
      events.works();
    }
  }
}

std::unique_ptr<Watch::Subscription> Watch::subscribe(WatchEvents events) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->events = std::move(events);
  subscribers_.push_back(subscriber);
  if (synced_ || error_) tell_later();
  return std::make_unique<Subscription>(shared_from_this(), std::move(subscriber));
}

Watch::Subscription::~Subscription() {
  std::erase(watch_->subscribers_, subscriber_);
}

}  // namespace invar::kube
