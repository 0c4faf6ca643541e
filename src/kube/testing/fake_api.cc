#include "kube/testing/fake_api.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"
#include "kube/testing/encode.h"

namespace invar::kube::testing {
namespace {

constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";

// The value of a query parameter, "" without it.
std::string parameter(const std::string& url, const std::string& name) {
  auto at = url.find("?" + name + "=");
  if (at == std::string::npos) at = url.find("&" + name + "=");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 2;
  return url.substr(begin, url.find('&', begin) - begin);
}

Resource resource_of(const Object& object) {
  static constexpr std::array kByIndex = {
      Resource::kPods,      Resource::kServices, Resource::kEndpoints, Resource::kEndpointSlices,
      Resource::kIngresses, Resource::kNodes,    Resource::kNamespaces};
  return kByIndex[object.index()];
}

http::testing::Answer protobuf(int status, std::string body) {
  return http::testing::answer(status, kProtobuf, std::move(body));
}

}  // namespace

FakeApi::FakeApi(http::testing::FakeTransport& transport) : transport_(transport) {
  transport.set_handler([this](const http::Request& request) { return answer(request); });
}

std::optional<http::testing::Answer> FakeApi::answer(const http::Request& request) {
  for (const auto& refusal : refused_) {
    if (request.url.find(refusal.path_part) != std::string::npos) {
      return protobuf(refusal.status, status(refusal.status, "Refused", refusal.message));
    }
  }
  const std::string path = request.url.substr(0, request.url.find('?'));
  const std::string plural = path.substr(path.rfind('/') + 1);
  std::string space;
  if (const auto at = path.find("/namespaces/"); at != std::string::npos) {
    space = path.substr(at + 12, path.rfind('/') - at - 12);
  }
  for (int i = 0; i < 7; ++i) {
    const auto resource = static_cast<Resource>(i);
    if (name_of(resource).plural != plural) continue;
    if (parameter(request.url, "watch").empty()) return answer_list(resource, space, request);
    begin_watch(resource, space, request);
    return std::nullopt;
  }
  return protobuf(404, status(404, "NotFound", "no such resource"));
}

http::testing::Answer FakeApi::answer_list(Resource resource, const std::string& space,
                                           const http::Request& request) {
  ++lists_;
  std::vector<Object> all;
  for (const auto& [key, object] : objects_[resource]) {
    if (space.empty() || meta_of(object).space == space) all.push_back(object);
  }
  const std::size_t from = parse_uint(parameter(request.url, "continue")).value_or(0);
  const std::size_t to = std::min(all.size(), from + page_);
  const std::vector<Object> page(all.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)),
                                 all.begin() + static_cast<std::ptrdiff_t>(to));
  return protobuf(200, list(page, std::to_string(version_), to < all.size() ? std::to_string(to) : ""));
}

void FakeApi::begin_watch(Resource resource, const std::string& space, const http::Request& request) {
  ++watches_;
  const auto exchange = transport_.exchanges().back();
  const std::uint64_t from = parse_uint(parameter(request.url, "resourceVersion")).value_or(0);
  exchange->send_part("", 200, {{"Content-Type", kProtobuf}});
  if (from < oldest_) {
    exchange->send_part(error_event(410, "too old resource version"));
    exchange->respond(protobuf(200, ""));
    return;
  }
  for (const auto& change : history_) {
    const bool wanted =
        change.version > from && change.resource == resource && (space.empty() || change.space == space);
    if (wanted) exchange->send_part(change.frame);
  }
  open_.push_back({exchange, resource, space});
}

void FakeApi::put(Object object) {
  auto& meta = std::visit([](auto& o) -> Meta& { return o.meta; }, object);
  meta.version = std::to_string(++version_);
  const Resource resource = resource_of(object);
  auto& objects = objects_[resource];
  const std::string key = key_of(meta);
  const char* type = objects.contains(key) ? "MODIFIED" : "ADDED";
  const std::string space(meta.space);
  const std::string frame = event(type, object);
  objects.insert_or_assign(key, std::move(object));
  publish({version_, resource, space, frame});
}

void FakeApi::remove(Resource resource, const std::string& key) {
  const auto found = objects_[resource].find(key);
  INVAR_CHECK(found != objects_[resource].end(), "nothing to remove");
  Object object = std::move(found->second);
  objects_[resource].erase(found);
  auto& meta = std::visit([](auto& o) -> Meta& { return o.meta; }, object);
  meta.version = std::to_string(++version_);
  publish({version_, resource, std::string(meta.space), event("DELETED", object)});
}

void FakeApi::publish(Change change) {
  std::erase_if(open_, [](const Open& open) { return !open.exchange->open(); });
  for (const auto& open : open_) {
    if (open.resource == change.resource && (open.space.empty() || open.space == change.space)) {
      open.exchange->send_part(change.frame);
    }
  }
  history_.push_back(std::move(change));
}

void FakeApi::bookmark() {
  std::erase_if(open_, [](const Open& open) { return !open.exchange->open(); });
  for (const auto& open : open_) open.exchange->send_part(testing::bookmark(std::to_string(version_)));
}

void FakeApi::close(const http::testing::Answer& end) {
  for (const auto& open : std::exchange(open_, {})) {
    if (open.exchange->open()) open.exchange->respond(end);
  }
}

void FakeApi::cut() {
  close(http::testing::failure(http::FailureKind::kProtocol, "connection reset"));
}

void FakeApi::finish() {
  close(protobuf(200, ""));
}

void FakeApi::forget() {
  oldest_ = ++version_;
  history_.clear();
}

void FakeApi::refuse(std::string path_part, int status, std::string message) {
  refused_.push_back({std::move(path_part), status, std::move(message)});
}

}  // namespace invar::kube::testing
