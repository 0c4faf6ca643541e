#include "cluster/http_network.h"

#include <fmt/format.h>

#include <utility>

#include "cluster/frame.h"
#include "cluster/packet.h"

namespace invar::cluster {
namespace {

constexpr std::string_view kPacketType = "application/x.ckit";
constexpr std::string_view kMessagePath = "/api/v1/ckit/transport/message";
constexpr std::string_view kStreamPath = "/api/v1/ckit/transport/stream";
constexpr std::size_t kMostWaiting = 100;
constexpr int kMostPieces = 64;  // of one stream
constexpr Duration kPacketTimeout = std::chrono::seconds(5);
constexpr Duration kStreamTimeout = std::chrono::seconds(5);
constexpr Duration kTellOfStrangers = std::chrono::minutes(1);

// The payload of all frames.
Result<std::string> payload_of(std::string_view body) {
  FrameReader frames(kMaxExchange + Seal::kOverhead);
  frames.feed(body);
  std::string out, data;
  for (;;) {
    switch (frames.next(data)) {
      case FrameReader::Next::kFrame:
        out += data;
        break;
      case FrameReader::Next::kBad:
        return fail(ErrorCode::kDataLoss, "broken frame");
      case FrameReader::Next::kNeedsMore:
        if (frames.between_frames()) return out;
        return fail(ErrorCode::kDataLoss, "frame that is cut off");
    }
  }
}

}  // namespace

// Of clustering.md 9.
struct HttpNetwork::Counters {
  explicit Counters(metrics::Scope& scope)
      : rx_packets(scope.counter("cluster_transport_rx_packets_total", "Packets received.")),
        rx_bytes(scope.counter("cluster_transport_rx_bytes_total", "Bytes of packets received.")),
        tx_packets(scope.counter("cluster_transport_tx_packets_total", "Packets sent.")),
        tx_bytes(scope.counter("cluster_transport_tx_bytes_total", "Bytes of packets sent.")),
        tx_failed(scope.counter("cluster_transport_tx_packets_failed_total", "Packets that did not arrive.")),
        streams(scope.gauge("cluster_transport_streams", "Streams that are open now.")),
        stream_rx(scope.counter("cluster_transport_stream_rx_packets_total", "Pieces of streams received.")),
        stream_rx_bytes(
            scope.counter("cluster_transport_stream_rx_bytes_total", "Bytes of streams received.")),
        stream_tx(scope.counter("cluster_transport_stream_tx_packets_total", "Pieces of streams sent.")),
        stream_tx_bytes(scope.counter("cluster_transport_stream_tx_bytes_total", "Bytes of streams sent.")),
        stream_tx_failed(
            scope.counter("cluster_transport_stream_tx_packets_failed_total", "Streams that failed.")),
        refused(scope.counter("cluster_transport_refused_messages_total",
                              "Messages that were not sealed with the secret of this cluster.")) {}

  metrics::Counter &rx_packets, &rx_bytes, &tx_packets, &tx_bytes, &tx_failed;
  metrics::Gauge& streams;
  metrics::Counter &stream_rx, &stream_rx_bytes, &stream_tx, &stream_tx_bytes, &stream_tx_failed, &refused;
};

// A stream that another opened.
struct HttpNetwork::Incoming {
  Incoming(async::Loop& loop, http::ResponderPtr r, std::string from)
      : responder(std::move(r)), peer(std::move(from)), limit(loop) {}
  http::ResponderPtr responder;
  std::string peer;
  FrameReader frames{kMaxExchange + Seal::kOverhead};
  std::string payload;
  int pieces = 0;
  async::Timer limit;
};

HttpNetwork::HttpNetwork(async::Loop& loop, Config config, metrics::Scope& metrics)
    : loop_(loop), config_(std::move(config)), counters_(std::make_unique<Counters>(metrics)) {
  metrics.on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) {
    std::size_t waiting = 0;
    for (const auto& [address, peer] : peers_) waiting += peer.waiting.size();
    out.push_back({.name = "cluster_transport_tx_packet_queue_length",
                   .help = "Packets that wait to be sent.",
                   .value = static_cast<double>(waiting)});
    out.push_back({.name = "cluster_transport_rx_packet_queue_length",
                   .help = "Packets that wait to be heard: none, they are heard at once.",
                   .value = 0});
  }));
}

HttpNetwork::~HttpNetwork() = default;

http::Request HttpNetwork::request_to(const std::string& to, std::string_view path, std::string body) const {
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}://{}{}", config_.tls ? "https" : "http", to, path);
  request.headers.add("Content-Type", std::string(kPacketType));
  request.body = share(std::move(body));
  return request;
}

void HttpNetwork::send(const std::string& to, std::string packet) {
  Peer& peer = peers_[to];
  if (peer.waiting.size() == kMostWaiting) {
    peer.waiting.pop_front();
    counters_->tx_failed.add();
  }
  peer.waiting.push_back(std::move(packet));
  if (!peer.call) post_waiting(to);
}

void HttpNetwork::post_waiting(const std::string& to) {
  Peer& peer = peers_.at(to);
  std::string body;
  const auto packets = static_cast<double>(peer.waiting.size());
  for (const std::string& packet : std::exchange(peer.waiting, {})) {
    append_frame(body, sealed(config_.seal.get(), Seal::Kind::kPacket, packet, loop_.unix_ns()));
    counters_->tx_bytes.add(static_cast<double>(packet.size()));
  }
  counters_->tx_packets.add(packets);
  http::Request request = request_to(to, kMessagePath, std::move(body));
  request.timeout = kPacketTimeout;
  peer.call = config_.client->send(
      std::move(request),
      alive_.bind([this, to, packets](std::expected<http::Response, http::Failure> answer) {
        if (!answer || answer->status != 200) {
          counters_->tx_failed.add(packets);
          config_.logger.debug(
              "packets to a peer failed",
              {{"peer", to}, {"err", answer ? answer->status_line : answer.error().message}});
        }
        const auto found = peers_.find(to);
        found->second.call.reset();
        if (found->second.waiting.empty()) {
          peers_.erase(found);
        } else {
          post_waiting(to);
        }
      }));
}

void HttpNetwork::exchange(const std::string& to, std::string stream, Done done) {
  std::string body;
  append_frame(body, sealed(config_.seal.get(), Seal::Kind::kRequest, stream, loop_.unix_ns()));
  counters_->stream_tx.add();
  counters_->stream_tx_bytes.add(static_cast<double>(stream.size()));
  http::Request request = request_to(to, kStreamPath, std::move(body));
  request.timeout = kStreamTimeout;
  request.max_body_bytes = kMaxExchange;
  const std::uint64_t id = ++last_exchange_;
  counters_->streams.add(1);
  exchanges_[id] = config_.client->send(
      std::move(request), alive_.bind([this, id, to, done = std::move(done)](
                                          std::expected<http::Response, http::Failure> answer) mutable {
        exchanges_.erase(id);
        counters_->streams.add(-1);
        Result<std::string> result;
        if (!answer) {
          result = fail(ErrorCode::kUnavailable, answer.error().message);
        } else if (answer->status != 200) {
          result = fail(ErrorCode::kUnavailable, "the peer answers " + answer->status_line);
        } else {
          result = payload_of(answer->body);
          if (result)
            result = opened(config_.seal.get(), Seal::Kind::kAnswer, *std::move(result), loop_.unix_ns());
          if (!result && result.error().code == ErrorCode::kPermissionDenied)
            refuse_stranger(to, result.error());
        }
        if (result) {
          counters_->stream_rx.add();
          counters_->stream_rx_bytes.add(static_cast<double>(result->size()));
        } else {
          counters_->stream_tx_failed.add();
        }
        done(std::move(result));
      }));
}

int HttpNetwork::refusal(const http::ServerRequest& request) const {
  if (node_ == nullptr) return 503;
  return request.headers.get("Content-Type") == kPacketType ? 0 : 400;
}

void HttpNetwork::handle(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  if (const int status = refusal(request); status != 0) return responder->send({status, {}, ""});
  if (request.path != kMessagePath) return responder->send(http::text_response(404, "404 page not found"));
  FrameReader frames(kMaxPacket + Seal::kOverhead);
  frames.feed(request.body);
  std::string packet;
  while (frames.next(packet) == FrameReader::Next::kFrame) {
    counters_->rx_packets.add();
    counters_->rx_bytes.add(static_cast<double>(packet.size()));
    auto message = opened(config_.seal.get(), Seal::Kind::kPacket, std::move(packet), loop_.unix_ns());
    if (!message)
      refuse_stranger(request.peer, message.error());
    else if (node_ != nullptr)
      node_->receive(*message, request.peer);
  }
  responder->send({frames.between_frames() ? 200 : 400, {}, ""});
}

http::BodySink HttpNetwork::stream(const http::ServerRequest& head, const http::ResponderPtr& responder) {
  if (head.path != kStreamPath || refusal(head) != 0) return nullptr;
  // The peer waits for this before it says anything.
  responder->start({200, {}, ""});
  auto incoming = std::make_shared<Incoming>(loop_, responder, head.peer);
  incoming->limit.arm_after(kStreamTimeout, [weak = std::weak_ptr(incoming)] {
    if (const auto self = weak.lock()) self->responder.reset();
  });
  return [this, token = alive_.token(), incoming](std::string_view part, http::BodyEnd end) {
    if (token.expired() || end != http::BodyEnd::kMore) return;
    hear_stream(*incoming, part);
  };
}

// The peer keeps its side open while it waits for the answer, so the end of what it says is found in what it says.
void HttpNetwork::hear_stream(Incoming& incoming, std::string_view part) {
  if (!incoming.responder) return;
  incoming.frames.feed(part);
  std::string data;
  for (;;) {
    const auto next = incoming.frames.next(data);
    if (next == FrameReader::Next::kNeedsMore) return;
    incoming.payload += data;
    if (next == FrameReader::Next::kBad || ++incoming.pieces > kMostPieces || node_ == nullptr ||
        incoming.payload.size() > kMaxExchange + Seal::kOverhead)
      return incoming.responder.reset();
    counters_->stream_rx.add();
    counters_->stream_rx_bytes.add(static_cast<double>(data.size()));
    Result<std::optional<std::string>> whole = incoming.payload;
    if (config_.seal)
      whole = config_.seal->open_part(Seal::Kind::kRequest, incoming.payload, loop_.unix_ns(), kMaxExchange);
    if (!whole) {
      refuse_stranger(incoming.peer, whole.error());
      return incoming.responder.reset();
    }
    if (!*whole) continue;
    auto answer = node_->answer(**whole);
    if (!answer) {
      config_.logger.debug("exchange of a peer refused", {{"err", answer.error()}});
      return incoming.responder.reset();
    }
    if (!*answer) continue;
    counters_->stream_tx.add();
    counters_->stream_tx_bytes.add(static_cast<double>((*answer)->size()));
    std::string framed;
    append_frame(framed, sealed(config_.seal.get(), Seal::Kind::kAnswer, **answer, loop_.unix_ns()));
    incoming.responder->write(std::move(framed));
    incoming.responder->finish();
    return incoming.responder.reset();
  }
}

void HttpNetwork::refuse_stranger(const std::string& peer, const Error& why) {
  counters_->refused.add();
  if (told_of_stranger_ && loop_.now() < *told_of_stranger_ + kTellOfStrangers) return;
  told_of_stranger_ = loop_.now();
  config_.logger.warn("a message of a stranger is not heard", {{"peer", peer}, {"err", why}});
}

}  // namespace invar::cluster
