#include "moby/client.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/build_info.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "component/json_fields.h"
#include "http/answer_body.h"
#include "json/writer.h"

namespace invar::moby {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kOldest = 40, kNewest = 44;  // of API 1.x: what this code was written for

}  // namespace

Client::Client(std::unique_ptr<http::Client> client, Host host, Duration timeout)
    : client_(std::move(client)), host_(std::move(host)), timeout_(timeout) {}

http::Request Client::request(const std::string& path) const {
  http::Request request;
  request.url = host_.base_url + version_ + path;
  request.unix_socket = host_.unix_socket;
  request.timeout = timeout_;
  request.max_body_bytes = kMostBytes;
  request.headers = {{"User-Agent", user_agent()}};
  return request;
}

void Client::get(std::vector<std::string> paths, Done done) {
  paths_ = std::move(paths);
  bodies_.clear();
  done_ = std::move(done);
  if (!version_.empty()) return next();
  call_ = client_->send(request("/_ping"), alive_.bind([this](Answer answer) { agree(std::move(answer)); }));
}

void Client::agree(Answer answer) {
  if (!answer || answer->status != 200) return finish(std::unexpected(trouble("/_ping", answer)));
  const std::string_view told = answer->headers.get("Api-Version");
  const auto minor = told.starts_with("1.") ? parse_uint(told.substr(2)) : std::nullopt;
  if (!minor || *minor < kOldest)
    return finish(fail(ErrorCode::kUnsupported, host_.shown + " speaks API version " + quote(told) + ", 1." +
                                                    std::to_string(kOldest) + " or newer is needed"));
  version_ = "/v1." + std::to_string(std::min(*minor, kNewest));
  next();
}

void Client::finish(Result<Bodies> result) {
  auto done = std::move(done_);  // it may ask again at once
  done(std::move(result));
}

void Client::next() {
  if (bodies_.size() == paths_.size()) return finish(std::move(bodies_));
  call_ = client_->send(request(paths_[bodies_.size()]),
                        alive_.bind([this](Answer answer) { received(std::move(answer)); }));
}

void Client::received(Answer answer) {
  const std::string& asked = paths_[bodies_.size()];
  const std::string path = asked.substr(0, asked.find('?'));
  const Result<> plain = answer ? http::unpack(*answer) : Result<>();
  if (!answer || answer->status != 200) {
    version_.clear();  // it may be another daemon soon
    return finish(std::unexpected(trouble(path, answer)));
  }
  if (!plain) return finish(std::unexpected(plain.error().wrapped(host_.shown + path)));
  bodies_.push_back(std::move(answer->body));
  next();
}

Error Client::trouble(const std::string& what, const Answer& answer) const {
  if (!answer) return {ErrorCode::kUnavailable, host_.shown + ": " + answer.error().message};
  const auto body = component::parse_answer(answer->body);
  const std::string said = body ? component::text_field(*body, "message") : std::string();
  return {ErrorCode::kUnavailable,
          host_.shown + what + " answers " + answer->status_line +
              (said.empty() ? http::what_it_says(*answer) : ": " + shown_text(said))};
}

std::string filter_query(const std::vector<Filter>& filters) {
  std::map<std::string, std::vector<std::string>> by_name;
  for (const Filter& filter : filters) {
    auto& values = by_name[filter.name];
    values.insert(values.end(), filter.values.begin(), filter.values.end());
  }
  std::string text;
  json::Writer out(text);
  out.begin_object();
  for (const auto& [name, values] : by_name) out.key(name).list(values);
  out.end_object();
  return "filters=" + http::query_escape(text);
}

}  // namespace invar::moby
