// The arguments of pyroscope.receive_http, with their schema and checks; limits and authentication are ours. What has no effect here is
// read all the same, so that files of other collectors load.
// Errors: half a TLS configuration, limits below zero, both names of one argument. Threads: any; values.
// Spec: pyroscope-receive-http-relabel-enrich.md A1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/receiver.h"
#include "http/server.h"
#include "syntax/ignored.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_receive_http {

struct Tls {
  std::string cert_pem, cert_file, key_file, client_ca_pem, client_ca, client_ca_file,
      client_auth_type = "NoClientCert", cipher_suites, min_version;
  http::SecretText key_pem;
  bool operator==(const Tls&) const = default;
};

struct BasicAuth {
  std::string username;
  http::SecretText password;
  bool operator==(const BasicAuth&) const = default;
};

// Read, for configurations that have it. Invar's server speaks HTTP/1.1.
struct Http2 {
  bool enabled = false;
  syntax::Ignored rest;
  bool operator==(const Http2&) const = default;
};

struct HttpServer {
  std::string listen_address;
  std::int64_t listen_port = 8080;
  std::int64_t conn_limit = 16384;
  Duration server_read_timeout = std::chrono::seconds(30), server_write_timeout = std::chrono::seconds(30),
           server_idle_timeout = std::chrono::seconds(120);
  std::int64_t max_body_bytes = std::int64_t{64} << 20;
  std::int64_t max_concurrent_requests = 0;
  std::optional<Tls> tls;
  std::optional<BasicAuth> basic_auth;
  std::optional<Http2> http2;
  bool operator==(const HttpServer&) const = default;
};

// Read, for configurations that have it. Nothing listens there.
struct Grpc {
  syntax::Ignored rest;
  std::optional<Tls> tls;
  bool operator==(const Grpc&) const = default;
};

struct Arguments {
  std::vector<pipeline::ReceiverPtr> forward_to;
  HttpServer http;
  std::optional<Grpc> grpc;
  Duration graceful_shutdown_timeout = std::chrono::seconds(30);
  Duration debug_info_upload_timeout = std::chrono::minutes(2);
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();
// Of what is written and means nothing here, each a sentence.
std::vector<std::string> warnings(const Arguments& arguments);
http::ServerOptions server_options(const HttpServer& arguments);

}  // namespace invar::components::pyroscope_receive_http
