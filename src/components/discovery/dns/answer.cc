#include "components/discovery/dns/answer.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <memory>
#include <tuple>

namespace invar::components::discovery_dns {
namespace {

// What the library returns, as text, freed.
struct DataDeleter {
  void operator()(void* data) const { ares_free_data(data); }
};
struct HostDeleter {
  void operator()(hostent* host) const { ares_free_hostent(host); }
};

constexpr int kMostAddresses = 4096;

std::unexpected<Error> malformed(int status) {
  return fail(ErrorCode::kInvalidArgument, std::string("malformed answer: ") + ares_strerror(status));
}

bool is_root(const char* name) {
  return *name == '\0' || (name[0] == '.' && name[1] == '\0');
}

std::string address_text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text;
  return inet_ntop(family, address, text.data(), text.size()) != nullptr ? text.data() : "";
}

int read_a(std::span<const unsigned char> message, std::vector<Record>& out) {
  std::vector<ares_addrttl> addresses(kMostAddresses);
  int count = kMostAddresses;
  const int status =
      ares_parse_a_reply(message.data(), static_cast<int>(message.size()), nullptr, addresses.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
    out.push_back({address_text(AF_INET, &addresses[static_cast<std::size_t>(i)].ipaddr), ""});
  return status;
}

int read_aaaa(std::span<const unsigned char> message, std::vector<Record>& out) {
  std::vector<ares_addr6ttl> addresses(kMostAddresses);
  int count = kMostAddresses;
  const int status = ares_parse_aaaa_reply(message.data(), static_cast<int>(message.size()), nullptr,
                                           addresses.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
    out.push_back({address_text(AF_INET6, &addresses[static_cast<std::size_t>(i)].ip6addr), ""});
  return status;
}

int read_srv(std::span<const unsigned char> message, std::vector<Record>& out) {
  ares_srv_reply* list = nullptr;
  const int status = ares_parse_srv_reply(message.data(), static_cast<int>(message.size()), &list);
  const std::unique_ptr<ares_srv_reply, DataDeleter> owner(list);
  for (; list != nullptr; list = list->next)
    if (!is_root(list->host)) out.push_back({list->host, std::to_string(list->port)});
  return status;
}

int read_mx(std::span<const unsigned char> message, std::vector<Record>& out) {
  ares_mx_reply* list = nullptr;
  const int status = ares_parse_mx_reply(message.data(), static_cast<int>(message.size()), &list);
  const std::unique_ptr<ares_mx_reply, DataDeleter> owner(list);
  for (; list != nullptr; list = list->next)
    if (!is_root(list->host)) out.push_back({list->host, ""});
  return status;
}

int read_ns(std::span<const unsigned char> message, std::vector<Record>& out) {
  hostent* host = nullptr;
  const int status = ares_parse_ns_reply(message.data(), static_cast<int>(message.size()), &host);
  const std::unique_ptr<hostent, HostDeleter> owner(host);
  for (char** name = host != nullptr ? host->h_aliases : nullptr; name != nullptr && *name != nullptr; ++name)
    out.push_back({*name, ""});
  return status;
}

int read_records(std::span<const unsigned char> message, RecordType type, std::vector<Record>& out) {
  switch (type) {
    case RecordType::kA:
      return read_a(message, out);
    case RecordType::kAaaa:
      return read_aaaa(message, out);
    case RecordType::kMx:
      return read_mx(message, out);
    case RecordType::kNs:
      return read_ns(message, out);
    case RecordType::kSrv:
      break;
  }
  return read_srv(message, out);
}

}  // namespace

Result<std::vector<Record>> read_answer(std::span<const unsigned char> message, RecordType type) {
  std::vector<Record> records;
  const int status = read_records(message, type, records);
  if (status != ARES_SUCCESS && status != ARES_ENODATA) return malformed(status);
  for (Record& record : records)
    if (record.host.ends_with('.')) record.host.pop_back();
  std::ranges::sort(records, {}, [](const Record& r) { return std::tie(r.host, r.port); });
  return records;
}

}  // namespace invar::components::discovery_dns
