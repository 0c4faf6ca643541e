// EventHub: states as they change, for many pages at once: server-sent events by topic.
//
// A topic is made only while somebody listens, every kEvery, and sent when it is not what that client has. Nothing queues up: while a
// client has not taken what it was sent (its backlog), it is left out, and the newest state follows when it has. One that takes nothing for
// long is dropped. Of topics with a parameter, NAME:PARAMETER, there are as many as somebody listens to, at most kMostOfOne of a client.
// Threads: loop thread only. Lifetime: what `host` points to outlives it; clients end with it. Source: web-api.md 7.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

class EventHub {
 public:
  static constexpr Duration kEvery = std::chrono::milliseconds(500);
  static constexpr Duration kHeartbeat = std::chrono::seconds(15);
  static constexpr std::size_t kMostClients = 64;
  static constexpr std::size_t kMostOfOne = 40;  // topics of a client

  using Then = std::function<void(std::string)>;   // an object without the time
  using Maker = std::function<void(const Then&)>;  // at once, or later

  explicit EventHub(const ApiHost& host) : host_(host), timer_(*host.loop) {}
  void add_topic(std::string name, Maker make) { topics_[std::move(name)].make = std::move(make); }
  // Topics NAME:PARAMETER. `maker` gives what makes one of them; null: there is none of this parameter.
  void add_topics(std::string name, std::function<Maker(const std::string& parameter)> maker) {
    families_[std::move(name)] = std::move(maker);
  }
  void add_to(Routes& routes);
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

 private:
  struct Topic {
    Maker make;
    bool under_way = false;
    std::string last;
    std::uint64_t revision = 0;  // of last
  };
  struct Client {
    http::ResponderPtr responder;
    std::map<std::string, std::uint64_t> has;  // revisions, by topic
    async::TimePoint wrote;
  };
  void open(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void tick();
  [[nodiscard]] Maker maker_of(
      std::string_view name) const;  // of a topic with a parameter; null: there is none
  [[nodiscard]] bool wanted(const std::string& name) const;
  void made(const std::string& name, std::string object);
  void send_to(Client& client);
  void drop(std::uint64_t id);

  const ApiHost& host_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<std::string, std::function<Maker(const std::string&)>, std::less<>> families_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t last_client_ = 0;
  async::Timer timer_;
  async::Alive alive_;
};

// The head of an event stream, and one event of it. Pure.
http::ServerResponse stream_head();
std::string event_text(std::string_view name, std::string_view id, std::string_view data);
ApiError too_many_streams();

}  // namespace invar::webapi
