#include "components/pyroscope/receive_http/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "codec/gzip.h"
#include "components/pyroscope/receive_http/grpc.h"
#include "components/pyroscope/receive_http/ingest_name.h"
#include "http/url.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using http::ResponderPtr;
using http::ServerRequest;
using http::ServerResponse;
using pipeline::Answer;

constexpr std::string_view kIngestPath = "/ingest";  // as it is passed on, whatever alias it came by
// A message above this is decoded on the pool: until here the hop costs more than the copy.
constexpr std::size_t kDecodeHere = 256 << 10;

constexpr double kMiB = 1 << 20;
const std::vector<double>& duration_buckets() {
  static const std::vector<double> buckets = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 50, 100};
  return buckets;
}
const std::vector<double>& size_buckets() {
  static const std::vector<double> buckets = {kMiB,      2.5 * kMiB, 5 * kMiB,   10 * kMiB,
                                              25 * kMiB, 50 * kMiB,  100 * kMiB, 250 * kMiB};
  return buckets;
}

// Methods come from outside: the others share one series.
std::string method_label(const std::string& method) {
  static constexpr std::array<std::string_view, 7> kKnown = {"GET",    "HEAD",    "POST", "PUT",
                                                             "DELETE", "OPTIONS", "PATCH"};
  return std::ranges::find(kKnown, method) == kKnown.end() ? "other" : method;
}

Result<std::vector<PushedSeries>> decode(std::string_view body, const ConnectCall& call,
                                         std::uint64_t limit) {
  std::string_view message = body;
  bool packed = call.gzip_request;
  if (call.protocol != RpcProtocol::kConnect) {
    INVAR_ASSIGN_OR_RETURN(const GrpcMessage framed, read_grpc_message(body));
    if (framed.packed && !call.gzip_request)
      return fail(ErrorCode::kInvalidArgument, "protocol error: a packed message without Grpc-Encoding");
    message = framed.bytes;
    packed = framed.packed;
  }
  std::string plain;
  if (packed && !message.empty()) {
    if (!codec::is_gzip(message))
      return fail(ErrorCode::kInvalidArgument, "get decompressor: gzip: invalid header");
    thread_local codec::Inflater inflater;
    if (auto unpacked = inflater.gunzip(message, limit, plain); !unpacked)
      return std::unexpected(unpacked.error().wrapped("decompress"));
    message = plain;
  }
  return call.json ? decode_push_json(message) : decode_push_proto(message);
}

}  // namespace

// One request until its answer is sent. Whoever holds it last without an answer leaves the connection to say so (500).
class Relay::Exchange {
 public:
  // `request`: its body is the handlers' own.
  Exchange(Relay& relay, RouteMetrics& metrics, ServerRequest request, ResponderPtr responder)
      : relay_(relay),
        token_(relay.alive_.token()),
        metrics_(metrics),
        request_(std::move(request)),
        responder_(std::move(responder)),
        began_(relay.env_.loop->now()) {
    metrics_.inflight.add(1);
    ++relay_.under_way_;
  }
  ~Exchange() {
    if (responder_) finished(500);
  }
  [[nodiscard]] const ServerRequest& request() const { return request_; }

  // The client made a mistake: it is noted, and answered.
  void refuse(ServerResponse response, std::string_view why) {
    if (!token_.expired()) relay_.vain_.note(request_, response.status, why);
    answer(std::move(response));
  }
  // Refused for now: the client may come again.
  void turn_away(ServerResponse response, std::string_view why) {
    if (!token_.expired())
      relay_.env_.logger.warn("Failed to take profiles", {{"peer", request_.peer}, {"err", why}});
    answer(std::move(response));
  }
  void answer(ServerResponse response) {
    const auto responder = std::exchange(responder_, nullptr);
    if (!token_.expired()) metrics_.response_bytes.observe(static_cast<double>(response.body.size()));
    finished(response.status);
    responder->send(std::move(response));
  }

 private:
  void finished(int status) {
    if (token_.expired()) return;
    metrics_.inflight.add(-1);
    --relay_.under_way_;
    relay_.observe_duration(metrics_, status, relay_.env_.loop->now() - began_);
  }

  Relay& relay_;
  std::weak_ptr<const bool> token_;
  RouteMetrics& metrics_;
  const ServerRequest request_;
  ResponderPtr responder_;
  const async::TimePoint began_;
};

Relay::Relay(Environment environment)
    : env_(std::move(environment)),
      outlets_(*env_.metrics, *env_.loop, env_.tap),
      vain_(*env_.loop, env_.logger, *env_.metrics) {}

void Relay::configure(std::vector<pipeline::ReceiverPtr> receivers, Limits limits) {
  appendable_ = receivers.size() == 1 ? " to appendable 0" : "";
  outlets_.set(std::move(receivers));
  limits_ = limits;
}

Relay::RouteMetrics& Relay::metrics_of(const std::string& method, std::string_view route) {
  auto key = std::pair(method, std::string(route));
  const auto found = routes_.find(key);
  if (found != routes_.end()) return found->second;
  metrics::Scope& scope = *env_.metrics;
  const metrics::LabelPairs labels = {{"method", method}, {"route", std::string(route)}};
  RouteMetrics made{
      labels,
      scope.histogram("pyroscope_receive_http_request_message_bytes",
                      "Size (in bytes) of messages received in the request.", size_buckets(), labels),
      scope.histogram("pyroscope_receive_http_response_message_bytes",
                      "Size (in bytes) of messages sent in response.", size_buckets(), labels),
      scope.gauge("pyroscope_receive_http_inflight_requests", "Current number of inflight requests.", labels),
      {}};
  return routes_.emplace(std::move(key), std::move(made)).first->second;
}

void Relay::observe_duration(RouteMetrics& metrics, int status, Duration took) {
  metrics::Histogram*& histogram = metrics.duration[status];
  if (!histogram) {
    metrics::LabelPairs labels = metrics.labels;
    labels.emplace_back("status_code", std::to_string(status));
    labels.emplace_back("ws", "false");
    histogram = &env_.metrics->histogram("pyroscope_receive_http_request_duration_seconds",
                                         "Time (in seconds) spent serving HTTP requests.", duration_buckets(),
                                         labels);
  }
  histogram->observe(std::chrono::duration<double>(took).count());
}

void Relay::handle(ServerRequest request, ResponderPtr responder) {
  const Route route = route_of(request.path);
  const bool takes_profiles = route == Route::kPush || route == Route::kIngest;
  const bool asks_state = route == Route::kReady && (request.method == "GET" || request.method == "HEAD");
  const bool served = asks_state || (takes_profiles && request.method == "POST");
  RouteMetrics& metrics =
      metrics_of(method_label(request.method), metric_name(served ? route : Route::kOther));
  metrics.request_bytes.observe(static_cast<double>(request.body.size()));
  const bool busy = limits_.max_concurrent_requests > 0 && under_way_ >= limits_.max_concurrent_requests;
  std::string body = std::exchange(request.body, {});
  const auto exchange = std::make_shared<Exchange>(*this, metrics, std::move(request), std::move(responder));

  if (!served) {
    const std::string why = advice(route, exchange->request().method);
    const bool wrong_method = takes_profiles || route == Route::kReady;
    ServerResponse response = http::text_response(wrong_method            ? 405
                                                  : route == Route::kOtlp ? 501
                                                                          : 404,
                                                  why);
    if (wrong_method) response.headers.add("Allow", takes_profiles ? "POST" : "GET, HEAD");
    return exchange->refuse(std::move(response), why);
  }
  if (asks_state) return exchange->answer(http::text_response(200, "ready"));
  if (busy) {
    constexpr std::string_view kBusy = "too many requests at a time";
    const ConnectCall call = open_connect_call(exchange->request().headers).value_or(ConnectCall());
    ServerResponse response = route == Route::kPush ? call_error(call, ConnectCode::kUnavailable, kBusy)
                                                    : http::text_response(503, kBusy);
    response.headers.add("Retry-After", "1");
    return exchange->answer(std::move(response));
  }
  if (route == Route::kPush) {
    push(exchange, std::move(body));
  } else {
    ingest(exchange, std::move(body));
  }
}

void Relay::ingest(const ExchangePtr& exchange, std::string body) {
  const ServerRequest& request = exchange->request();
  const auto labels = parse_ingest_name(form_value(request.query, "name").value_or(""));
  std::string why;
  if (!labels) why = "the parameter \"name\": " + labels.error().message;
  if (labels && body.empty()) why = "the body is empty: there is no profile in this request";
  if (!why.empty()) return exchange->refuse(http::text_response(400, why), why);
  auto info = std::make_shared<pipeline::IngestInfo>();
  info->path = kIngestPath;
  info->query = request.query;
  for (const auto& [name, value] : request.headers)
    if (equals_ignore_case(name, "Content-Type")) info->content_types.push_back(value);
  auto profile = std::make_shared<pipeline::Profile>();
  profile->kind = pipeline::BodyKind::kIngest;
  profile->labels = with_service_name(*labels);
  profile->body = share(std::move(body));
  profile->taken_unix_ns = env_.loop->unix_ns();
  profile->ingest = std::move(info);
  outlets_.offer_kept(profile, [exchange, profile, tap = env_.tap](const Answer& answer) {
    if (answer.held()) tap.made(profile);
    if (answer.accepted()) return exchange->answer({200, {}, ""});
    if (answer.permanent) return exchange->refuse(http::text_response(400, answer.reason), answer.reason);
    exchange->turn_away(http::text_response(503, answer.reason), answer.reason);
  });
}

void Relay::push(const ExchangePtr& exchange, std::string body) {
  auto call = open_connect_call(exchange->request().headers);
  if (!call) {
    const std::string why =
        call.error().body.empty() ? "Push does not take this content type" : call.error().body;
    return exchange->refuse(std::move(call).error(), why);
  }
  if (!call->json && !call->gzip_request && body.size() <= kDecodeHere)
    return pushed(exchange, *call, decode(body, *call, limits_.max_body_bytes));
  env_.pool->run([body = std::move(body), call = *call,
                  limit = limits_.max_body_bytes] { return decode(body, call, limit); },
                 alive_.bind([this, exchange, call = *call](Result<std::vector<PushedSeries>> decoded) {
                   pushed(exchange, call, std::move(decoded));
                 }));
}

// One message on its way to the receivers: what is wrong with some of its profiles does not hold up the others. It is answered when
// every expected answer is there; if one never comes, the exchange ends without one.
class Relay::Push {
 public:
  Push(ExchangePtr exchange, ConnectCall call, std::string appendable)
      : exchange_(std::move(exchange)), call_(std::move(call)), appendable_(std::move(appendable)) {}

  void expect_one() { ++missing_; }
  void took() {
    ++taken_;
    settle();
  }
  void failed(const Labels& series, const Answer& answer) {
    fail("unable to append series " + series.to_string() + appendable_ + ": " + answer.reason,
         answer.permanent);
    settle();
  }
  void empty(const Labels& series) { fail("series " + series.to_string() + ": empty profile", true); }
  void nameless(const Labels& series, std::size_t profiles) {
    for (; profiles > 0; --profiles)
      fail("series " + series.to_string() + ": invalid label name: label name is required", true);
  }
  // One of what was expected has its answer; the last one answers the client.
  void settle() {
    if (--missing_ > 0) return;
    if (failures_.empty()) return exchange_->answer(call_empty_answer(call_));
    if (taken_ > 0)
      failures_ += fmt::format("\n{} of {} profiles of this request were taken", taken_, taken_ + failed_);
    if (permanent_) return exchange_->refuse(error(ConnectCode::kInvalidArgument), failures_);
    exchange_->turn_away(error(ConnectCode::kUnavailable), failures_);
  }

 private:
  void fail(std::string why, bool permanent) {
    if (!failures_.empty()) failures_ += '\n';
    failures_ += why;
    permanent_ = permanent_ && permanent;
    ++failed_;
  }
  [[nodiscard]] ServerResponse error(ConnectCode code) const { return call_error(call_, code, failures_); }

  const ExchangePtr exchange_;
  const ConnectCall call_;
  const std::string appendable_;
  std::string failures_;
  std::size_t missing_ = 0, taken_ = 0, failed_ = 0;
  bool permanent_ = true;
};

void Relay::pushed(const ExchangePtr& exchange, const ConnectCall& call,
                   Result<std::vector<PushedSeries>> decoded) {
  const auto refuse = [&](const std::string& why) {
    exchange->refuse(call_error(call, ConnectCode::kInvalidArgument, why), why);
  };
  if (!decoded) return refuse(decoded.error().message);
  if (decoded->empty()) return refuse("the message is empty: there is no profile in this request");

  const auto push = std::make_shared<Push>(exchange, call, appendable_);
  push->expect_one();  // this walk: an early answer of a receiver is not the last
  for (PushedSeries& series : *decoded) {
    // As the client knows them: for messages.
    const auto written = std::make_shared<const Labels>(Labels::from(std::move(series.labels)));
    LabelsBuilder builder(*written);
    if (std::ranges::any_of(*written, [](const Label& label) { return label.name.empty(); })) {
      push->nameless(*written, series.samples.size());
      continue;
    }
    if (builder.get(kServiceName).empty()) builder.set(kServiceName, "unspecified");
    const Labels labels = builder.build();
    for (PushedSample& sample : series.samples) {
      if (sample.body->empty()) {
        push->empty(*written);
        continue;
      }
      auto profile = std::make_shared<pipeline::Profile>();
      profile->labels = labels;
      profile->body = std::move(sample.body);
      profile->id = std::move(sample.id);
      profile->taken_unix_ns = env_.loop->unix_ns();
      push->expect_one();
      outlets_.offer_kept(profile, [push, written, profile, tap = env_.tap](const Answer& answer) {
        if (answer.held()) tap.made(profile);
        if (answer.accepted()) {
          push->took();
        } else {
          push->failed(*written, answer);
        }
      });
    }
  }
  push->settle();
}

}  // namespace invar::components::pyroscope_receive_http
