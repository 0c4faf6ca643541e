// Which proxy a request takes: fixed, from the environment, or none; and the no_proxy rules.
// Pure after construction: the environment is read once. Names are compared as written in the URL, nothing is looked up.
// Spec: http-client.md 7.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"

namespace invar::http {

class NoProxy {
 public:
  explicit NoProxy(std::string_view rules);
  // True when a request to host:port goes direct. Loopback is not special here.
  [[nodiscard]] bool matches(std::string_view host, std::string_view port) const;

 private:
  using Ip = std::array<std::uint8_t, 16>;  // IPv4 in its mapped form
  struct Range {
    Ip address;
    int prefix_bits;
    bool v4;
  };
  struct Address {
    Ip address;
    std::string port;
  };
  struct Domain {
    std::string suffix;  // with its leading dot
    std::string port;
    bool whole_name;  // also the domain itself
  };
  bool everything_ = false;
  std::vector<Range> ranges_;
  std::vector<Address> addresses_;
  std::vector<Domain> domains_;
};

bool is_loopback_host(std::string_view host);  // localhost and loopback addresses

// A proxy in the form the engine needs it.
struct ProxyRoute {
  std::string scheme;     // http, https, socks5h
  std::string host_port;  // with the port
  std::string user, password;
  bool has_credentials = false;
  std::vector<std::pair<std::string, std::string>> connect_headers;
};

class ProxyChooser {
 public:
  using Environment = std::function<std::string(const char* name)>;  // "" = unset
  static Result<ProxyChooser> create(const ProxyConfig& config, const Environment& environment);

  // Null: direct. Errors: a proxy variable that must not be used.
  [[nodiscard]] Result<std::shared_ptr<const ProxyRoute>> choose(const Url& url) const;

 private:
  std::shared_ptr<const ProxyRoute> for_http_, for_https_;
  std::optional<NoProxy> no_proxy_;
  bool refuse_http_ = false;
};

ProxyChooser::Environment process_environment();

}  // namespace invar::http
