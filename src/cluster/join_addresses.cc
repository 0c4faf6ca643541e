#include "cluster/join_addresses.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "cluster/messages.h"

namespace invar::cluster {
namespace {

struct Entry {
  std::string prefix;  // with its plus sign
  std::string host;    // without brackets
  std::string port;
};

Entry parse_entry(std::string_view text, std::uint16_t default_port) {
  Entry entry;
  for (const std::string_view prefix : {"dns+", "dnssrv+", "dnssrvnoa+"}) {
    if (!text.starts_with(prefix)) continue;
    entry.prefix = prefix;
    text.remove_prefix(prefix.size());
  }
  entry.port = std::to_string(default_port);
  const auto colon = text.rfind(':');
  const bool bare_ipv6 = text.find(':') != colon && !text.starts_with('[');
  if (colon != std::string_view::npos && !bare_ipv6 && !text.ends_with(']')) {
    entry.port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  entry.host = text;
  return entry;
}

std::string with_port(const std::string& host, const std::string& port) {
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

Result<std::vector<std::string>> hosts_of(const Entry& entry, const Lookup& lookup) {
  if (entry.prefix == "dns+") return lookup.addresses(entry.host);
  if (!entry.prefix.empty()) return lookup.services(entry.host);
  if (parse_address(with_port(entry.host, "1"))) return std::vector{entry.host};
  auto addresses = lookup.addresses(entry.host);
  if (addresses && !addresses->empty()) return addresses;
  auto services = lookup.services(entry.host);
  return services && !services->empty() ? services : addresses;
}

Result<std::vector<std::string>> look_up_addresses(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (status != 0) return fail(ErrorCode::kNotFound, "lookup " + name + ": " + gai_strerror(status));
  std::vector<std::string> out;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      out.emplace_back(text.data());
  }
  freeaddrinfo(found);
  return out;
}

Result<std::vector<std::string>> look_up_services(const std::string& name) {
  struct __res_state resolver{};
  if (res_ninit(&resolver) != 0) return fail(ErrorCode::kUnavailable, "lookup " + name + ": no resolver");
  std::vector<unsigned char> answer(NS_MAXMSG);
  const int size =
      res_nsearch(&resolver, name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  const int why = resolver.res_h_errno;
  res_nclose(&resolver);
  if (size < 0) return fail(ErrorCode::kNotFound, "lookup " + name + " as a service: " + hstrerror(why));
  std::vector<std::string> out;
  ns_msg message;
  if (ns_initparse(answer.data(), std::min(size, NS_MAXMSG), &message) != 0)
    return fail(ErrorCode::kDataLoss, "lookup " + name + ": damaged answer");
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    constexpr int kPriorityWeightPort = 6;
    ns_rr record;
    std::array<char, NS_MAXDNAME> target{};
    if (ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_srv) continue;
    if (ns_rr_rdlen(record) <= kPriorityWeightPort ||
        dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record) + kPriorityWeightPort,
                  target.data(), target.size()) < 0)
      continue;
    out.emplace_back(target.data());
  }
  return out;
}

}  // namespace

Lookup system_lookup() {
  return {look_up_addresses, look_up_services};
}

Result<JoinAddresses> resolve_join_addresses_blocking(const std::vector<std::string>& entries,
                                                      std::uint16_t default_port, const Lookup& lookup) {
  JoinAddresses out;
  for (const std::string& text : entries) {
    const Entry entry = parse_entry(text, default_port);
    const auto hosts = hosts_of(entry, lookup);
    if (!hosts || hosts->empty()) {
      out.failures.push_back(hosts ? "lookup " + entry.host + ": no records" : hosts.error().message);
      continue;
    }
    for (const std::string& host : *hosts) {
      std::string address = with_port(host, entry.port);
      if (std::ranges::find(out.addresses, address) == out.addresses.end())
        out.addresses.push_back(std::move(address));
    }
  }
  if (out.addresses.empty() && !entries.empty()) {
    return fail(ErrorCode::kNotFound, "static peer discovery: failed to find any valid join addresses: " +
                                          join(out.failures, "; "));
  }
  return out;
}

std::vector<std::string> choose(std::vector<std::string> addresses, std::size_t at_most,
                                const std::function<std::uint64_t()>& random) {
  if (at_most == 0 || addresses.size() <= at_most) return addresses;
  for (std::size_t i = 0; i < at_most; ++i)
    std::swap(addresses[i], addresses[i + random() % (addresses.size() - i)]);
  addresses.resize(at_most);
  return addresses;
}

}  // namespace invar::cluster
