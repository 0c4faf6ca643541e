#include "delivery/series_labels.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::delivery {
namespace {

bool stays_behind(std::string_view name) {
  return name.starts_with("__") && name != kMetricName && name != kDelta;
}

std::unexpected<Error> invalid(const std::string& why) {
  return fail(ErrorCode::kInvalidArgument, "invalid labels in profile: " + why);
}

Result<> validate(const LabelsBuilder& labels) {
  if (labels.sorted().empty()) return invalid("service name is required");
  for (const Label& label : labels.sorted()) {
    if (!valid_utf8(label.value))
      return invalid("invalid label value for " + label.name + ": " + label.value);
    if (label.name.empty()) return invalid("invalid label name: label name is required");
    if (!valid_utf8(label.name)) return invalid("invalid label name: " + quote(label.name) + " is not UTF-8");
  }
  return {};
}

LabelsBuilder filtered(const Labels& labels) {
  LabelsBuilder builder;
  for (const Label& label : labels)
    if (!stays_behind(label.name)) builder.set(label.name, label.value);
  return builder;
}

Labels with_external(LabelsBuilder& builder, const ExternalLabels& external) {
  for (const auto& [name, value] : external) builder.set(name, value);
  return builder.build();
}

}  // namespace

Result<Labels> push_labels(const Labels& labels, const ExternalLabels& external) {
  LabelsBuilder builder = filtered(labels);
  INVAR_TRY(validate(builder));
  return with_external(builder, external);
}

Result<Labels> ingest_labels(const Labels& labels, const ExternalLabels& external) {
  LabelsBuilder builder = filtered(labels);
  if (const std::string service(builder.get(kServiceName)); !service.empty())
    builder.set(kMetricName, service);
  INVAR_TRY(validate(builder));
  return with_external(builder, external);
}

std::string ingest_name(const Labels& labels) {
  const auto safe = [](std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(out, [](char c) { return c == ',' || c == '}'; }, '_');
    return out;
  };
  std::string out = safe(labels.get(kMetricName));
  std::ranges::replace(out, '{', '_');  // here it would start the labels
  out += '{';
  bool first = true;
  for (const Label& label : labels) {
    if (label.name == kMetricName) continue;
    if (!first) out += ',';
    first = false;
    std::string key = safe(label.name);
    std::ranges::replace(key, '=', '_');  // here it would end the name
    out += key + "=" + safe(label.value);
  }
  return out + "}";
}

}  // namespace invar::delivery
