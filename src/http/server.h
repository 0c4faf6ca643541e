// The HTTP server: HTTP/1.1 on one address, with optional TLS and basic auth, for the API, metrics, the status page and the relay.
//
// A Handler gets the whole request (body limited) and answers through a Responder, at once or later. Long answers (profiles
// over N seconds, streams) write chunks. Handlers run on the loop thread.
// Lifetime: a Responder may outlive its connection; writes then do nothing and alive() is false. What it told on_change() goes with
//           its answer or its connection.
// Spec:     cli-http-ui.md 5, runtime.md 12.3. Beast stays inside this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "http/types.h"

namespace invar::http {

struct ServerRequest {
  std::string method;
  std::string target;  // path and query as received
  std::string path;    // percent-decoded, cleaned of . and ..
  std::string query;   // raw
  Headers headers;
  std::string body;
  std::string peer;  // "127.0.0.1:51234"; "memory" for the in-process peer
  [[nodiscard]] std::optional<std::string> query_value(std::string_view key) const;  // decoded, first
};

struct ServerResponse {
  int status = 200;
  Headers headers;
  std::string body;
  Headers trailers;  // after the body, which is then sent in chunks; HTTP/1.0 goes without
};
ServerResponse text_response(int status,
                             std::string_view line);  // text/plain; charset=utf-8, nosniff, body + LF
ServerResponse json_response(std::string body);

class Responder {
 public:
  virtual ~Responder() = default;
  virtual void send(ServerResponse response) = 0;  // complete answer, once
  // Streaming: head once, then chunks, then finish. `backlog_bytes` is what the peer has not taken yet.
  virtual void start(ServerResponse head) = 0;
  virtual void write(std::string chunk) = 0;
  virtual void finish() = 0;
  [[nodiscard]] virtual std::size_t backlog_bytes() const = 0;
  [[nodiscard]] virtual bool alive() const = 0;
  // `changed` hears kDrained whenever everything written so far was taken, and kGone once, when the peer has gone; never from within a
  // call of this.
  enum class Change { kDrained, kGone };
  using Changed = std::function<void(Change)>;
  virtual void on_change(Changed changed) = 0;
};
using ResponderPtr = std::shared_ptr<Responder>;
using Handler = std::function<void(ServerRequest, ResponderPtr)>;

struct ServerTls {
  std::string cert_pem, cert_file, key_file, client_ca_pem, client_ca_file;
  SecretText key_pem;
  std::string client_auth_type = "NoClientCert";
  std::vector<std::string> cipher_suites, curve_preferences;
  std::string min_version, max_version;
  bool operator==(const ServerTls&) const = default;
};
struct ServerAuth {
  std::string username;
  SecretText password;
  struct Filter {
    std::vector<std::string> paths;
    bool authenticate_matching_paths = true;
    bool operator==(const Filter&) const = default;
  };
  std::optional<Filter> filter;
  bool operator==(const ServerAuth&) const = default;
};
// Errors: the texts of runtime.md 12.3.
Result<> validate(const ServerTls&);

struct ServerOptions {
  std::string listen_address = "127.0.0.1:0";  // host:port, 0 = the kernel's choice; fd://N = listens already
  std::uint64_t max_body_bytes = std::uint64_t{64} << 20;
  std::size_t max_connections = 0;  // 0 = no limit
  std::optional<ServerTls> tls;
  bool tls_must_load = false;  // listen() and reconfigure() fail when its files cannot be used now
  std::optional<ServerAuth> auth;
  Duration idle_timeout = std::chrono::minutes(2);  // no byte moved; between requests, too
  Duration read_timeout{};   // a request from its first byte to its last; 0 = idle_timeout alone limits it
  Duration write_timeout{};  // a complete answer likewise
  std::function<void()> on_cut_request;  // a connection ended in the middle of a request
  // A request that the handler never sees: the server answers it by itself. Of what could not be read, the parts are empty.
  std::function<void(const ServerRequest&, int status, std::string_view why)> on_refused_request;
};

class Server {
 public:
  // Needs a loop with an io_context. Errors: `failed to listen on ADDR: <why>`; unusable TLS files, if they must load.
  static Result<std::unique_ptr<Server>> listen(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                                log::Logger logger, ServerOptions options, Handler handler);
  virtual ~Server() = default;                            // closes everything
  [[nodiscard]] virtual std::string address() const = 0;  // real host:port
  virtual void set_security(std::optional<ServerTls> tls,
                            std::optional<ServerAuth> auth) = 0;  // for new connections
  // All of them but the address: the limits at once for what is accepted, the rest for new connections. All or nothing.
  virtual Result<> reconfigure(ServerOptions options) = 0;
  virtual void close_listener() = 0;  // no new connections; open ones finish
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

// How a component opens a server of its own: Server::listen() with the program's loop and files. Tests give their own.
using Listen = std::function<Result<std::unique_ptr<Server>>(log::Logger logger, ServerOptions options,
                                                             Handler handler)>;

// True when the request may pass. Constant-time comparison. Pure.
bool authorized(const std::optional<ServerAuth>& auth, std::string_view path,
                std::string_view authorization_header);

// The handler as an in-process peer (Transport::add_peer). Streamed chunks are collected until finish(); a handler that
// drops its Responder unanswered makes the request fail.
InMemoryPeer make_memory_peer(std::string host_port, Handler handler);

}  // namespace invar::http
