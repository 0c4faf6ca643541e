// Prometheus text exposition format 0.0.4: names, escaping, numbers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "metrics/metrics.h"

namespace invar::metrics {

bool valid_metric_name(std::string_view name);
bool valid_label_name(std::string_view name);  // not one of the reserved names that begin with "__"

// `a="1",b="x y"` with names sorted and values escaped: the text of the series and its key. A malformed UTF-8
// byte becomes U+FFFD, because a scraper would refuse the whole page for it.
std::string render_labels(LabelPairs labels);
void append_help(std::string& out, std::string_view name, std::string_view help);
void append_type(std::string& out, std::string_view name, std::string_view type);
// `name{labels} value`; `labels` as from render_labels().
void append_sample(std::string& out, std::string_view name, std::string_view labels, double value);
std::string format_value(double value);

}  // namespace invar::metrics
