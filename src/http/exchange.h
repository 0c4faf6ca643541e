// Exchange: one request of a user from send() to `done`: credentials, TLS material, proxy, attempts, redirects, deadline.
// ClientCore holds what the exchanges of one client share; it lives as long as one of them.
// Layer order of the headers: http-client.md 8. Headers are built afresh for every attempt.
// Threads: loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "http/deadlines.h"
#include "http/engine.h"
#include "http/file_cache.h"
#include "http/oauth2.h"
#include "http/proxy.h"
#include "http/redirect.h"
#include "http/tls_material.h"

namespace invar::http {

// What all clients of a Transport share.
struct TransportCore {
  async::Loop* loop = nullptr;
  log::Logger logger;
  std::shared_ptr<FileCache> files;
  std::shared_ptr<Engine> engine;
  std::map<std::string, InMemoryPeer> peers;
  std::unique_ptr<Deadlines> deadlines;
};

class ClientCore {
 public:
  static Result<std::shared_ptr<ClientCore>> create(std::shared_ptr<TransportCore> transport,
                                                    const ClientConfig& config,
                                                    const std::string& dialer_name, bool accept_gzip,
                                                    bool only_http2);

  // What an attempt needs of the disk: credentials and certificates.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

  // The connections for the present TLS material.
  std::expected<std::shared_ptr<Pool>, Failure> pool(bool https);

  const std::shared_ptr<TransportCore> transport;
  const ClientConfig config;
  ProxyChooser proxies;
  std::unique_ptr<TokenSource> tokens;  // null without oauth2

 private:
  ClientCore(std::shared_ptr<TransportCore> t, const ClientConfig& c) : transport(std::move(t)), config(c) {}

  PoolSettings settings_;
  std::vector<std::string> files_;
  std::unique_ptr<TlsSource> tls_;
  std::shared_ptr<Pool> pool_;
};

// `accept_gzip`: for answers that the caller reads as text. `only_http2`: http2.h.
Result<std::unique_ptr<Client>> make_client(std::shared_ptr<TransportCore> transport,
                                            const ClientConfig& config, const std::string& dialer_name,
                                            bool accept_gzip, bool only_http2 = false);

class Exchange final : public Call, private Deadline, private AnswerStream {
 public:
  Exchange(std::shared_ptr<ClientCore> client, Request request, Client::Done done);
  ~Exchange() override = default;
  void begin();
  void pause() override;
  void resume() override;

 private:
  void next_attempt();
  void authorize();
  void ask_for_token();
  void attempt_with(const std::string& oauth2_authorization);
  std::expected<Headers, Failure> build_headers(const std::string& oauth2_authorization) const;
  void ask_peer(const InMemoryPeer& peer, Headers headers);
  void on_peer_result(std::expected<Response, Failure> result);
  void on_result(std::expected<Response, Failure> result);
  void fail_later(Failure failure);
  void finish(std::expected<Response, Failure> result);
  void on_part(const Response& head, std::string_view bytes) override;
  void on_deadline() override;
  void watch_time();

  struct Receivers {
    std::function<void(const Response&)> on_head;
    std::function<void(std::string_view)> on_body;
  };

  std::shared_ptr<ClientCore> client_;
  Request request_;
  std::shared_ptr<const Receivers> receivers_;  // of a stream
  Client::Done done_;
  Url url_;
  std::string method_;
  bool with_body_ = true;
  std::string referer_;
  RedirectChain chain_;
  bool waits_for_files_ = false, waits_for_token_ = false;
  bool token_retried_ = false;
  std::string token_used_;
  std::unique_ptr<Transfer> transfer_;
  bool paused_ = false;
  bool head_told_ = false;
  std::optional<std::expected<Response, Failure>> held_;  // what an in-process peer gave while paused
  async::TimePoint began_{}, last_sign_{};                // of life, from the peer
  async::Alive alive_;
};

}  // namespace invar::http
