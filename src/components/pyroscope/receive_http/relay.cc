#include "components/pyroscope/receive_http/relay.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "components/pyroscope/receive_http/grpc.h"
#include "components/pyroscope/receive_http/ingest_name.h"
#include "http/url.h"
#include "pprof/gzip.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using http::ResponderPtr;
using http::ServerRequest;
using http::ServerResponse;
using pipeline::Answer;

constexpr std::string_view kIngestPath = "/ingest", kPushPath = "/push.v1.PusherService/Push";
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
    if (!pprof::is_gzip(message))
      return fail(ErrorCode::kInvalidArgument, "get decompressor: gzip: invalid header");
    thread_local pprof::Inflater inflater;
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
  Exchange(Relay& relay, RouteMetrics& metrics, ResponderPtr responder)
      : relay_(relay),
        token_(relay.alive_.token()),
        metrics_(metrics),
        responder_(std::move(responder)),
        began_(relay.env_.loop->now()) {
    metrics_.inflight.add(1);
    ++relay_.under_way_;
  }
  ~Exchange() {
    if (responder_) finished(500);
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
  ResponderPtr responder_;
  const async::TimePoint began_;
};

Relay::Relay(Environment environment) : env_(std::move(environment)), outlets_(*env_.metrics, *env_.loop) {}

void Relay::configure(std::vector<pipeline::ReceiverPtr> receivers, Limits limits) {
  appendable_ = receivers.size() == 1 ? " to appendable 0" : "";
  outlets_.set(std::move(receivers));
  limits_ = limits;
}

Relay::RouteMetrics& Relay::metrics_of(const std::string& method, const char* route) {
  const auto found = routes_.find({method, route});
  if (found != routes_.end()) return found->second;
  metrics::Scope& scope = *env_.metrics;
  const metrics::LabelPairs labels = {{"method", method}, {"route", route}};
  RouteMetrics made{
      labels,
      scope.histogram("pyroscope_receive_http_request_message_bytes",
                      "Size (in bytes) of messages received in the request.", size_buckets(), labels),
      scope.histogram("pyroscope_receive_http_response_message_bytes",
                      "Size (in bytes) of messages sent in response.", size_buckets(), labels),
      scope.gauge("pyroscope_receive_http_inflight_requests", "Current number of inflight requests.", labels),
      {}};
  return routes_.emplace(std::pair(method, std::string(route)), std::move(made)).first->second;
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
  const bool is_push = request.path == kPushPath, is_ingest = request.path == kIngestPath;
  const std::string_view written = std::string_view(request.target).substr(0, request.target.find('?'));
  const bool clean = !written.starts_with('/') || http::percent_decode(written, false) == request.path;
  const bool served = (is_push || is_ingest) && clean && request.method == "POST";
  RouteMetrics& metrics = metrics_of(method_label(request.method), !served   ? "other"
                                                                   : is_push ? "push_v1_pusherservice"
                                                                             : "ingest");
  metrics.request_bytes.observe(static_cast<double>(request.body.size()));
  const bool busy = limits_.max_concurrent_requests > 0 && under_way_ >= limits_.max_concurrent_requests;
  const auto exchange = std::make_shared<Exchange>(*this, metrics, std::move(responder));

  if (!is_push && !is_ingest) return exchange->answer(http::text_response(404, "404 page not found"));
  if (!clean) {
    const std::string query = request.query.empty() ? "" : "?" + request.query;
    return exchange->answer({301, {{"Location", request.path + query}}, ""});
  }
  if (request.method != "POST") return exchange->answer({405, {}, ""});
  if (busy) {
    constexpr std::string_view kBusy = "too many requests at a time";
    const ConnectCall call = open_connect_call(request.headers).value_or(ConnectCall());
    ServerResponse response =
        is_push ? call_error(call, ConnectCode::kUnavailable, kBusy) : http::text_response(503, kBusy);
    response.headers.add("Retry-After", "1");
    return exchange->answer(std::move(response));
  }
  if (is_push) {
    push(exchange, std::move(request));
  } else {
    ingest(exchange, std::move(request));
  }
}

void Relay::ingest(const ExchangePtr& exchange, ServerRequest request) {
  const auto labels = parse_ingest_name(form_value(request.query, "name").value_or(""));
  if (!labels) {
    const std::string why = "the parameter \"name\": " + labels.error().message;
    env_.logger.warn("Failed to ingest profiles", {{"peer", request.peer}, {"err", why}});
    return exchange->answer(http::text_response(400, why));
  }
  auto info = std::make_shared<pipeline::IngestInfo>();
  info->path = request.path;
  info->query = request.query;
  for (const auto& [name, value] : request.headers)
    if (equals_ignore_case(name, "Content-Type")) info->content_types.push_back(value);
  auto profile = std::make_shared<pipeline::Profile>();
  profile->kind = pipeline::BodyKind::kIngest;
  profile->labels = with_service_name(*labels);
  profile->body = share(std::move(request.body));
  profile->taken_unix_ns = env_.loop->unix_ns();
  profile->ingest = std::move(info);
  outlets_.offer_kept(profile, [exchange, logger = env_.logger, peer = request.peer](const Answer& answer) {
    if (answer.accepted()) return exchange->answer({200, {}, ""});
    logger.warn("Failed to ingest profiles", {{"peer", peer}, {"err", answer.reason}});
    exchange->answer(http::text_response(answer.permanent ? 400 : 503, answer.reason));
  });
}

void Relay::push(const ExchangePtr& exchange, ServerRequest request) {
  auto call = open_connect_call(request.headers);
  if (!call) return exchange->answer(std::move(call).error());
  if (!call->json && !call->gzip_request && request.body.size() <= kDecodeHere)
    return pushed(exchange, *call, decode(request.body, *call, limits_.max_body_bytes));
  env_.pool->run([body = std::move(request.body), call = *call,
                  limit = limits_.max_body_bytes] { return decode(body, call, limit); },
                 alive_.bind([this, exchange, call = *call](Result<std::vector<PushedSeries>> decoded) {
                   pushed(exchange, call, std::move(decoded));
                 }));
}

void Relay::pushed(const ExchangePtr& exchange, const ConnectCall& call,
                   Result<std::vector<PushedSeries>> decoded) {
  if (!decoded)
    return exchange->answer(call_error(call, ConnectCode::kInvalidArgument, decoded.error().message));
  // All of it is looked at before any of it is passed on.
  struct Pushed {
    pipeline::ProfilePtr profile;
    std::shared_ptr<const Labels> written;  // as the client knows them: for messages
  };
  std::vector<Pushed> profiles;
  for (PushedSeries& series : *decoded) {
    const auto written = std::make_shared<const Labels>(Labels::from(std::move(series.labels)));
    LabelsBuilder builder(*written);
    if (builder.get(kServiceName).empty()) builder.set(kServiceName, "unspecified");
    const Labels labels = builder.build();
    for (PushedSample& sample : series.samples) {
      if (sample.body->empty())
        return exchange->answer(call_error(call, ConnectCode::kInvalidArgument,
                                           "series " + written->to_string() + ": empty profile"));
      auto profile = std::make_shared<pipeline::Profile>();
      profile->labels = labels;
      profile->body = std::move(sample.body);
      profile->id = std::move(sample.id);
      profile->taken_unix_ns = env_.loop->unix_ns();
      profiles.push_back({std::move(profile), written});
    }
  }
  if (profiles.empty()) return exchange->answer(call_empty_answer(call));

  struct Waiting {
    std::size_t missing;
    std::string failures;
    bool permanent = true;
  };
  const auto waiting = std::make_shared<Waiting>(Waiting{profiles.size(), {}});
  for (const auto& [profile, written] : profiles)
    outlets_.offer_kept(profile, [waiting, exchange, call, written = written, appendable = appendable_,
                                  logger = env_.logger](const Answer& answer) {
      if (!answer.accepted()) {
        if (!waiting->failures.empty()) waiting->failures += '\n';
        waiting->failures +=
            "unable to append series " + written->to_string() + appendable + ": " + answer.reason;
        waiting->permanent = waiting->permanent && answer.permanent;
      }
      if (--waiting->missing > 0) return;
      if (waiting->failures.empty()) return exchange->answer(call_empty_answer(call));
      logger.warn("Failed to push profiles", {{"err", waiting->failures}});
      exchange->answer(
          call_error(call, waiting->permanent ? ConnectCode::kInvalidArgument : ConnectCode::kUnavailable,
                     waiting->failures));
    });
}

}  // namespace invar::components::pyroscope_receive_http
