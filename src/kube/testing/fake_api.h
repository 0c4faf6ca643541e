// FakeApi: an API server in virtual time behind a FakeTransport: lists in pages, watches from a version on, bookmarks, versions that
// expire, refusals, and connections that are cut.
// Shape:    api.put(pod); loop.run_until_idle();  the watchers have it. Versions are given here.
// Threads:  loop thread. Lifetime: as long as the transport is used.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "http/testing/fake_transport.h"
#include "kube/objects.h"

namespace invar::kube::testing {

class FakeApi {
 public:
  explicit FakeApi(http::testing::FakeTransport& transport);

  void put(Object object);  // its resource follows from its kind
  void remove(Resource resource, const std::string& key);
  void bookmark();
  void cut();                                                           // every watch breaks off
  void finish();                                                        // every watch ends as it should
  void forget();                                                        // versions before now are too old
  void refuse(std::string path_part, int status, std::string message);  // until allow()
  void allow() { refused_.clear(); }
  void set_page(std::size_t size) { page_ = size; }

  [[nodiscard]] const std::map<std::string, Object>& objects(Resource resource) { return objects_[resource]; }
  [[nodiscard]] std::size_t lists() const { return lists_; }      // pages that were asked for
  [[nodiscard]] std::size_t watches() const { return watches_; }  // that were begun

 private:
  struct Change {
    std::uint64_t version;
    Resource resource;
    std::string space, frame;
  };
  struct Open {
    http::testing::ExchangePtr exchange;
    Resource resource;
    std::string space;
  };
  std::optional<http::testing::Answer> answer(const http::Request& request);
  http::testing::Answer answer_list(Resource resource, const std::string& space,
                                    const http::Request& request);
  void begin_watch(Resource resource, const std::string& space, const http::Request& request);
  void publish(Change change);
  void close(const http::testing::Answer& end);

  http::testing::FakeTransport& transport_;
  std::uint64_t version_ = 100;
  std::uint64_t oldest_ = 0;
  std::size_t page_ = 500;
  std::size_t lists_ = 0, watches_ = 0;
  std::map<Resource, std::map<std::string, Object>> objects_;
  std::vector<Change> history_;
  std::vector<Open> open_;
  struct Refusal {
    std::string path_part;
    int status;
    std::string message;
  };
  std::vector<Refusal> refused_;
};

}  // namespace invar::kube::testing
