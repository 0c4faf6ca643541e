#include "components/pyroscope/receive_http/component.h"

#include <algorithm>
#include <utility>

#include "component/build.h"
#include "components/pyroscope/receive_http/arguments.h"
#include "components/pyroscope/receive_http/relay.h"
#include "http/listen_address.h"

namespace invar::components::pyroscope_receive_http {
namespace {

constexpr Duration kStopLimit = std::chrono::milliseconds(1500);
constexpr Duration kPoll = std::chrono::milliseconds(20);
constexpr Duration kLookUpAgain = std::chrono::seconds(15);

// A server on its way out: it takes no connections, and what is under way may end.
struct Leaving {
  std::unique_ptr<http::Server> server;
  async::TimePoint until;
};

class ReceiveHttp final : public component::Component {
 public:
  explicit ReceiveHttp(component::Options options)
      : options_(std::move(options)),
        relay_({options_.logger, options_.metrics, options_.loop, options_.pool, options_.tap}),
        cut_requests_(options_.metrics->counter("pyroscope_receive_http_cut_requests_total",
                                                "Requests whose connection ended before they were whole.")),
        poll_(*options_.loop),
        look_up_again_(*options_.loop) {
    options_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
  }

  Result<> update(const component::Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    INVAR_TRY(serve(arguments.http));
    const std::vector<std::string> said = warnings(arguments_);
    for (const std::string& sentence : warnings(arguments))
      if (std::ranges::find(said, sentence) == said.end()) options_.logger.warn(sentence);
    arguments_ = arguments;
    relay_.configure(arguments.forward_to,
                     {static_cast<std::uint64_t>(arguments.http.max_body_bytes),
                      static_cast<std::uint64_t>(arguments.http.max_concurrent_requests)});
    return {};
  }

  void start() override {
    started_ = true;
    claim_->started();
  }

  void stop(async::Task done) override {
    on_stopped_ = std::move(done);
    waiting_for_.clear();
    if (server_) retire(std::min(kStopLimit, arguments_.graceful_shutdown_timeout));
    claim_.reset();
    const auto latest = options_.loop->now() + kStopLimit;
    for (Leaving& leaving : leaving_) leaving.until = std::min(leaving.until, latest);
    tidy();
  }

  [[nodiscard]] std::optional<component::Health> health() const override {
    if (waiting_for_.empty()) return std::nullopt;
    return component::Health{component::HealthState::kUnhealthy, waiting_for_, options_.loop->unix_ns()};
  }

  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const override {
    return at_least == component::Severity::kDegraded ? relay_.clients_in_vain().problems()
                                                      : std::vector<component::Problem>();
  }

  [[nodiscard]] component::BodyValue debug_info() const override {
    component::BodyValue info;
    if (server_) info.attribute("address", server_->address());
    info.attribute("connections", std::uint64_t{connections()});
    info.attribute("requests_under_way", relay_.requests_under_way());
    relay_.clients_in_vain().show(info);
    return info;
  }

 private:
  // All or nothing: a new address is taken before the old one is left. A name is looked up later, off the loop.
  Result<> serve(const HttpServer& http) {
    http::ServerOptions next = options_of(http);
    const std::string address = next.listen_address;
    const bool same_address = claim_ && address == address_;
    if (same_address && server_) {
      if (http == arguments_.http) return {};
      const auto changed = server_->reconfigure(std::move(next));
      return changed ? changed : std::unexpected(changed.error().wrapped("failed to create server"));
    }
    if (same_address && !claim_->held())
      return {};  // it listens when its turn comes, with what is configured then

    std::unique_ptr<component::Claim> claim = same_address ? std::move(claim_) : take_claim(address);
    std::unique_ptr<http::Server> server;
    const bool look_up = claim->held() && http::needs_lookup(address);
    if (look_up) {
      waiting_for_ = "looking up the host of " + address;
    } else if (claim->held()) {
      INVAR_ASSIGN_OR_RETURN(server, listen_beside_or_instead(http));
    } else if (!claim->holder_started()) {
      return fail(ErrorCode::kUnavailable,
                  "failed to create server: " + address + " is already used by " + claim->holder());
    }
    if (server_) retire(arguments_.graceful_shutdown_timeout);
    claim_ = std::move(claim);
    if (started_) claim_->started();
    address_ = address;
    if (server) {
      began(std::move(server));
    } else if (look_up) {
      listen_after_lookup();
    } else {
      waiting_for_ = address + " is still used by " + claim_->holder();
      options_.logger.error("the address is in use; clients wait until it is free", {{"err", waiting_for_}});
    }
    return {};
  }

  std::unique_ptr<component::Claim> take_claim(const std::string& address) {
    return options_.claims->take("address " + address, options_.id,
                                 alive_.bind([this] { listen_at_last(); }));
  }

  void listen_after_lookup() {
    options_.disk_pool->run([address = address_] { return http::look_up_blocking(address); },
                            alive_.bind([this, address = address_](const Result<std::string>& found) {
                              if (address == address_ && claim_ && !server_) listen_on(found);
                            }));
  }

  void listen_on(const Result<std::string>& found) {
    Error error;
    if (found) {
      http::ServerOptions options = options_of(arguments_.http);
      options.listen_address = *found;
      auto server = listen(std::move(options));
      if (server) return began(std::move(*server));
      error = server.error();
    } else {
      error = found.error();
    }
    if (error.message != waiting_for_)
      options_.logger.error("cannot listen for profiles yet", {{"addr", address_}, {"err", error}});
    waiting_for_ = error.message;
    look_up_again_.arm_after(kLookUpAgain, alive_.bind([this] {
      if (claim_ && claim_->held() && !server_) listen_after_lookup();
    }));
  }

  Result<std::unique_ptr<http::Server>> listen_beside_or_instead(const HttpServer& http) {
    auto server = listen(options_of(http));
    if (!server && server_ && http.listen_port == arguments_.http.listen_port) {
      // Two addresses that share a port and overlap (one of them, or all) cannot be open at the same time.
      retire(arguments_.graceful_shutdown_timeout);
      server = listen(options_of(http));
      if (!server)
        if (auto back = listen(options_of(arguments_.http))) server_ = *std::move(back);
    }
    if (!server) return std::unexpected(server.error().wrapped("failed to create server"));
    return server;
  }

  void listen_at_last() {
    if (http::needs_lookup(address_)) return listen_after_lookup();
    auto server = listen(options_of(arguments_.http));
    if (server) return began(std::move(*server));
    waiting_for_ = server.error().message;
    options_.logger.error("the address was given back, and is in use all the same", {{"err", waiting_for_}});
  }

  http::ServerOptions options_of(const HttpServer& http) {
    http::ServerOptions out = server_options(http);
    out.on_cut_request = alive_.bind([this] { cut_requests_.add(); });
    out.on_refused_request =
        alive_.bind([this](const http::ServerRequest& request, int status, std::string_view why) {
          relay_.refused(request, status, why);
        });
    return out;
  }

  Result<std::unique_ptr<http::Server>> listen(http::ServerOptions options) {
    return options_.listen(options_.logger, std::move(options),
                           [this](http::ServerRequest request, http::ResponderPtr responder) {
                             relay_.handle(std::move(request), std::move(responder));
                           });
  }

  void began(std::unique_ptr<http::Server> server) {
    server_ = std::move(server);
    waiting_for_.clear();
    options_.logger.info("now listening for profiles", {{"addr", server_->address()}});
  }

  void retire(Duration within) {
    server_->close_listener();
    leaving_.push_back({std::move(server_), options_.loop->now() + within});
    tidy();
  }

  // Lets go of the servers whose clients are done, or that were given their time.
  void tidy() {
    std::erase_if(leaving_, [&](const Leaving& leaving) {
      return leaving.server->connections() == 0 || options_.loop->now() >= leaving.until;
    });
    if (!leaving_.empty()) return poll_.arm_after(kPoll, alive_.bind([this] { tidy(); }));
    poll_.cancel();
    if (on_stopped_) options_.loop->post(std::exchange(on_stopped_, {}));
  }

  [[nodiscard]] std::size_t connections() const {
    std::size_t sum = server_ ? server_->connections() : 0;
    for (const Leaving& leaving : leaving_) sum += leaving.server->connections();
    return sum;
  }

  void collect(std::vector<metrics::Sample>& out) const {
    const auto gauge = [&](const char* name, const char* help, double value) {
      out.push_back({name, help, metrics::SampleKind::kGauge, {{"protocol", "http"}}, value});
    };
    gauge("pyroscope_receive_http_tcp_connections", "Current number of accepted TCP connections.",
          static_cast<double>(connections()));
    gauge("pyroscope_receive_http_tcp_connections_limit", "The limit of TCP connections, 0 for none.",
          static_cast<double>(arguments_.http.conn_limit));
  }

  component::Options options_;
  Arguments arguments_;
  Relay relay_;
  metrics::Counter& cut_requests_;
  std::unique_ptr<component::Claim> claim_;  // on address_, as configured
  std::string address_;
  std::unique_ptr<http::Server> server_;
  std::vector<Leaving> leaving_;
  std::string waiting_for_;  // why we do not listen yet; empty when we do
  bool started_ = false;
  async::Timer poll_, look_up_again_;
  async::Task on_stopped_;
  async::Alive alive_;
};

constexpr const char* kDocumentation =
    R"md(Clients push to it as to a Pyroscope server:

| Request | What |
|---|---|
| `POST /push.v1.PusherService/Push` | Pyroscope's push API: Connect, gRPC-Web or gRPC, with protobuf or JSON bodies, plain or gzip. Each sample becomes one profile. |
| `POST /ingest` | Profiles of any format that Pyroscope takes there. Body, content type and query are passed on as they came; only the parameter `name` follows the labels. |
| `GET /ready` | For health checks: `ready`. |

Both are served below `/pyroscope`, too; doubled and trailing slashes are forgiven. A client whose requests lead nowhere is logged once, counted in
`pyroscope_receive_http_requests_in_vain_total`, and listed as `client_in_vain` in the debug information with address, path, user agent and what is wrong.

A request is answered as soon as every receiver keeps its profiles: with `pyroscope.write` that is when they are queued, and with
`sync = "always"` in its `queue` block when they are on disk. A slow or absent server behind it never keeps a client waiting, and a client's
own time limit is not handed on.

| Answer | When |
|---|---|
| 200 | every receiver keeps every profile |
| 400 | the client's mistake: a message that cannot be decoded, an empty body, a bad `name`, labels that no server takes. Good profiles of the same message are kept; the answer says how many. |
| 401 | `basic_auth` is set, and the credentials are missing or wrong |
| 404, 405 | no profiles are taken at this path, or by this method; the body says where they are |
| 413 | the body is larger than `max_body_bytes` |
| 415 | Push with another content type than those of Connect, gRPC-Web and gRPC |
| 501 | OpenTelemetry profiles, which are not taken here |
| 503 | a receiver cannot keep a profile now, or `max_concurrent_requests` wait already: the client may come again |

Push answers with Connect's JSON errors (gRPC and gRPC-Web: in `grpc-status`), `/ingest` with one line of text. Only HTTP/1.1 is served: gRPC clients
that need HTTP/2 are told so by `HTTP_1_1_REQUIRED`; let them use gRPC-Web or Connect. When one of several receivers refuses, the request fails although others
keep the profile.

A pushed series without `service_name` gets `unspecified`. On `/ingest` the application's name becomes `service_name`, unless the client named a
service in `name`: then the application stays as `app_name`.

A host's name in `listen_address` is looked up beside the loading of the configuration; as long as it has no address the component is unhealthy, says so, and
asks again every 15 seconds. `localhost` is 127.0.0.1.

Each connection takes about 8 KiB while it is idle, more with TLS. Connections beyond `conn_limit` wait to be accepted.

| Metric | Type | Meaning |
|---|---|---|
| `pyroscope_receive_http_tcp_connections` | gauge | Connections that are open. |
| `pyroscope_receive_http_tcp_connections_limit` | gauge | `conn_limit`. |
| `pyroscope_receive_http_request_duration_seconds` | histogram | Time from the request to its answer, by method, route and status. |
| `pyroscope_receive_http_request_message_bytes`, `_response_message_bytes` | histogram | Sizes of bodies. |
| `pyroscope_receive_http_inflight_requests` | gauge | Requests that wait for their answer. |
| `pyroscope_receive_http_requests_in_vain_total` | counter | Requests of clients whose profiles cannot be taken, by `status_code`. |
| `pyroscope_receive_http_cut_requests_total` | counter | Requests whose client went away, or was too slow, before they were whole. |)md";

constexpr const char* kExample = R"alloy(pyroscope.receive_http "sdk" {
  http {
    listen_address = "0.0.0.0"
    listen_port    = 4040
  }
  forward_to = [pyroscope.write.backend.receiver]
}

pyroscope.write "backend" {
  endpoint {
    url = "http://pyroscope:4040"
  }
}
)alloy";

}  // namespace

component::Registration registration() {
  return {
      .name = "pyroscope.receive_http",
      .summary = "Receives profiles over HTTP from SDKs and other agents.",
      .arguments = &arguments_schema,
      .build = &component::build_by_update<ReceiveHttp>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::pyroscope_receive_http
