// The HTTP client that scrape, push and discovery share.
//
// A Client is made from one ClientConfig (auth, TLS, proxy, redirects: http-client.md) and sends requests with it. Headers are
// built afresh for every attempt; credential and certificate files are re-read when they change (stat, at most once a second).
// Shape:    send() returns at once; `done` runs later on the loop, exactly once, never from inside send(). Dropping the
//           returned Call cancels the request; `done` is then not called.
// Limits:   `timeout` covers the whole exchange, `idle_timeout` every silence in it; the body is cut at max_body_bytes
//           (kBodyTooLarge). Bodies are never decompressed. Requests above the in-flight limit of the Transport wait their
//           turn; the wait counts as timeout.
// Streams:  with `on_body` the body of a 2xx answer is handed over while it comes; see Request.
// Threads:  loop thread only. libcurl stays inside this folder.
// Lifetime: the Transport outlives its clients. Connections are pooled per Client; a new Client starts with an empty pool.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "fs/filesystem.h"
#include "http/types.h"
#include "metrics/metrics.h"

namespace invar::http {

// A text that must never be printed: tokens, passwords, keys.
struct SecretText {
  std::string value;
  bool operator==(const SecretText&) const = default;
};

struct TlsConfig {
  std::string ca_pem, ca_file, cert_pem, cert_file, key_file, server_name;
  SecretText key_pem;
  bool insecure_skip_verify = false;
  std::string min_version;  // "", "TLS10" ... "TLS13"
  bool operator==(const TlsConfig&) const = default;
};

struct ProxyConfig {
  std::string proxy_url;  // blanks only: written, but no proxy
  std::string no_proxy;
  bool proxy_from_environment = false;
  std::map<std::string, std::vector<SecretText>> proxy_connect_header;
  bool operator==(const ProxyConfig&) const = default;
};

struct BasicAuth {
  std::string username, password_file;
  SecretText password;
  bool operator==(const BasicAuth&) const = default;
};

struct Authorization {
  std::string type, credentials_file;
  SecretText credentials;
  bool operator==(const Authorization&) const = default;
};

struct OAuth2 {
  std::string client_id, client_secret_file, token_url;
  SecretText client_secret;
  std::vector<std::string> scopes;
  std::map<std::string, std::string> endpoint_params;
  ProxyConfig proxy;
  std::optional<TlsConfig> tls;
  bool operator==(const OAuth2&) const = default;
};

struct ClientConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::optional<OAuth2> oauth2;
  std::optional<TlsConfig> tls;
  SecretText bearer_token;
  std::string bearer_token_file;
  ProxyConfig proxy;
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::map<std::string, std::vector<SecretText>> http_headers;
  bool operator==(const ClientConfig&) const = default;
};

// Errors: the exact texts of http-client.md 2, in its order. Pure: no file is opened.
Result<> validate(const TlsConfig&);
Result<> validate(const BasicAuth&);
Result<> validate(const Authorization&);
Result<> validate(const OAuth2&);
Result<> validate(const ClientConfig&);

enum class FailureKind {
  kResolve,
  kConnect,
  kTls,
  kProxy,
  kTimeout,
  kBodyTooLarge,
  kRedirect,
  kCredentials,
  kProtocol,
  kOther,
};
std::string_view to_string(FailureKind kind);  // metric label: "resolve", "connect", "tls" ...

// What came back with a failure: nothing; an answer that cannot be read, to a request that may have had its effect; another protocol
// than was spoken.
enum class Answered { kNothing, kUnreadable, kForeign };

struct Failure {
  FailureKind kind = FailureKind::kOther;
  std::string message;  // plain words without secrets: `connection refused by 127.0.0.1:4040`
  Answered answered = Answered::kNothing;
};

struct Response {
  int status = 0;
  std::string status_line;  // "404 Not Found"
  Headers headers;
  std::string body;
  std::string url;         // after redirects
  bool body_lost = false;  // a redirect (301, 302, 303) turned the request into a GET without its body
};

inline constexpr Duration kNoTimeout = Duration::max();

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers;
  // Sent one after another without being copied together: a small head built per request, then a shared body.
  std::string body_head;
  SharedBytes body;
  std::string body_tail;
  Duration timeout = std::chrono::seconds(10);  // kNoTimeout: none
  Duration idle_timeout = kNoTimeout;  // so long without a byte of the answer; stands still while paused
  std::uint64_t max_body_bytes = std::uint64_t{64} << 20;
  std::uint64_t expected_body_bytes = 0;  // a hint: as much is reserved where the peer does not say a length
  // The host of the URL is reached over this socket ("/run/docker.sock") instead of TCP; no proxy then, whatever redirects say.
  std::string unix_socket;
  // A stream: the parts of the final answer's body as they come, of any size, only if its status is 2xx, without a limit.
  // `done` comes after the last part, its Response without a body; other answers arrive there whole. Both run on the loop,
  // never from inside send() or resume(); they may drop the Call, which ends the request.
  std::function<void(std::string_view part)> on_body;
  std::function<void(const Response& head)> on_head;  // with on_body: once, before the first part
};

// Handle of a request under way. Destroying it cancels.
class Call {
 public:
  virtual ~Call() = default;
  // Back-pressure of a stream. Paused, nothing is handed over (not even `done` of a stream) and what the peer sends stays
  // with it, but for a buffer of at most 256 KiB.
  virtual void pause() = 0;
  virtual void resume() = 0;
};

class Client {
 public:
  using Done = std::move_only_function<void(std::expected<Response, Failure>)>;
  virtual ~Client() = default;
  [[nodiscard]] virtual std::unique_ptr<Call> send(Request request, Done done) = 0;
};

// An in-process HTTP peer: requests for this host:port are answered by the handler without a socket (the memory address).
struct InMemoryPeer {
  std::string host_port;  // "invar.internal:12345"
  std::function<void(Request, Client::Done)> handle;
};

// What all clients of the process share: the curl engine, file cache, limits, connection metrics.
class Transport {
 public:
  struct Options {
    // Requests started at a time; one that has been under way for 10 ms no longer counts, so that requests which wait long
    // for their answer (CPU profiles) hold up nobody. See docs/benchmarks.md.
    std::size_t max_in_flight = 64;
    std::vector<InMemoryPeer> peers;
    log::Logger logger;
    Duration file_check_interval =
        std::chrono::seconds(1);  // how often a credential file is looked at, at most
  };
  static std::shared_ptr<Transport> create(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                           metrics::Scope* scope, Options options);
  virtual ~Transport() = default;
  // `dialer_name` labels the connection metrics. Errors: the build-time texts of http-client.md 2 (unreadable CA ...).
  virtual Result<std::unique_ptr<Client>> make_client(const ClientConfig& config,
                                                      const std::string& dialer_name) = 0;
  virtual void add_peer(InMemoryPeer peer) = 0;
};

// host:port that a URL of ours addresses, and pieces of it. Errors: a phrase naming what is wrong with the URL.
struct Url {
  // `host` without brackets, `path` percent-encoded as written.
  std::string scheme, user_info, host, path, query, fragment;
  std::string port;                             // "" when not written
  [[nodiscard]] std::string host_port() const;  // with the scheme's default port
};
Result<Url> parse_url(std::string_view text);

// For people: the password in the user info, if any, replaced by xxxxx; text that is no URL comes back as it is.
std::string redact_url(std::string_view text);

// Go's url.QueryEscape / PathEscape.
std::string query_escape(std::string_view text);
std::string path_escape(std::string_view text);

}  // namespace invar::http
