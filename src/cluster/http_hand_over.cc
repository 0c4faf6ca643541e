#include "cluster/http_hand_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace invar::cluster {
namespace {

constexpr std::string_view kStateType = "application/x.invar-state";
constexpr Duration kStateTimeout = std::chrono::seconds(5);
constexpr Duration kMostOnItsWay = std::chrono::seconds(2);
constexpr Duration kLookForDrained = std::chrono::milliseconds(50);

}  // namespace

struct HttpHandOver::Counters {
  explicit Counters(metrics::Scope& scope)
      : given(scope.counter("cluster_hand_over_given_total", "Pieces of work given to other nodes.")),
        given_bytes(scope.counter("cluster_hand_over_given_bytes_total", "Bytes of their state, packed.")),
        taken(scope.counter("cluster_hand_over_taken_total", "Pieces of work taken from other nodes.")),
        taken_bytes(scope.counter("cluster_hand_over_taken_bytes_total", "Bytes of their state, packed.")),
        failed(scope.counter("cluster_hand_over_failed_requests_total",
                             "Requests for state that another node did not answer.")) {}
  metrics::Counter &given, &given_bytes, &taken, &taken_bytes, &failed;
};

struct HttpHandOver::Taking {
  std::string component;
  std::vector<std::string> keys;
  Pieces pieces;
  async::Task done;
  std::size_t nodes = 0;  // that have not said all
};

HttpHandOver::HttpHandOver(async::Loop& loop, async::WorkerPool& pool, const component::Cluster& cluster,
                           Config config, metrics::Scope& metrics)
    : loop_(loop),
      pool_(pool),
      cluster_(cluster),
      config_(std::move(config)),
      counters_(std::make_unique<Counters>(metrics)),
      drain_timer_(loop) {}

HttpHandOver::~HttpHandOver() = default;

component::HandOver::Subscription HttpHandOver::serve(const std::string& component, Giver& giver) {
  auto kept = std::make_shared<Giver*>(&giver);
  givers_[component] = kept;
  return kept;
}

void HttpHandOver::take(const std::string& component, const std::string& node, std::vector<std::string> keys,
                        Pieces pieces, async::Task done) {
  std::vector<std::string> addresses;
  for (const component::ClusterPeer& peer : cluster_.peers()) {
    if (!peer.is_self && peer.hands_over && (node.empty() || peer.name == node))
      addresses.push_back(peer.address);
  }
  if (addresses.empty() || keys.empty()) return loop_.post(std::move(done));
  const auto taking = std::make_shared<Taking>(
      Taking{component, std::move(keys), std::move(pieces), std::move(done), addresses.size()});
  for (const std::string& address : addresses) ask(taking, address, 0);
}

void HttpHandOver::ask(const std::shared_ptr<Taking>& taking, const std::string& address, std::size_t from) {
  TakeRequest asked{config_.cluster_name, config_.node_name, taking->component, {}};
  const auto first = taking->keys.begin() + static_cast<std::ptrdiff_t>(from);
  asked.keys.assign(first,
                    first + static_cast<std::ptrdiff_t>(std::min(kMostKeys, taking->keys.size() - from)));
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}://{}{}", config_.tls ? "https" : "http", address, kTakePath);
  request.headers.add("Content-Type", std::string(kStateType));
  request.body = share(sealed(config_.seal.get(), Seal::Kind::kTake, encode(asked), loop_.unix_ns()));
  request.timeout = kStateTimeout;
  request.max_body_bytes = kMostAnswerBytes;
  const std::uint64_t id = ++last_call_;
  calls_[id] = config_.client->send(
      std::move(request),
      alive_.bind([this, id, taking, address, from](std::expected<http::Response, http::Failure> answer) {
        calls_.erase(id);
        on_answer(taking, address, from, std::move(answer));
      }));
}

void HttpHandOver::on_answer(const std::shared_ptr<Taking>& taking, const std::string& address,
                             std::size_t from, std::expected<http::Response, http::Failure> answer) {
  if (!answer) return end_with(taking, address, answer.error().message);
  if (answer->status != 200) return end_with(taking, address, "it answers " + answer->status_line);
  counters_->taken_bytes.add(static_cast<double>(answer->body.size()));
  const std::size_t asked = std::min(kMostKeys, taking->keys.size() - from);
  pool_.run(
      [body = std::move(answer->body), asked, seal = config_.seal,
       now = loop_.unix_ns()]() mutable -> Result<TakeAnswer> {
        INVAR_ASSIGN_OR_RETURN(const std::string plain,
                               opened(seal.get(), Seal::Kind::kState, std::move(body), now));
        return decode_take_answer(plain, asked);
      },
      alive_.bind([this, taking, address, from](Result<TakeAnswer> states) {
        if (!states) return end_with(taking, address, states.error().message);
        counters_->taken.add(static_cast<double>(states->states.size()));
        std::vector<Piece> pieces;
        for (TakeAnswer::State& state : states->states)
          pieces.push_back({taking->keys[from + state.place], std::move(state.bytes)});
        if (!pieces.empty()) taking->pieces(std::move(pieces));
        const std::size_t next = from + states->looked_at;
        if (next < taking->keys.size()) return ask(taking, address, next);
        if (--taking->nodes == 0) taking->done();
      }));
}

void HttpHandOver::end_with(const std::shared_ptr<Taking>& taking, const std::string& address,
                            const std::string& failure) {
  counters_->failed.add();
  config_.logger.warn("a node did not hand its state over",
                      {{"peer", address}, {"component", taking->component}, {"err", failure}});
  if (--taking->nodes == 0) taking->done();
}

void HttpHandOver::handle(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  const auto plain = opened(config_.seal.get(), Seal::Kind::kTake, request.body, loop_.unix_ns());
  if (!plain) return responder->send(http::text_response(403, plain.error().message));
  auto asked = decode_take_request(*plain);
  if (!asked) return responder->send(http::text_response(400, asked.error().message));
  if (asked->cluster != config_.cluster_name)
    return responder->send(http::text_response(403, "this node belongs to another cluster"));
  give_when_here(*std::move(asked), loop_.now() + kMostOnItsWay, responder);
}

// Ownership may move on before the state of the last move has arrived.
void HttpHandOver::give_when_here(TakeRequest request, async::TimePoint end, http::ResponderPtr responder) {
  const auto found = givers_.find(request.component);
  const auto giver = found == givers_.end() ? nullptr : found->second.lock();
  const auto on_its_way = [&](const std::string& key) { return (*giver)->expects(key); };
  if (giver && loop_.now() < end && std::ranges::any_of(request.keys, on_its_way)) {
    loop_.schedule_after(kLookForDrained, alive_.bind([this, request = std::move(request), end,
                                                       responder = std::move(responder)]() mutable {
      give_when_here(std::move(request), end, std::move(responder));
    }));
    return;
  }
  give(request, giver ? *giver : nullptr, responder);
}

void HttpHandOver::give(const TakeRequest& request, Giver* giver, const http::ResponderPtr& responder) {
  std::vector<std::pair<std::size_t, Giver::Given>> given;
  std::size_t looked_at = giver == nullptr ? request.keys.size() : 0, bytes = 0;
  while (looked_at < request.keys.size() && bytes < kEnoughStateBytes) {
    if (auto one = giver->give(request.keys[looked_at])) {
      bytes += one->bytes;
      given.emplace_back(looked_at, *std::move(one));
    }
    ++looked_at;
  }
  counters_->given.add(static_cast<double>(given.size()));
  config_.logger.debug("work handed over", {{"peer", request.node},
                                            {"component", request.component},
                                            {"asked", static_cast<std::uint64_t>(request.keys.size())},
                                            {"given", static_cast<std::uint64_t>(given.size())}});
  ++being_given_;
  pool_.run(
      [looked_at, given = std::move(given), seal = config_.seal, now = loop_.unix_ns()] {
        TakeAnswer answer{.looked_at = looked_at, .states = {}};
        for (const auto& [place, one] : given) {
          std::string state = one.save();
          if (state.size() <= kMostStateBytes) answer.states.push_back({place, std::move(state)});
        }
        return sealed(seal.get(), Seal::Kind::kState, encode_packed(answer), now);
      },
      alive_.bind([this, responder](std::string packed) {
        --being_given_;
        counters_->given_bytes.add(static_cast<double>(packed.size()));
        http::ServerResponse response{200, {}, std::move(packed), {}};
        response.headers.add("Content-Type", std::string(kStateType));
        responder->send(std::move(response));
      }));
}

std::size_t HttpHandOver::waiting() const {
  std::size_t sum = 0;
  for (const auto& [component, weak] : givers_) {
    if (const auto giver = weak.lock()) sum += (*giver)->waiting();
  }
  return sum;
}

void HttpHandOver::drain(Duration most, async::Task done) {
  drain_until(loop_.now() + most, std::move(done));
}

void HttpHandOver::drain_until(async::TimePoint end, async::Task done) {
  const std::size_t left = waiting();
  if (left + being_given_ > 0 && loop_.now() < end) {
    return drain_timer_.arm_after(kLookForDrained, [this, end, done = std::move(done)]() mutable {
      drain_until(end, std::move(done));
    });
  }
  if (left > 0) {
    config_.logger.warn("this node leaves with work that nobody asked for in time: it begins anew elsewhere",
                        {{"pieces", static_cast<std::uint64_t>(left)}});
  }
  loop_.post(std::move(done));
}

}  // namespace invar::cluster
