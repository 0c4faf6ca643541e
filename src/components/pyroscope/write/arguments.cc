#include "components/pyroscope/write/arguments.h"

#include <array>

#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/label_names_rule.h"
#include "component/url_rule.h"

namespace invar::components::pyroscope_write {
namespace {

constexpr std::int64_t kLeastDiskBytes = 1 << 20;

Result<> check_endpoint(const EndpointArguments& endpoint) {
  if (endpoint.remote_timeout <= Duration::zero()) return invalid("remote_timeout must be greater than 0");
  if (endpoint.min_backoff_period < Duration::zero() || endpoint.max_backoff_period < Duration::zero())
    return invalid("min_backoff_period and max_backoff_period must not be negative");
  if (endpoint.max_profile_bytes < 0) return invalid("max_profile_bytes must not be negative");
  return {};
}

Result<> check_queue(const QueueArguments& queue) {
  if (queue.max_memory_bytes <= 0) return invalid("max_memory_bytes must be greater than 0");
  if (queue.max_disk_bytes < 0) return invalid("max_disk_bytes must not be negative");
  if (queue.max_disk_bytes > 0 && queue.max_disk_bytes < kLeastDiskBytes)
    return invalid("max_disk_bytes must be 0, or at least 1048576");
  if (queue.sync == "always" && queue.max_disk_bytes == 0)
    return invalid("sync = \"always\" needs max_disk_bytes greater than 0");
  if (queue.max_age < Duration::zero()) return invalid("max_age must not be negative");
  if (queue.flush_timeout < Duration::zero()) return invalid("flush_timeout must not be negative");
  return {};
}

constexpr std::array<std::string_view, 2> kSync = {"spill", "always"};
constexpr std::array<std::string_view, 2> kEnds = {"drop", "keep"};

const syntax::Schema& endpoint_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<EndpointArguments>()
          .attribute("name", &EndpointArguments::name, "Optional name to identify the endpoint in metrics.")
          .attribute_with<component::UrlCodec>("url", &EndpointArguments::url,
                                               "Full URL of the Pyroscope server to send profiles to.")
          .required()
          .valid([](const EndpointArguments& endpoint) {
            return component::check_server_url(endpoint.url, {.query_allowed = false});
          })
          .attribute("remote_timeout", &EndpointArguments::remote_timeout,
                     "Timeout for requests made to the URL; it holds for each attempt.")
          .attribute("headers", &EndpointArguments::headers, "Extra headers to deliver with the request.")
          .valid([](const EndpointArguments& endpoint) { return component::check_headers(endpoint.headers); })
          .squash(&EndpointArguments::client, component::http_client_schema())
          .attribute("min_backoff_period", &EndpointArguments::min_backoff_period,
                     "Initial backoff time between retries.")
          .attribute("max_backoff_period", &EndpointArguments::max_backoff_period,
                     "Maximum backoff time between retries.")
          .attribute("max_backoff_retries", &EndpointArguments::max_backoff_retries,
                     "Maximum number of attempts for one profile. 0 to retry infinitely.")
          .attribute("retry_on_http_429", &EndpointArguments::retry_on_http_429,
                     "Whether a profile that the server refuses for its rate (status 429) is sent again.")
          .attribute("debug_info_upload_timeout", &EndpointArguments::debug_info_upload_timeout,
                     "Accepted so that existing files load; Invar uploads no debug information.")
          .attribute("max_profile_bytes", &EndpointArguments::max_profile_bytes,
                     "The server's limit for an uncompressed profile, if known (Pyroscope's default is 4 "
                     "MiB). What is "
                     "larger is not sent, and counted as refused. 0 leaves it to the server.")
          .invar_only()
          .check(&check_endpoint)
          .build();
  return schema;
}

const syntax::Schema& queue_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<QueueArguments>()
          .attribute(
              "max_memory_bytes", &QueueArguments::max_memory_bytes,
              "Memory for the profiles of one endpoint that wait or are being sent. When it is full, what is "
              "also on disk leaves it; after that the oldest waiting profile is dropped for a new one.")
          .invar_only()
          .attribute("max_disk_bytes", &QueueArguments::max_disk_bytes,
                     "Disk space for the profiles of one endpoint, in the storage directory. When it is full "
                     "the oldest "
                     "profiles are dropped for new ones. 0 keeps everything in memory.")
          .invar_only()
          .attribute("max_age", &QueueArguments::max_age,
                     "Profiles older than this are not sent any more: a Pyroscope server refuses what was "
                     "taken more than an hour ago, unless it is set up otherwise. `\"0s\"` sends at any age.")
          .invar_only()
          .attribute(
              "flush_timeout", &QueueArguments::flush_timeout,
              "How long a stop waits for queued profiles to be sent. What is left then stays on disk for the "
              "next start.")
          .invar_only()
          .attribute(
              "sync", &QueueArguments::sync,
              "When a profile is written to disk: `\"spill\"` when its first attempt failed or it has waited "
              "1 s; `\"always\"` before anything else, so that nothing that `pyroscope.receive_http` has "
              "confirmed "
              "can be lost.")
          .invar_only()
          .valid([](const QueueArguments& queue) {
            return component::check_choice(queue.sync, "unknown sync", kSync);
          })
          .attribute("on_retries_exhausted", &QueueArguments::on_retries_exhausted,
                     "What becomes of a profile after `max_backoff_retries`: `\"drop\"`, or `\"keep\"` to "
                     "try on until `max_age`.")
          .invar_only()
          .valid([](const QueueArguments& queue) {
            return component::check_choice(queue.on_retries_exhausted, "unknown on_retries_exhausted", kEnds);
          })
          .check(&check_queue)
          .build();
  return schema;
}

const syntax::Schema& tracing_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TracingArguments>()
          .attribute("jaeger_propagator", &TracingArguments::jaeger_propagator,
                     "Accepted so that existing files load.")
          .attribute("trace_context_propagator", &TracingArguments::trace_context_propagator,
                     "Accepted so that existing files load.")
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("external_labels", &Arguments::external_labels,
                     "Labels to add to profiles sent over the network.")
          .valid([](const Arguments& arguments) {
            return component::check_label_names(arguments.external_labels);
          })
          .block("endpoint", &Arguments::endpoints, endpoint_schema(), "Location to send profiles to.")
          .block("queue", &Arguments::queue, queue_schema(),
                 "How profiles wait for a server that is slow or away. Each endpoint has a queue of its own.")
          .invar_only()
          .block("tracing", &Arguments::tracing, tracing_schema(),
                 "Accepted so that existing files load; Invar sends no trace headers.")
          .build();
  return schema;
}

}  // namespace invar::components::pyroscope_write
