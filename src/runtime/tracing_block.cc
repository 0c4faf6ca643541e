#include "runtime/tracing_block.h"

namespace invar::runtime {
namespace {

const syntax::Schema& jaeger_remote_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<JaegerRemoteSampler>()
          .attribute("url", &JaegerRemoteSampler::url, "Where sampling strategies are asked for.")
          .attribute("max_operations", &JaegerRemoteSampler::max_operations,
                     "Number of operations with a sampling rate of their own.")
          .attribute("refresh_interval", &JaegerRemoteSampler::refresh_interval,
                     "Time between two questions.")
          .build();
  return schema;
}

const syntax::Schema& sampler_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TracingSampler>()
          .block("jaeger_remote", &TracingSampler::jaeger_remote, jaeger_remote_schema(),
                 "Sampling decided by a Jaeger server.")
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& tracing_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TracingArguments>()
          .attribute("sampling_fraction", &TracingArguments::sampling_fraction,
                     "Share of traces that is kept.")
          .attribute("write_to", &TracingArguments::write_to, "Accepted for compatibility; must be empty.")
          .attribute("send_traceparent", &TracingArguments::send_traceparent,
                     "Accepted for compatibility; no `traceparent` header is ever sent.")
          .block("sampler", &TracingArguments::sampler, sampler_schema(), "How traces are sampled.")
          .build();
  return schema;
}

ConfigBlock tracing_block() {
  return {.name = "tracing", .schema = &tracing_schema(), .apply = [](const syntax::Boxed&) -> Result<> {
            return {};
          }};
}

}  // namespace invar::runtime
