// GET series and profiles/…: lists, charts, flame graphs, functions and files of recent and archived profiles.
// Threads: loop thread only; profiles are read and merged on the pools. Lifetime: what `host` points to outlives it. Source: web-api.md 4.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "webapi/host.h"
#include "webapi/profile_views.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

class ProfileRoutes {
 public:
  static constexpr std::size_t kMostCharted = 2000;  // profiles of one chart

  ProfileRoutes(const ApiHost& host, const Replies& replies) : host_(host), replies_(replies) {}
  void add_to(Routes& routes);

 private:
  struct Source {
    std::string id;
    std::string folder;  // of an archive
    [[nodiscard]] bool is_memory() const { return folder.empty(); }
  };
  struct Asked {
    Source source;
    std::vector<ProfileChoice> sides;  // one; two: before and after
  };
  struct Chart {
    std::string sample_type;
    UnixNanos from = 0, to = 0;
    std::int64_t step_s = 0;
  };
  using Work = std::function<Made(const std::vector<Picked>&, const ReadBody&)>;
  [[nodiscard]] std::optional<Source> source_of(const std::string& id) const;
  [[nodiscard]] std::vector<Source> archives() const;
  // Nothing: it was answered.
  std::optional<Asked> read(const http::ServerRequest& request, const http::ResponderPtr& responder,
                            Params& params, bool two_sides) const;
  // Picks, then works on a pool, then answers.
  void run(const http::ServerRequest& request, const http::ResponderPtr& responder, Asked asked,
           std::size_t most, Work work, std::function<void(Made)> answer = nullptr) const;

  void series(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void list(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void timeline(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void tree(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void top(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void export_file(const http::ServerRequest& request, const http::ResponderPtr& responder);

  const ApiHost& host_;
  const Replies& replies_;
};

}  // namespace invar::webapi
