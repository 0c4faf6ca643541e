// What is said to etcd, and what is made of its answers, as Debian's etcd 3.4 gives them.
#include "cluster_etcd/messages.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cluster_etcd/node_record.h"
#include "cluster_etcd/watch_stream.h"

namespace invar::cluster_etcd {
namespace {

constexpr const char* kHeader =
    R"("header":{"cluster_id":"10144879847569953045","member_id":"12428976124636271536","revision":"3","raft_term":"2"})";

std::string with_header(std::string_view rest) {
  return std::string("{") + kHeader + std::string(rest) + "}";
}

TEST(EtcdMessagesTest, Requests) {
  EXPECT_EQ(grant_request(15), R"({"TTL":"15"})");
  EXPECT_EQ(lease_request("7"), R"({"ID":"7"})");
  EXPECT_EQ(login_request("invar", "x\"y"), R"({"name":"invar","password":"x\"y"})");
  EXPECT_EQ(range_request("a/"), R"({"key":"YS8=","range_end":"YTA=","limit":"10001"})");
  EXPECT_EQ(watch_request("a/", 4),
            R"({"create_request":{"key":"YS8=","range_end":"YTA=","start_revision":"4"}})");
  EXPECT_EQ(put_request("k", "v", "7", 0),
            R"({"compare":[{"target":"CREATE","key":"aw==","create_revision":"0"}],)"
            R"("success":[{"request_put":{"key":"aw==","value":"dg==","lease":"7"}}]})");
  EXPECT_NE(put_request("k", "v", "7", 5).find(R"("target":"MOD","key":"aw==","mod_revision":"5")"),
            std::string::npos);
}

TEST(EtcdMessagesTest, Leases) {
  const auto grant = read_grant(with_header(R"(,"ID":"1418812156329790725","TTL":"5")"));
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->lease, "1418812156329790725");
  EXPECT_EQ(grant->seconds, 5);
  const auto gone = read_grant(R"({"result":)" + with_header(R"(,"ID":"12345")") + "}\n");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->seconds, 0);
}

TEST(EtcdMessagesTest, ConditionalPuts) {
  const auto done = read_put(
      with_header(R"(,"succeeded":true,"responses":[{"response_put":{"header":{"revision":"3"}}}])"));
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->done);
  EXPECT_EQ(done->revision, 3);
  EXPECT_FALSE(read_put(with_header(""))->done);
}

TEST(EtcdMessagesTest, ListsOfNodes) {
  const auto snapshot = read_snapshot(with_header(
      R"(,"kvs":[{"key":"aW52L25vZGVzL2E=","create_revision":"2","mod_revision":"3","version":"2","value":"eyJhIjoxfQ==","lease":"14"}],"count":"1")"));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->header.cluster_id, "10144879847569953045");
  EXPECT_EQ(snapshot->header.revision, 3);
  const KeyValue& value = snapshot->values.at("inv/nodes/a");
  EXPECT_EQ(value.value, R"({"a":1})");
  EXPECT_EQ(value.lease, "14");
  EXPECT_EQ(value.revision, 3);
  EXPECT_TRUE(read_snapshot(with_header(""))->values.empty());
}

TEST(EtcdMessagesTest, WhatIsNoAnswerIsAnError) {
  for (const char* text : {"", "null", "[]", "{", R"({"kvs":[{"key":"***"}]})", R"({"kvs":7})", "{} {}",
                           R"({"header":{"revision":"many"}})", R"({"kvs":[{"mod_revision":1.5}]})"}) {
    const auto snapshot = read_snapshot(text);
    ASSERT_FALSE(snapshot) << text;
    EXPECT_TRUE(snapshot.error().message.starts_with("an answer of etcd cannot be read: ")) << text;
  }
}

TEST(EtcdMessagesTest, ListsHaveALimit) {
  std::string many;
  for (std::size_t i = 0; i <= kMostKeys; ++i)
    many += (i == 0 ? R"({"key":")" : R"(,{"key":")") + to_base64(std::to_string(i)) + R"("})";
  const auto snapshot = read_snapshot(R"({"kvs":[)" + many + "]}");
  ASSERT_FALSE(snapshot);
  EXPECT_NE(snapshot.error().message.find("more nodes than 10000"), std::string::npos);
}

TEST(EtcdMessagesTest, SentencesOfErrors) {
  EXPECT_EQ(
      error_sentence(
          R"({"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5})"),
      "etcdserver: requested lease not found");
  EXPECT_EQ(error_sentence("Not Found\n"), "");
  EXPECT_EQ(error_sentence(R"({"error":)"), "");
}

TEST(WatchStreamTest, LinesMayBeCutAnywhere) {
  const std::string created = R"({"result":)" + with_header(R"(,"created":true)") + "}\n";
  const std::string event =
      R"({"result":)" + with_header(R"(,"events":[{"type":"DELETE","kv":{"key":"aw=="}}])") + "}\n";
  const std::string both = created + event;
  for (std::size_t cut = 0; cut <= both.size(); ++cut) {
    WatchStream stream;
    const auto first = stream.feed(both.substr(0, cut));
    const auto second = stream.feed(both.substr(cut));
    ASSERT_TRUE(first && second) << cut;
    EXPECT_NE(*first, *second) << cut << ": one change, told once";
  }
  WatchStream stream;
  EXPECT_FALSE(*stream.feed(created));
}

TEST(WatchStreamTest, AnEndSaysWhy) {
  struct Case {
    const char* line;
    const char* why;
  };
  for (const Case& c :
       {Case{R"({"result":{"canceled":true,"compact_revision":"9"}})", "etcd ended the watch"},
        Case{R"({"result":{"canceled":true,"cancel_reason":"too old"}})", "etcd ended the watch: too old"},
        Case{R"({"error":{"grpc_code":14,"message":"closing"}})", "etcd ended the watch"},
        Case{"rubbish",
             "an answer of etcd cannot be read: invalid character 'r' looking for beginning of value"}}) {
    const auto fed = WatchStream().feed(std::string(c.line) + "\n");
    ASSERT_FALSE(fed) << c.line;
    EXPECT_EQ(fed.error().message, c.why);
  }
}

TEST(WatchStreamTest, ALineWithoutEndIsRefused) {
  WatchStream stream;
  const std::string part(1 << 20, ' ');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(stream.feed(part));
  EXPECT_FALSE(stream.feed(part));
}

TEST(NodeRecordTest, IsReadAsItWasWritten) {
  for (const NodeRecord& record :
       {NodeRecord{}, NodeRecord{"10.0.0.1:80", false, "00ff"}, NodeRecord{"[::1]:80", true, ""}}) {
    const auto read = read_record(write_record(record));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, record);
  }
  EXPECT_TRUE(read_record(R"({"address":"a","zone":{"of":"a newer node"}})"));
  EXPECT_FALSE(read_record("10.0.0.1:80"));
}

}  // namespace
}  // namespace invar::cluster_etcd
