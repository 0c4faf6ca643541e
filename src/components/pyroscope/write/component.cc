#include "components/pyroscope/write/component.h"
#include "component/receiver.h"

#include <random>
#include <utility>

#include "base/build_info.h"
#include "base/strings.h"
#include "component/answer_times.h"
#include "component/queue_ages.h"
#include "component/shown_arguments.h"
#include "components/pyroscope/write/arguments.h"
#include "components/pyroscope/write/writer.h"
#include "delivery/push_request.h"

namespace invar::components::pyroscope_write {
namespace {

Writer::Environment environment_of(const component::Options& options) {
  Writer::Environment environment;
  environment.component_id = options.id;
  environment.instance_uid = options.instance_uid;
  environment.user_agent = user_agent();
  environment.logger = options.logger;
  environment.metrics = options.metrics;
  environment.loop = options.loop;
  environment.pool = options.pool;
  if (!options.data_path.empty()) environment.disk_pool = options.disk_pool;
  environment.files = options.files;
  environment.data_path = options.data_path;
  environment.http = options.http;
  environment.tap = options.tap;
  environment.random = [engine = std::mt19937_64(std::random_device()())]() mutable { return engine(); };
  return environment;
}

// As it goes out, over a header of that name that was written.
void add_instance(std::map<std::string, std::string>& headers, const std::string& uid) {
  if (uid.empty()) return;
  std::erase_if(headers, [](const auto& header) {
    return equals_ignore_case(header.first, delivery::kInstanceHeader);
  });
  headers.emplace(std::string(delivery::kInstanceHeader), uid);
}

class Write final : public component::Component,
                    public component::AddsToArguments,
                    public component::QueueAges,
                    public component::AnswerTimes {
 public:
  explicit Write(component::Options options)
      : options_(std::move(options)), writer_(environment_of(options_)) {}

  void start() override {}
  Result<> update(const component::Boxed& boxed) override {
    INVAR_TRY(writer_.configure(boxed.as<Arguments>()));
    options_.set_exports(component::Boxed::of(component::receiver_exports_schema(),
                                              component::ReceiverExports{writer_.receiver()}));
    return {};
  }
  void stop(async::Task done) override { writer_.stop(std::move(done)); }
  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const override {
    return at_least == component::Severity::kDegraded ? writer_.problems()
                                                      : std::vector<component::Problem>();
  }
  [[nodiscard]] component::BodyValue debug_info() const override { return writer_.debug_info(); }
  [[nodiscard]] std::vector<const pipeline::Ledger*> ledgers() const override { return writer_.ledgers(); }
  [[nodiscard]] std::vector<component::OutletView> outlets() const override { return writer_.outlets(); }
  [[nodiscard]] std::vector<std::uint64_t> queue_ages(std::string_view url) const override {
    return writer_.queue_ages(url);
  }
  [[nodiscard]] const LastDurations* answer_times(std::string_view url) const override {
    return writer_.answer_times(url);
  }
  [[nodiscard]] component::Boxed with_additions(const component::Boxed& written) const override {
    Arguments arguments = written.as<Arguments>();
    for (EndpointArguments& endpoint : arguments.endpoints)
      add_instance(endpoint.headers, options_.instance_uid);
    return component::Boxed::of(arguments_schema(), std::move(arguments));
  }

 private:
  component::Options options_;
  Writer writer_;
};

}  // namespace

component::Registration registration() {
  component::Registration registration;
  registration.name = "pyroscope.write";
  registration.summary = "Receives profiles and sends them to Pyroscope servers.";
  registration.stability = component::Stability::kGenerallyAvailable;
  registration.arguments = &arguments_schema;
  registration.exports = &component::receiver_exports_schema;
  registration.build =
      [](component::Options options,
         const component::Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
    auto built = std::make_unique<Write>(std::move(options));
    INVAR_TRY(built->update(arguments));
    return built;
  };
  registration.documentation =
      R"md(When `pyroscope.write` forwards profiles, all labels starting with a double underscore (`__`) are dropped before the data is sent,
except `__name__`, which identifies the profile type, and `__delta__`. This holds for pushed profiles and for `/ingest` bodies.

Every endpoint has a queue and a sender of its own. The receiver answers at once; an endpoint that is slow or away delays neither a
scrape nor another endpoint. Each profile is one request; after an outage live profiles and the backlog, oldest first,
take turns. How many requests are in flight follows what the server bears (1 to 32).

A reply decides what happens next:

| Reply | What Invar does |
|---|---|
| 200 from Pyroscope | the profile is sent |
| 408, 429, 500 and above except 501, no connection, no answer in `remote_timeout` | tries again after a wait that doubles from `min_backoff_period` to `max_backoff_period`; a longer `Retry-After` is honoured |
| 200 with a page that is not Pyroscope's, also on `/ingest` | the same: a proxy answered |
| 429 that names a rate, for a profile of more than half of it | tries once more when an empty bucket would have filled; then gives the profile up, as larger than the server's burst, unless the server has taken one as large |
| 401, 403 | keeps the profiles and asks again until the credentials are mended, by a reload or in their file |
| 404, 405, 421, a redirect that is not followed or loses the body, `http://` to a port that speaks HTTPS or the reverse, a peer that speaks no HTTP | the same: keeps the profiles until the address is right (404, 405 and redirects of `/ingest` only while the endpoint has taken nothing) |
| an answer that breaks off or is too large | sends the profile once more, then gives it up: the server may have stored it |
| another 4xx, 501 | gives the profile up: the server would refuse it again |

After `max_backoff_retries` attempts a profile is dropped, unless `on_retries_exhausted` in the `queue` block says `"keep"`. A profile
older than `max_age` is not sent any more.

A profile whose first attempt failed, or that has waited a second, is written to the storage directory within 200 ms. After a restart,
also after `kill -9`, Invar sends the same bytes; a kill can take only what was not written yet, and with `sync = "always"` that is nothing
that `pyroscope.receive_http` has confirmed. A stop leaves on disk what could not be sent. While the disk fails or is full, profiles wait in memory, and
the status page says so. The queue of an endpoint that is removed by a reload is sent for up to a minute, then dropped; one that is no longer
configured at a start is dropped. When the whole component is removed, its queue stays in the storage directory until the component
comes back under its name: the log says how much that is, and the status page and the gauge `invar_left_on_disk_profiles` show it.

What a server would refuse anyway is not sent: a body from elsewhere that is no profile, has no value above zero, or was taken (by the time inside
it) longer than `max_age` ago, and one that is larger than `max_profile_bytes`.

Nothing is lost without being counted: for every endpoint and profile type, `pyroscope_ledger_taken_total` equals the sum of `sent`,
`refused`, `expired` and `dropped`, and `pyroscope_ledger_queued`. What a start finds on disk counts as taken again, and in
`pyroscope_ledger_recovered_total`. The same stands under `/api/v0/web/ledger` and on the status page.

The `endpoint` label of the metrics is the URL as configured, a password in it replaced by `xxxxx`.)md";
  registration.example = R"alloy(pyroscope.write "staging" {
  // Send profiles to a locally running Pyroscope instance.
  endpoint {
    url = "http://pyroscope:4040"
    headers = {
      "X-Scope-OrgID" = "squad-1",
    }
  }
  external_labels = {
    "env" = "staging",
  }
}
)alloy";
  return registration;
}

}  // namespace invar::components::pyroscope_write
