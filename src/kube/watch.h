// Watch: the objects of one resource, kept as the API server has them: a list, then the changes since, from the version of the last
// event on when the connection breaks, and a new list when that version is too old (410).
//
// States:  listing -> watching -> (the server ends it, every 5 to 10 minutes) -> watching ...
//          a failure of either: wait (backoff.h), then the same again; 410, or events that do not fit: listing.
// Silence: bookmarks come about once a minute; 75 s without a byte mean a dead connection, and the watch is begun again.
// Memory:  the objects, in which unchanged ones of a new list stay as they are; of answers one object at a time (stream_readers.h).
// Threads: loop thread. Callbacks come from tasks of their own, never from inside a call here.
// Lifetime: a Watch lives as long as its subscriptions (hub.h). Spec: discovery.md 7.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kube/connection.h"
#include "kube/objects.h"
#include "kube/stream_readers.h"

namespace invar::kube {

struct WatchKey {
  Resource resource = Resource::kPods;
  std::string space;  // "": all namespaces
  std::string label_selector, field_selector;
  auto operator<=>(const WatchKey&) const = default;
};

enum class Change { kAdded, kUpdated, kDeleted };

using Objects = std::unordered_map<std::string, ObjectPtr>;  // by key_of()

// What a subscriber is told.
struct WatchEvents {
  std::function<void()> synced;                                        // objects() is complete; once
  std::function<void(const std::string& key, Change change)> changed;  // after that
  std::function<void(const Error& error)> failed;  // a sentence that names what and the server
  std::function<void()> works;                     // after a failure
};

class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(std::shared_ptr<Connection> connection, WatchKey key, std::function<double()> random);
  ~Watch();

  // Until the subscription is dropped. A late one is told `synced` or `failed` at once, from a task of its own.
  class Subscription;
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(WatchEvents events);

  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] bool synced() const { return synced_; }

 private:
  void list();
  void list_page();
  void relist();
  void watch();
  http::Request request();
  void stop_reading(Error error);
  [[nodiscard]] std::string path(const std::string& query) const;

  Result<> take_item(std::string_view message);
  void list_ended(std::expected<http::Response, http::Failure> response);
  void take_list(const ListMeta& meta);

  Result<> take_frame(std::string_view message);
  Result<> take_error(std::string_view object);
  void watch_ended(std::expected<http::Response, http::Failure> response);

  void wait_and(void (Watch::*next)(), Duration asked);
  void failed(Error error);
  void works();
  void note(std::string key, Change change);
  void tell_later();
  void tell();

  struct Subscriber {
    WatchEvents events;
    bool told_synced = false;
    std::optional<Error> told_error;
  };

  const std::shared_ptr<Connection> connection_;
  const WatchKey key_;
  const std::function<double()> random_;

  Objects objects_;
  std::string version_;      // of what objects_ shows
  bool synced_ = false;      // a complete list stands
  bool fresh_list_ = false;  // the next list must not come from a cache: the version was too old

  // The answer under way.
  std::unique_ptr<http::Call> call_;
  std::optional<ListReader> list_reader_;
  std::optional<FrameReader> frame_reader_;
  std::string page_token_;
  Objects next_;           // the list so far
  bool answered_ = false;  // with a good head
  bool expired_ = false;   // an event said 410
  async::TimePoint watch_began_{};

  int failures_ = 0;
  std::optional<Error> error_;
  std::list<std::shared_ptr<Subscriber>> subscribers_;
  std::vector<std::pair<std::string, Change>> changes_;  // not told yet
  bool telling_ = false;
  async::Timer timer_;
  async::Alive alive_;
};

class Watch::Subscription {
 public:
  Subscription(std::shared_ptr<Watch> watch, std::shared_ptr<Subscriber> subscriber)
      : watch_(std::move(watch)), subscriber_(std::move(subscriber)) {}
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  [[nodiscard]] const Watch& watch() const { return *watch_; }

 private:
  std::shared_ptr<Watch> watch_;
  std::shared_ptr<Subscriber> subscriber_;
};

}  // namespace invar::kube
