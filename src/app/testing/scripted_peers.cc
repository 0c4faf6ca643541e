#include "app/testing/scripted_peers.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/testing/case_script.h"
#include "app/testing/profile_text.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "codec/wire.h"
#include "labels/labels.h"

namespace invar::app::testing {
namespace {

using codec::wire::Field;
using codec::wire::Reader;
using http::testing::Answer;

Label read_label(std::string_view message) {
  Label label;
  Reader reader(message);
  for (Field field; reader.next(field);) (field.number == 1 ? label.name : label.value) = field.bytes;
  return label;
}

// One line for each profile of a push.v1.PushRequest.
void read_push(std::string_view message, std::vector<std::string>& out) {
  Reader request(message);
  for (Field series; request.next(series);) {
    std::vector<Label> labels;
    std::vector<std::string_view> profiles;
    Reader parts(series.bytes);
    for (Field part; parts.next(part);) {
      if (part.number == 1) labels.push_back(read_label(part.bytes));
      Reader sample(part.number == 2 ? part.bytes : std::string_view());
      for (Field field; sample.next(field);)
        if (field.number == 1) profiles.push_back(field.bytes);
    }
    for (const std::string_view profile : profiles)
      out.push_back(Labels::from(labels).to_string() + " " + profile_totals(profile));
  }
}

std::string query_name(const http::Url& url) {
  for (const std::string_view pair : split(url.query, '&'))
    if (pair.starts_with("name=")) return std::string(pair.substr(5));
  return "";
}

bool is_header(const std::string& word) {
  const auto colon = word.find(':');
  return colon != std::string::npos && colon > 0 && word.find('/') > colon && word.find('"') > colon;
}

}  // namespace

std::vector<std::string> grouped(std::vector<std::string> lines) {
  std::ranges::sort(lines);
  std::vector<std::string> out;
  for (auto at = lines.begin(); at != lines.end();) {
    const auto end = std::find_if(at, lines.end(), [&](const auto& line) { return line != *at; });
    out.push_back(end - at == 1 ? *at : fmt::format("{} x {}", end - at, *at));
    at = end;
  }
  return out;
}

std::string push_message(const std::vector<std::pair<std::string, std::string>>& labels,
                         std::string_view profile) {
  std::string series;
  for (const auto& [name, value] : labels) {
    std::string label;
    codec::wire::append_field(label, 1, name);
    codec::wire::append_field(label, 2, value);
    codec::wire::append_field(series, 1, label);
  }
  std::string sample;
  codec::wire::append_field(sample, 1, profile);
  codec::wire::append_field(series, 2, sample);
  std::string request;
  codec::wire::append_field(request, 1, series);
  return request;
}

Result<> ScriptedPeers::set(const std::string& place, const std::vector<std::string>& steps) {
  Peer peer;
  for (const std::string& line : steps) {
    const auto [times, step] = counted(line);
    peer.steps.insert(peer.steps.end(), static_cast<std::size_t>(times), step);
  }
  if (peer.steps.empty()) return fail(ErrorCode::kInvalidArgument, "no step for " + place);
  peers_[place] = std::move(peer);
  return {};
}

std::optional<Answer> ScriptedPeers::answer(const http::Request& request) {
  const auto url = http::parse_url(request.url);
  if (!url) return http::testing::failure(http::FailureKind::kOther, url.error().message);
  const std::string host = url->host_port();
  asked_[host].push_back(request.method + " " + url->path + (url->query.empty() ? "" : "?" + url->query));
  auto peer = peers_.find(host + url->path);
  if (peer == peers_.end()) peer = peers_.find(host);
  if (peer == peers_.end())
    return http::testing::failure(http::FailureKind::kResolve, "no such host: " + url->host);
  const std::string step = peer->second.steps[peer->second.next];
  if (peer->second.next + 1 < peer->second.steps.size()) ++peer->second.next;
  auto made = answer_of(step, *url);
  if (made && *made && (*made)->status == 200 && request.method == "POST") note_arrival(request, *url);
  return made;
}

std::optional<Answer> ScriptedPeers::answer_of(const std::string& step, const http::Url& url) {
  if (step == "hang") return std::nullopt;
  if (step == "takes") return http::testing::answer(200, "application/proto", "");
  if (step == "refused")
    return http::testing::failure(http::FailureKind::kConnect, "connection refused by " + url.host_port());
  std::vector<std::string> words;
  for (const std::string_view word : split(step, ' ')) words.emplace_back(word);
  if (is_profile_word(words.front())) {
    auto profile = make_profile(words, loop_.unix_ns());
    if (!profile)
      return http::testing::failure(http::FailureKind::kOther, "case: " + profile.error().message);
    return http::testing::answer(200, "application/octet-stream", std::move(*profile));
  }
  const auto status = parse_uint(words.front());
  if (!status) return http::testing::failure(http::FailureKind::kOther, "case: what is \"" + step + "\"?");
  http::Headers headers;
  std::size_t at = 1;
  for (; at < words.size() && is_header(words[at]); ++at) {
    const auto colon = words[at].find(':');
    headers.add(words[at].substr(0, colon), words[at].substr(colon + 1));
  }
  std::string type = at < words.size() ? words[at++] : "";
  const std::string body = join({words.begin() + static_cast<std::ptrdiff_t>(at), words.end()}, " ");
  return http::testing::answer(static_cast<int>(*status), std::move(type), body, std::move(headers));
}

void ScriptedPeers::note_arrival(const http::Request& request, const http::Url& url) {
  auto& arrived = arrived_[url.host_port()];
  std::string body = http::testing::body_of(request);
  if (url.path.ends_with("/ingest")) {
    arrived.push_back("ingest " + query_name(url) + " " + profile_totals(body));
    return;
  }
  if (std::string raw; codec::is_gzip(body) && codec::Inflater().gunzip(body, std::uint64_t{1} << 30, raw))
    body = std::move(raw);
  read_push(body, arrived);
}

std::vector<std::string> ScriptedPeers::take_arrived(const std::string& host_port) {
  return grouped(std::exchange(arrived_[host_port], {}));
}

std::vector<std::string> ScriptedPeers::take_asked(const std::string& host_port) {
  return grouped(std::exchange(asked_[host_port], {}));
}

}  // namespace invar::app::testing
