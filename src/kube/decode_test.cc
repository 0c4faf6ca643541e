// Objects and answers out of Protobuf, whole and in pieces of every size.
#include "kube/decode.h"

#include <gtest/gtest.h>

#include "kube/stream_readers.h"
#include "kube/testing/encode.h"

namespace invar::kube {
namespace {

using testing::encode;
using testing::simple_pod;

TEST(Decode, APodWithAllThatLabelsNeed) {
  Pod pod = simple_pod("shop", "web-1", "10.0.0.1", "77");
  pod.meta.uid = "u-1";
  pod.meta.labels = {{"app", "web"}, {"empty", ""}};
  pod.meta.annotations = {{"profiles.grafana.com/cpu.scrape", "true"}};
  pod.meta.controller_kind = "ReplicaSet";
  pod.meta.controller_name = "web";
  pod.host_ip = "192.168.1.1";
  pod.ready = "True";
  pod.containers = {{"app", "app:1", "containerd://a", false, {{"http", "TCP", 8080}, {"", "UDP", 53}}},
                    {"setup", "setup:1", "containerd://s", true, {}}};
  const auto object = decode_object(Resource::kPods, encode(pod));
  ASSERT_TRUE(object) << object.error().message;
  const Pod& read = std::get<Pod>(*object);
  EXPECT_EQ(key_of(read.meta), "shop/web-1");
  EXPECT_EQ(read.meta.uid, "u-1");
  EXPECT_EQ(read.meta.version, "77");
  EXPECT_EQ(read.meta.labels, pod.meta.labels);
  EXPECT_EQ(read.meta.annotations, pod.meta.annotations);
  EXPECT_EQ(read.meta.controller_kind, "ReplicaSet");
  EXPECT_EQ(read.meta.controller_name, "web");
  EXPECT_EQ(read.node, "n1");
  EXPECT_EQ(read.ip, "10.0.0.1");
  EXPECT_EQ(read.host_ip, "192.168.1.1");
  EXPECT_EQ(read.phase, "Running");
  EXPECT_EQ(read.ready, "True");
  ASSERT_EQ(read.containers.size(), 2u);
  EXPECT_EQ(read.containers[0].id, "containerd://a");
  EXPECT_EQ(read.containers[0].ports[0].number, 8080);
  EXPECT_EQ(read.containers[0].ports[1].protocol, "UDP");
  EXPECT_TRUE(read.containers[1].init);
  EXPECT_EQ(read.containers[1].id, "containerd://s");
}

TEST(Decode, DamagedAndNamelessObjectsAreErrors) {
  const std::string good = encode(simple_pod("shop", "web-1", "10.0.0.1", "77"));
  EXPECT_TRUE(decode_object(Resource::kPods, good));
  EXPECT_FALSE(decode_object(Resource::kPods, good.substr(0, good.size() - 1)));
  EXPECT_FALSE(decode_object(Resource::kPods, ""));
  EXPECT_FALSE(decode_object(Resource::kPods, encode(simple_pod("shop", "", "10.0.0.1", "77"))));
}

TEST(Decode, StatusesAndBookmarks) {
  const std::string answer = testing::status(403, "Forbidden", "pods is forbidden");
  const auto envelope = open_envelope(answer);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->kind, "Status");
  const auto status = decode_status(envelope->raw);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->message + status->reason, "pods is forbiddenForbidden");
  EXPECT_EQ(status->code, 403);
  EXPECT_FALSE(open_envelope("<html>"));
}

std::string read_list(const std::string& bytes, std::size_t step) {
  std::string names;
  ListReader reader([&](std::string_view message) -> Result<> {
    INVAR_ASSIGN_OR_RETURN(const auto object, decode_object(Resource::kPods, message));
    names.append(meta_of(object).name.view()).append(" ");
    return {};
  });
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    if (const auto fed = reader.feed(std::string_view(bytes).substr(i, step)); !fed)
      return fed.error().message;
  }
  const auto meta = reader.finish();
  return meta ? names + meta->version + meta->continues : meta.error().message;
}

TEST(ListReader, ReadsItemsFromPiecesOfEverySize) {
  std::vector<Object> pods;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    pods.emplace_back(simple_pod("shop", "web-" + std::to_string(i), "10.0.0.1", "1"));
    expected += "web-" + std::to_string(i) + " ";
  }
  const std::string bytes = testing::list(pods, "99", "more");
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{100}, bytes.size()}) {
    EXPECT_EQ(read_list(bytes, step), expected + "99more") << step;
  }
  EXPECT_EQ(read_list(testing::list({}, "5"), 3), "5");
}

TEST(ListReader, CutAndForeignAnswersAreErrors) {
  const std::string bytes = testing::list({simple_pod("shop", "web", "10.0.0.1", "1")}, "99");
  for (std::size_t size = 0; size < bytes.size() - 2; ++size) {
    EXPECT_EQ(read_list(bytes.substr(0, size), 1000).find("web 99"), std::string::npos) << size;
  }
  EXPECT_EQ(read_list("{\"kind\": \"PodList\"}", 5), "the API server sent a list that is damaged");
}

TEST(FrameReader, ReadsEventsFromPiecesOfEverySize) {
  const std::string bytes = testing::event("ADDED", simple_pod("shop", "a", "10.0.0.1", "1")) +
                            testing::bookmark("7") +
                            testing::event("DELETED", simple_pod("shop", "b", "10.0.0.1", "8"));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{50}, bytes.size()}) {
    std::string seen;
    FrameReader reader([&](std::string_view message) -> Result<> {
      INVAR_ASSIGN_OR_RETURN(const auto event, decode_event(message));
      INVAR_ASSIGN_OR_RETURN(const auto envelope, open_envelope(event.object));
      INVAR_ASSIGN_OR_RETURN(const auto version, decode_version(envelope.raw));
      seen += std::string(event.type) + version + " ";
      return {};
    });
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      ASSERT_TRUE(reader.feed(std::string_view(bytes).substr(i, step)));
    }
    EXPECT_EQ(seen, "ADDED1 BOOKMARK7 DELETED8 ") << step;
  }
  FrameReader reader([](std::string_view) -> Result<> { return {}; });
  EXPECT_FALSE(reader.feed("HTTP"));
}

}  // namespace
}  // namespace invar::kube
