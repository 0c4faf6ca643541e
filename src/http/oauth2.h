// OAuth2 client credentials: the token request and what its answer means (pure), and TokenSource, which keeps one token.
// Spec:     http-client.md 4 and 11. Beyond the original: a fetch takes at most 30 s, a token in use is renewed in the
//           background when its last 10 s begin, and after a 401 the token is fetched once more.
// Errors:   the texts of the spec; the client secret never appears in them, also when the server echoes it.
// Threads:  loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "http/client.h"
#include "http/file_cache.h"

namespace invar::http {

enum class AuthStyle { kHeader, kBody };

struct TokenRequest {
  Headers headers;
  std::string body;
};
Result<TokenRequest> make_token_request(const OAuth2& config, const std::string& secret, AuthStyle style,
                                        std::string_view user_agent);

struct Token {
  std::string authorization;            // "Bearer T1"
  std::int64_t expires_in_seconds = 0;  // 0: never
};
std::expected<Token, std::string> parse_token_response(Response response, std::string_view secret);

class TokenSource {
 public:
  using Done = std::move_only_function<void(std::expected<std::string, Failure>)>;  // the Authorization value

  TokenSource(async::Loop& loop, OAuth2 config, std::shared_ptr<FileCache> files,
              std::unique_ptr<Client> client);

  // The cache has looked at client_secret_file. `done` runs at once when a token is at hand, else later on the loop.
  void get(std::string_view user_agent, Done done);
  // The server did not accept this value: the next get() fetches anew.
  void reject(std::string_view authorization);

 private:
  Result<std::string> read_secret();
  void fetch(AuthStyle style);
  void on_answer(AuthStyle style, std::expected<Response, Failure> answer);
  void finish(std::expected<Token, std::string> outcome);
  void renew_in_background();
  [[nodiscard]] bool fresh() const;

  async::Loop* loop_;
  OAuth2 config_;
  std::shared_ptr<FileCache> files_;
  std::unique_ptr<Client> client_;
  std::string user_agent_;
  std::string secret_;
  std::optional<AuthStyle> known_style_;
  std::string header_refusal_;
  std::optional<Token> token_;
  async::TimePoint renew_at_{};  // meaningless for a token that never expires
  bool used_ = false;
  std::vector<Done> waiters_;
  bool fetching_ = false;
  std::unique_ptr<Call> call_;
  async::Timer renewal_;
  async::Alive alive_;
};

}  // namespace invar::http
