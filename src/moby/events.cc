#include "moby/events.h"

#include <utility>

#include "component/json_fields.h"

namespace invar::moby {
namespace {

constexpr Duration kAgain = std::chrono::seconds(1);          // of a stream that worked
constexpr Duration kAgainUnknown = std::chrono::seconds(30);  // there may be none
// A container that starts makes several events.
constexpr Duration kSettle = std::chrono::milliseconds(100);
constexpr std::size_t kMostLine = std::size_t{1} << 20;

}  // namespace

bool matters(std::string_view event) {
  const auto parsed = component::parse_answer(event);
  if (!parsed) return true;
  const std::string type = component::text_field(*parsed, "Type");
  if (type != "container" && type != "network" && type != "service" && type != "node") return false;
  const std::string action = component::text_field(*parsed, "Action");
  for (const std::string_view noise : {"exec_", "health_status", "top", "attach", "resize", "export",
                                       "archive-path", "extract-to-dir", "copy", "kill", "exec"})
    if (action.starts_with(noise)) return false;
  return true;
}

Events::Events(async::Loop& loop, Client& client, std::function<void()> on_change)
    : client_(client), on_change_(std::move(on_change)), again_(loop), settle_(loop) {}

void Events::start() {
  http::Request request = client_.request("/events");
  request.timeout = http::kNoTimeout;
  request.on_head = alive_.bind([this](const http::Response&) {
    problem_.clear();
    changed();
  });
  request.on_body = alive_.bind([this](std::string_view part) { read(part); });
  line_.clear();
  call_ =
      client_.http().send(std::move(request), alive_.bind([this](auto answer) { ended(std::move(answer)); }));
}

void Events::read(std::string_view part) {
  line_ += part;
  std::size_t begin = 0;
  bool change = false;
  for (std::size_t end; (end = line_.find('\n', begin)) != std::string::npos; begin = end + 1)
    change = change || matters(std::string_view(line_).substr(begin, end - begin));
  line_.erase(0, begin);
  if (line_.size() > kMostLine) line_.clear();
  if (change) changed();
}

void Events::ended(std::expected<http::Response, http::Failure> answer) {
  const bool worked = problem_.empty();
  problem_ = !answer                 ? answer.error().message
             : answer->status != 200 ? "/events answers " + answer->status_line
                                     : "the stream of events ended";
  again_.arm_after(worked ? kAgain : kAgainUnknown, [this] { start(); });
}

void Events::changed() {
  if (!settle_.armed()) settle_.arm_after(kSettle, [this] { on_change_(); });
}

std::string Events::state() const {
  return problem_.empty() ? "told by the daemon" : "found at the interval: " + problem_;
}

}  // namespace invar::moby
