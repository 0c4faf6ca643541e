// Credential and certificate files: a disk that does not answer holds up what needs it, and never the loop.
#include "http/disk_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "fs/testing/off_loop_fs.h"
#include "http/testing/certificates.h"
#include "http/testing/harness.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClientFilesTest : public ::testing::Test {
 protected:
  ClientFilesTest() {
    transport->add_peer(make_memory_peer("app:80", [this](ServerRequest request, ResponderPtr r) {
      seen.emplace_back(request.headers.get("Authorization"));
      r->send({});
    }));
    transport->add_peer(make_memory_peer("idp:80", [this](ServerRequest request, ResponderPtr r) {
      seen.emplace_back(request.headers.get("Authorization"));
      r->send(json_response("{\"access_token\":\"T\"}"));
    }));
    put("one");
  }
  void put(const std::string& text) { ASSERT_TRUE(disk->write_file_atomically("/t", text, 0600, false)); }
  // Stays under way until the loop is turned.
  void ask(const ClientConfig& config) {
    client = *transport->make_client(config, "d");
    Request request;
    request.url = "http://app/";
    request.timeout = 5s;
    call = client->send(std::move(request), [this](std::expected<Response, Failure> result) {
      outcome = result ? std::to_string(result->status) : testing::failure_text(result);
    });
  }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::shared_ptr<fs::testing::MemoryFileSystem> disk = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<fs::testing::OffLoopFileSystem> off_loop =
      fs::testing::OffLoopFileSystem::create(disk, &async::testing::in_pool_work);
  std::shared_ptr<Transport> transport = create_transport(loop, off_loop, nullptr, {}, pool);
  std::unique_ptr<Client> client;
  std::unique_ptr<Call> call;
  std::string outcome;
  std::vector<std::string> seen;
};

TEST_F(ClientFilesTest, ARequestWaitsForItsTokenFileAndTheLoopDoesNot) {
  pool.set_paused(true);
  ask({.bearer_token_file = "/t"});
  loop.advance(1s);
  EXPECT_THAT(seen, IsEmpty());
  pool.set_paused(false);
  loop.run_until_idle();
  EXPECT_THAT(seen, ElementsAre("Bearer one"));

  put("two");
  loop.advance(1s);
  ask({.bearer_token_file = "/t"});
  loop.run_until_idle();
  EXPECT_THAT(seen, ElementsAre("Bearer one", "Bearer two"));
  EXPECT_THAT(off_loop->offences(), IsEmpty());
}

TEST_F(ClientFilesTest, ADiskThatNeverAnswersEndsAtTheRequestsTimeout) {
  pool.set_paused(true);
  ask({.bearer_token_file = "/t"});
  loop.advance(5s);
  EXPECT_EQ(outcome, "timeout: the files of the credentials could not be read within 5s");
  pool.set_paused(false);
  loop.run_until_idle();
  EXPECT_THAT(seen, IsEmpty()) << "what comes late is nobody's";
}

TEST_F(ClientFilesTest, TheSecretOfOAuth2IsReadThereToo) {
  ClientConfig config;
  config.oauth2.emplace();
  config.oauth2->client_id = "id";
  config.oauth2->client_secret_file = "/t";
  config.oauth2->token_url = "http://idp/token";
  ask(config);
  loop.run_until_idle();
  EXPECT_THAT(seen, ElementsAre("Basic aWQ6b25l", "Bearer T"));
  EXPECT_THAT(off_loop->offences(), IsEmpty());
}

TEST(ServerFiles, AreReadOffTheLoopAtEachHandshake) {
  testing::Harness h;
  const auto pool = async::make_worker_pool(h.loop(), 1, "disk");
  const testing::Authority authority("CA");
  const auto pair = authority.issue({"s", {}, {"127.0.0.1"}});
  const auto disk = fs::testing::MemoryFileSystem::create();
  ASSERT_TRUE(disk->write_file_atomically("/cert", pair.certificate_pem, 0600, false));
  ASSERT_TRUE(disk->write_file_atomically("/key", pair.key_pem, 0600, false));
  const auto off_loop =
      fs::testing::OffLoopFileSystem::create(disk, [&h] { return !h.loop().on_loop_thread(); });
  ServerOptions options;
  options.tls.emplace();
  options.tls->cert_file = "/cert";
  options.tls->key_file = "/key";
  const auto server = listen(
      h.loop(), off_loop, {}, options, [](ServerRequest, ResponderPtr r) { r->send({200, {}, "hello"}); }, {},
      *pool);
  ASSERT_TRUE(server);
  ClientConfig trusting;
  trusting.tls.emplace();
  trusting.tls->ca_pem = authority.pem();
  const auto client = h.client(trusting);
  const auto answer = h.get(*client, "https://" + (*server)->address() + "/");
  ASSERT_TRUE(answer) << testing::failure_text(answer);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_THAT(off_loop->offences(), IsEmpty());
}

}  // namespace
}  // namespace invar::http
