// Watches against an API server in virtual time.
#include "kube/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/packed.h"
#include "kube/hub.h"
#include "kube/testing/encode.h"
#include "kube/testing/fake_api.h"

namespace invar::kube {
namespace {

using namespace std::chrono_literals;
using testing::FakeApi;
using ::testing::HasSubstr;
using testing::simple_pod;

// A subscriber's own picture, from what it is told.
struct Picture {
  std::map<std::string, std::string> versions;  // by key
  std::vector<std::string> log;
  std::size_t changes = 0;
  std::unique_ptr<Watch::Subscription> subscription;

  void follow(const std::shared_ptr<Watch>& watch) {
    Watch* const w = watch.get();
    subscription = watch->subscribe({.synced =
                                         [this, w] {
                                           log.emplace_back("synced");
                                           for (const auto& [key, object] : w->objects()) {
                                             versions[key] = meta_of(*object).version;
                                           }
                                         },
                                     .changed =
                                         [this, w](const std::string& key, Change) {
                                           ++changes;
                                           const auto found = w->objects().find(key);
                                           if (found == w->objects().end()) {
                                             versions.erase(key);
                                           } else {
                                             versions[key] = meta_of(*found->second).version;
                                           }
                                         },
                                     .failed = [this](const Error& e) { log.push_back(e.message); },
                                     .works = [this] { log.emplace_back("works"); }});
  }
};

class WatchTest : public ::testing::Test {
 protected:
  std::shared_ptr<Watch> watch(const WatchKey& key = {}) {
    return hub.watch(hub.connection(host, {.kubeconfig_file = "", .url = "http://api:6443", .client = {}}),
                     key);
  }
  std::map<std::string, std::string> truth() {
    std::map<std::string, std::string> versions;
    for (const auto& [key, object] : api.objects(Resource::kPods)) versions[key] = meta_of(object).version;
    return versions;
  }
  std::string last_url() { return http->exchanges().back()->request.url; }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::shared_ptr<http::testing::FakeTransport> http = std::make_shared<http::testing::FakeTransport>(loop);
  FakeApi api{*http};
  Host host{&loop, &pool, fs::testing::MemoryFileSystem::create(), http, [](const char*) { return ""; }};
  Hub hub{[] { return 0.5; }};
  Picture picture;
};

TEST_F(WatchTest, ListsThenFollows) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  picture.follow(watch());
  loop.run_until_idle();
  EXPECT_EQ(picture.versions, truth());
  api.put(simple_pod("shop", "b", "10.0.0.2", ""));
  api.put(simple_pod("shop", "a", "10.0.0.3", ""));
  loop.run_until_idle();
  EXPECT_EQ(picture.versions, truth());
  api.remove(Resource::kPods, "shop/a");
  loop.run_until_idle();
  EXPECT_EQ(picture.versions, truth());
  EXPECT_EQ(picture.log, std::vector<std::string>{"synced"});
  EXPECT_EQ(api.lists(), 1u);
  EXPECT_EQ(api.watches(), 1u);
}

TEST_F(WatchTest, AsksForPagesSelectorsAndNamespaces) {
  picture.follow(watch({Resource::kEndpointSlices, "shop", "app=web,tier!=x", "metadata.name=a b"}));
  loop.run_until_idle();
  const auto& exchanges = http->exchanges();
  ASSERT_EQ(exchanges.size(), 2u);
  EXPECT_EQ(
      exchanges[0]->request.url,
      "http://api:6443/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?limit=500&resourceVersion=0"
      "&labelSelector=app%3Dweb%2Ctier%21%3Dx&fieldSelector=metadata.name%3Da+b");
  EXPECT_THAT(exchanges[1]->request.url, HasSubstr("?watch=true&allowWatchBookmarks=true&timeoutSeconds="));
  EXPECT_EQ(exchanges[1]->request.headers.get("Accept"), "application/vnd.kubernetes.protobuf");
}

TEST_F(WatchTest, ListsComeInPages) {
  api.set_page(3);
  for (int i = 0; i < 10; ++i) api.put(simple_pod("shop", "p" + std::to_string(i), "10.0.0.1", ""));
  picture.follow(watch());
  loop.run_until_idle();
  EXPECT_EQ(picture.versions, truth());
  EXPECT_EQ(api.lists(), 4u);
}

TEST_F(WatchTest, ACutWatchGoesOnWhereItWas) {
  picture.follow(watch());
  loop.run_until_idle();
  api.cut();
  api.put(simple_pod("shop", "while-away", "10.0.0.1", ""));
  loop.advance(1s);
  EXPECT_EQ(picture.versions, truth());
  EXPECT_EQ(api.lists(), 1u);
  EXPECT_EQ(picture.log, std::vector<std::string>{"synced"}) << "a cut alone is no failure";
}

TEST_F(WatchTest, AnEndedWatchGoesOnAtOnce) {
  picture.follow(watch());
  loop.run_until_idle();
  loop.advance(30s);
  api.finish();
  loop.run_until_idle();
  EXPECT_EQ(api.watches(), 2u);
  // One that ends at once, again and again, does not make a storm.
  for (int i = 0; i < 100; ++i) {
    api.finish();
    loop.advance(10ms);
  }
  EXPECT_LT(api.watches(), 10u);
}

TEST_F(WatchTest, SilenceMeansADeadConnection) {
  picture.follow(watch());
  loop.run_until_idle();
  loop.advance(60s);
  api.bookmark();
  loop.advance(60s);
  EXPECT_EQ(api.watches(), 1u);
  loop.advance(20s);
  EXPECT_EQ(api.watches(), 2u);
  EXPECT_EQ(api.lists(), 1u);
}

TEST_F(WatchTest, AnExpiredVersionIsListedAnewFromTheSource) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  api.put(simple_pod("shop", "b", "10.0.0.2", ""));
  picture.follow(watch());
  loop.run_until_idle();
  const auto kept = picture.subscription->watch().objects().at("shop/b");
  api.cut();
  api.remove(Resource::kPods, "shop/a");
  api.put(simple_pod("shop", "c", "10.0.0.3", ""));
  api.forget();
  loop.advance(1s);
  EXPECT_EQ(picture.versions, truth());
  EXPECT_EQ(api.lists(), 2u);
  EXPECT_EQ(picture.changes, 2u) << "only what differs is told";
  EXPECT_EQ(picture.subscription->watch().objects().at("shop/b"), kept)
      << "unchanged objects stay as they are";
  bool fresh = false;
  for (const auto& exchange : http->exchanges())
    fresh = fresh || exchange->request.url.ends_with("/pods?limit=500");
  EXPECT_TRUE(fresh);
}

TEST_F(WatchTest, BookmarksMoveTheVersion) {
  picture.follow(watch());
  loop.run_until_idle();
  api.put(Node{.meta = {.name = "n1"}});  // another resource moves the version, too
  api.bookmark();
  loop.run_until_idle();
  api.forget();  // one version further: what the bookmark said is gone
  api.bookmark();
  loop.run_until_idle();
  api.cut();
  loop.advance(1s);
  EXPECT_EQ(api.lists(), 1u) << "the version of the bookmark is not too old";
}

TEST_F(WatchTest, ARefusalNamesWhatIsLackingAndIsTriedAgain) {
  api.refuse("/pods", 403, "pods is forbidden: User \"x\" cannot list resource \"pods\"");
  picture.follow(watch({Resource::kPods, "shop", "", ""}));
  loop.run_until_idle();
  ASSERT_EQ(picture.log.size(), 1u);
  EXPECT_EQ(
      picture.log[0],
      "the API server http://api:6443 does not allow to list pods in namespace \"shop\": pods is forbidden: "
      "User \"x\" cannot list resource \"pods\"; it takes a Role of that namespace with the rule "
      "{apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"get\", \"list\", \"watch\"]}");
  loop.advance(10min);
  EXPECT_EQ(picture.log.size(), 1u) << "said once";
  EXPECT_LT(http->exchanges().size(), 60u) << "with growing pauses";
  api.allow();
  loop.advance(1min);
  EXPECT_EQ(picture.log.back(), "works");
  EXPECT_EQ(picture.log[1], "synced");
}

TEST_F(WatchTest, AnAnswerThatIsNoProtobufIsAFailure) {
  http->set_handler([](const http::Request&) { return http::testing::answer(200, "text/html", "<html>"); });
  picture.follow(watch());
  loop.run_until_idle();
  ASSERT_FALSE(picture.log.empty());
  EXPECT_EQ(picture.log[0], "the API server http://api:6443 answers with text/html instead of Protobuf");
}

TEST_F(WatchTest, PackedRefusalsAreReadAndPackedListsNamed) {
  http->set_handler([](const http::Request&) {
    return http::testing::packed(http::testing::answer(503, "text/plain", "etcd is away"));
  });
  picture.follow(watch());
  loop.run_until_idle();
  ASSERT_EQ(picture.log.size(), 1u);
  EXPECT_THAT(picture.log[0], HasSubstr("etcd is away"));
  http->set_handler([](const http::Request&) {
    return http::testing::packed(http::testing::answer(200, "application/vnd.kubernetes.protobuf", "list"));
  });
  loop.advance(10min);
  ASSERT_EQ(picture.log.size(), 2u);
  EXPECT_EQ(
      picture.log[1],
      "the API server http://api:6443 answers with the Content-Encoding \"gzip\", which was not asked for");
}

TEST_F(WatchTest, NoServerIsAFailureUntilItComes) {
  http->set_handler([](const http::Request&) {
    return http::testing::failure(http::FailureKind::kConnect, "connection refused by api:6443");
  });
  picture.follow(watch());
  loop.run_until_idle();
  ASSERT_EQ(picture.log.size(), 1u);
  EXPECT_EQ(picture.log[0], "the API server http://api:6443 cannot be asked: connection refused by api:6443");
}

TEST_F(WatchTest, EqualWatchesAreOne) {
  const auto one = watch();
  EXPECT_EQ(one, watch());
  EXPECT_NE(one, watch({Resource::kPods, "shop", "", ""}));
  picture.follow(one);
  loop.run_until_idle();
  Picture late;
  late.follow(one);
  EXPECT_TRUE(late.log.empty()) << "never from inside subscribe()";
  loop.run_until_idle();
  EXPECT_EQ(late.log, std::vector<std::string>{"synced"});
  EXPECT_EQ(picture.log, std::vector<std::string>{"synced"});
}

TEST_F(WatchTest, ASubscriberMayLeaveInsideACallback) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  auto shared = watch();
  std::unique_ptr<Watch::Subscription> leaves;
  int told = 0;
  leaves = shared->subscribe({.synced = [&] { leaves.reset(); },
                              .changed = [&](const auto&, Change) { ++told; },
                              .failed = [](const Error&) {},
                              .works = [] {}});
  shared.reset();  // the subscription was all that held it
  loop.run_until_idle();
  EXPECT_FALSE(leaves);
  EXPECT_EQ(told, 0);
  EXPECT_EQ(http->in_flight(), 0u);
}

// Any order of changes, cuts, expiries and ends shows in the end what a fresh list shows.
TEST_F(WatchTest, EveryOrderEndsInTheTruth) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    FakeApi server(*http);
    Hub own([&random] { return static_cast<double>(random() % 1000) / 1000; });
    Picture seen;
    server.set_page(1 + random() % 5);
    const auto w =
        own.watch(own.connection(host, {.kubeconfig_file = "", .url = "http://api:6443", .client = {}}), {});
    seen.follow(w);
    const auto& pods = server.objects(Resource::kPods);
    for (int step = 0; step < 60; ++step) {
      const std::string name = "p" + std::to_string(random() % 8);
      switch (random() % 12) {
        case 0:
          server.cut();
          break;
        case 1:
          server.finish();
          break;
        case 2:
          server.forget();
          break;
        case 3:
          server.bookmark();
          break;
        case 4:
          server.refuse("/pods", random() % 2 ? 503 : 410, "busy");
          break;
        case 5:
          server.allow();
          break;
        case 6:
        case 7:
          if (pods.contains("shop/" + name)) server.remove(Resource::kPods, "shop/" + name);
          break;
        default:
          server.put(simple_pod("shop", name, "10.0.0." + std::to_string(step), ""));
      }
      if (random() % 3 == 0) loop.advance(std::chrono::milliseconds(random() % 3000));
    }
    server.allow();
    loop.advance(2min);
    std::map<std::string, std::string> expected;
    for (const auto& [key, object] : pods) expected[key] = meta_of(object).version;
    ASSERT_EQ(seen.versions, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace invar::kube
