#include "webapi/replays.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "component/receiver.h"
#include "json/reader.h"
#include "json/writer.h"
#include "webapi/delivery_routes.h"
#include "webapi/profile_choice.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

// What the component exports to take profiles; null: it takes none.
pipeline::ReceiverPtr receiver_of(const component::ComponentDirectory& components, const std::string& id) {
  const auto running = components.running(id);
  if (!running || running->exports == nullptr || running->exports->empty()) return nullptr;
  if (running->exports->schema() != &component::receiver_exports_schema()) return nullptr;
  return running->exports->as<component::ReceiverExports>().receiver;
}

}  // namespace

struct Replays::Wish {
  std::string archive, to, expression, from, until;
};

struct Replays::Replay {
  explicit Replay(async::Loop& loop) : timer(loop) {}
  std::string id, archive, folder, to, state = "running", text;
  std::vector<std::string> names;  // oldest first, once they are known
  std::size_t next = 0, under_way = 0;
  std::optional<std::uint64_t> total;
  std::uint64_t sent = 0, failed = 0;
  UnixNanos started_unix_ns = 0, ended_unix_ns = 0;
  async::Timer timer;
  [[nodiscard]] bool running() const { return ended_unix_ns == 0; }
};

Replays::Replays(const ApiHost& host, const Replies& replies) : host_(host), replies_(replies) {}

Replays::~Replays() = default;

void Replays::add_to(Routes& routes) {
  routes.get_and_post("replays", [this](const auto& request, const auto& responder) {
    if (request.method == "POST") return begin(request, responder);
    replies_.send(request, responder, list_json());
  });
  routes.any_below("replays/", {"GET", "HEAD", "DELETE"},
                   [this](const auto& request, const auto& responder, std::string_view tail) {
                     one(request, responder, tail);
                   });
}

void Replays::begin(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  const auto refuse = [&](ApiError error) { responder->send(error_response(error)); };
  Wish wish;
  json::Reader in(request.body, {.strict_text = true});
  std::string name;
  bool has_archive = false, has_to = false;
  if (in.enter(json::Kind::kObject)) {
    while (in.next_member(name)) {
      std::string* const member = name == "archive" ? &wish.archive
                                  : name == "to"    ? &wish.to
                                  : name == "q"     ? &wish.expression
                                  : name == "from"  ? &wish.from
                                  : name == "until" ? &wish.until
                                                    : nullptr;
      if (member == nullptr) return refuse(bad_request(name, "there is no member " + quote(name)));
      if (!in.read(*member)) return refuse(bad_request(name, in.error().message));
      has_archive = has_archive || name == "archive";
      has_to = has_to || name == "to";
    }
  }
  if (in.failed() || !in.end()) return refuse(bad_request("", in.error().message));
  if (!has_archive || !has_to)
    return refuse(bad_request(has_archive ? "to" : "archive", "archive and to are needed"));
  // Times and expression as in a query.
  const UnixNanos now = host_.loop->unix_ns();
  ProfileChoice choice{
      .id = {}, .expression = wish.expression, .type = {}, .selector = {}, .from = 0, .to = now};
  if (!wish.expression.empty()) {
    auto selector = Selector::parse(wish.expression);
    if (!selector) return refuse(bad_request("q", selector.error().message));
    choice.selector = std::move(*selector);
  }
  for (const auto& [field, text, time] :
       {std::tuple("from", &wish.from, &choice.from), std::tuple("until", &wish.until, &choice.to)}) {
    if (text->empty()) continue;
    const auto parsed = time_named(*text, now);
    if (!parsed) return refuse(bad_request(field, fmt::format("{} is no time: {}", field, quote(*text))));
    *time = *parsed;
  }
  const auto outlets = outlets_of(*host_.components);
  const auto archive = std::ranges::find_if(outlets, [&](const NamedOutlet& outlet) {
    return outlet.view.is_archive && outlet.component == wish.archive;
  });
  if (archive == outlets.end()) return refuse(not_found("there is no archive " + quote(wish.archive)));
  if (!receiver_of(*host_.components, wish.to))
    return refuse(not_found(quote(wish.to) + " is no component that takes profiles"));
  if (wish.to == wish.archive) return refuse(bad_request("to", "an archive cannot be replayed into itself"));
  const auto running =
      std::ranges::count_if(replays_, [](const ReplayPtr& replay) { return replay->running(); });
  if (static_cast<std::size_t>(running) >= kMostRunning)
    return refuse(
        {.status = 409, .code = "busy", .text = "two replays run already", .hint = "Stop one, or wait."});
  auto replay = std::make_shared<Replay>(*host_.loop);
  replay->id = fmt::format("{}", ++last_id_);
  replay->archive = wish.archive;
  replay->folder = archive->view.url;
  replay->to = wish.to;
  replay->started_unix_ns = now;
  replays_.push_front(replay);
  if (replays_.size() > kMostKept) {
    const auto oldest = std::find_if(replays_.rbegin(), replays_.rend(),
                                     [](const ReplayPtr& each) { return !each->running(); });
    replays_.erase(std::next(oldest).base());
  }
  host_.disk_pool->run(
      [files = host_.files, folder = replay->folder, choice = std::move(choice)] {
        return archived_names(*files, folder, choice);
      },
      alive_.bind([this, replay](std::vector<std::string> names) { found(replay, std::move(names)); }));
  replies_.send(request, responder, replay_json(*replay), 201);
}

void Replays::found(const ReplayPtr& replay, std::vector<std::string> names) {
  replay->names = std::move(names);
  replay->total = replay->names.size();
  pump(replay);
}

std::uint64_t Replays::waiting(const Replay& replay) const {
  const auto running = host_.components->running(replay.to);
  if (!running || running->component == nullptr) return 0;
  std::uint64_t out = 0;
  for (const auto& outlet : running->component->outlets()) out = std::max(out, outlet.queued);
  return out;
}

void Replays::pump(const ReplayPtr& replay) {
  if (!replay->running()) return;
  if (replay->next == replay->names.size()) {
    if (replay->under_way == 0) ended(replay, "done", fmt::format("{} profiles were sent", replay->sent));
    return;
  }
  if (waiting(*replay) > kMuchWaiting) {
    replay->text = "waits for the queues of " + replay->to;
    if (!replay->timer.armed())
      replay->timer.arm_after(kLookAgain, alive_.bind([this, weak = std::weak_ptr(replay)] {
        if (const auto waiting = weak.lock()) pump(waiting);
      }));
    return;
  }
  replay->text.clear();
  while (replay->under_way < kAtOnce && replay->next < replay->names.size()) {
    ++replay->under_way;
    host_.disk_pool->run(
        [files = host_.files, folder = replay->folder, name = replay->names[replay->next++]] {
          return archived_profile(*files, folder, name);
        },
        alive_.bind([this, replay](Result<pipeline::ProfilePtr> profile) {
          if (profile && replay->running()) return offer(replay, *profile);
          --replay->under_way;
          replay->failed += profile ? 0 : 1;
          pump(replay);
        }));
  }
}

void Replays::offer(const ReplayPtr& replay, const pipeline::ProfilePtr& profile) {
  const auto receiver = receiver_of(*host_.components, replay->to);
  if (!receiver) {
    --replay->under_way;
    return ended(replay, "failed", replay->to + " is gone");
  }
  receiver->accept_kept(profile, alive_.bind([this, replay](const pipeline::Answer& answer) {
    --replay->under_way;
    if (answer.held()) {
      ++replay->sent;
    } else {
      ++replay->failed;
      if (!answer.permanent) return ended(replay, "failed", answer.reason);
    }
    // Not from within: a long row of answers at once would be a deep one.
    host_.loop->post(alive_.bind([this, replay] { pump(replay); }));
  }));
}

void Replays::ended(const ReplayPtr& replay, std::string_view state, std::string text) {
  if (!replay->running()) return;
  replay->state = state;
  replay->text = std::move(text);
  replay->ended_unix_ns = host_.loop->unix_ns();
  replay->timer.cancel();
  replay->names = {};
}

void Replays::one(const http::ServerRequest& request, const http::ResponderPtr& responder,
                  std::string_view id) {
  const auto replay = std::ranges::find_if(replays_, [&](const ReplayPtr& each) { return each->id == id; });
  if (replay == replays_.end())
    return replies_.send(request, responder,
                         std::unexpected(not_found("there is no such replay, or no longer")));
  if (request.method == "DELETE")
    ended(*replay, "stopped", fmt::format("stopped after {} profiles", (*replay)->sent));
  replies_.send(request, responder, replay_json(**replay));
}

void Replays::write(json::Writer& out, const Replay& replay) const {
  out.field("id", replay.id)
      .field("archive", replay.archive)
      .field("to", replay.to)
      .field("state", replay.state);
  out.field("sent", replay.sent).field("failed", replay.failed);
  replay.total ? out.field("total", *replay.total) : out.key("total").null();
  out.field("started", to_ms(replay.started_unix_ns));
  write_time(out, "ended", replay.ended_unix_ns);
  out.field("text", replay.text);
}

std::string Replays::replay_json(const Replay& replay) const {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  write(out, replay);
  out.end_object();
  return text;
}

std::string Replays::list_json() const {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("replays").begin_array();
  for (const ReplayPtr& replay : replays_) {
    out.begin_object();
    write(out, *replay);
    out.end_object();
  }
  out.end_array().end_object();
  return text;
}

}  // namespace invar::webapi
