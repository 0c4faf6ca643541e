#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <list>
#include <map>
#include <unordered_map>
#include <variant>

#include "base/check.h"
#include "metrics/exposition.h"

namespace invar::metrics {
namespace {

class CounterImpl final : public Counter {
 public:
  void add(double n) override {
    if (n > 0) counter_.Increment(n);  // a counter never falls, and never becomes NaN
  }
  double value() const override { return counter_.Value(); }

 private:
  prometheus::Counter counter_;
};

class GaugeImpl final : public Gauge {
 public:
  void set(double v) override { gauge_.Set(v); }
  void add(double n) override { gauge_.Increment(n); }
  double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge gauge_;
};

class HistogramImpl final : public Histogram {
 public:
  explicit HistogramImpl(const std::vector<double>& buckets) : histogram_(buckets) {}
  void observe(double v) override { histogram_.Observe(v); }
  prometheus::ClientMetric::Histogram read() const { return histogram_.Collect().histogram; }

 private:
  prometheus::Histogram histogram_;
};

enum class Kind { kCounter, kGauge, kHistogram };

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

struct Series {
  std::variant<std::monostate, CounterImpl, GaugeImpl, HistogramImpl> metric;
  std::size_t users = 0;  // scopes that hold it; two scopes with equal labels share one series
};

struct Family {
  std::string help;
  Kind kind = Kind::kGauge;
  std::map<std::string, Series, std::less<>> series;  // by rendered labels; nodes never move
};

using Families = std::map<std::string, Family, std::less<>>;

void append_histogram(std::string& out, const std::string& name, const std::string& labels,
                      const HistogramImpl& histogram) {
  const auto state = histogram.read();
  const std::string comma = labels.empty() ? "" : ",";
  for (const auto& bucket : state.bucket) {
    append_sample(out, name + "_bucket", labels + comma + "le=\"" + format_value(bucket.upper_bound) + "\"",
                  static_cast<double>(bucket.cumulative_count));
  }
  append_sample(out, name + "_sum", labels, state.sample_sum);
  append_sample(out, name + "_count", labels, static_cast<double>(state.sample_count));
}

void append_series(std::string& out, const std::string& name, const std::string& labels,
                   const Series& series) {
  if (const auto* counter = std::get_if<CounterImpl>(&series.metric)) {
    append_sample(out, name, labels, counter->value());
  } else if (const auto* gauge = std::get_if<GaugeImpl>(&series.metric)) {
    append_sample(out, name, labels, gauge->value());
  } else if (const auto* histogram = std::get_if<HistogramImpl>(&series.metric)) {
    append_histogram(out, name, labels, *histogram);
  }
}

void check_labels(const LabelPairs& labels) {
  for (const auto& [name, value] : labels) INVAR_CHECK(valid_label_name(name), name);
}

class RegistryImpl;

class ScopeImpl final : public Scope {
 public:
  ScopeImpl(RegistryImpl& registry, LabelPairs constant_labels);
  ~ScopeImpl() override;

  Counter& counter(std::string_view name, std::string_view help, const LabelPairs& labels) override {
    Series& series = find_or_add(name, help, Kind::kCounter, labels);
    return metric_of<CounterImpl>(series, name);
  }

  Gauge& gauge(std::string_view name, std::string_view help, const LabelPairs& labels) override {
    Series& series = find_or_add(name, help, Kind::kGauge, labels);
    return metric_of<GaugeImpl>(series, name);
  }

  Histogram& histogram(std::string_view name, std::string_view help, const std::vector<double>& buckets,
                       const LabelPairs& labels) override {
    INVAR_CHECK(std::ranges::is_sorted(buckets), name);
    Series& series = find_or_add(name, help, Kind::kHistogram, labels);
    return metric_of<HistogramImpl>(series, name, buckets);
  }

  void on_collect(Collect collect) override { collects_.push_back(std::move(collect)); }
  void remove(std::string_view name, const LabelPairs& labels) override;
  std::unique_ptr<Scope> child(const LabelPairs& labels) override;

  // The samples of the callbacks, with this scope's labels where a sample does not set them itself.
  void run_callbacks(std::vector<Sample>& out) const {
    for (const Collect& collect : collects_) {
      const std::size_t first = out.size();
      collect(out);
      for (std::size_t i = first; i < out.size(); ++i) add_constant_labels(out[i].labels);
    }
  }

 private:
  // Names are few and label texts many: keyed by the name's family, then by the labels.
  using Owned = std::map<std::string, std::unordered_map<std::string, Series*>, std::less<>>;

  template <class T, class... Args>
  static T& metric_of(Series& series, std::string_view name, const Args&... args) {
    if (std::holds_alternative<std::monostate>(series.metric)) series.metric.emplace<T>(args...);
    T* metric = std::get_if<T>(&series.metric);
    INVAR_CHECK(metric != nullptr, name);
    return *metric;
  }

  void add_constant_labels(LabelPairs& labels) const {
    for (const auto& constant : constant_labels_) {
      const bool own =
          std::ranges::any_of(labels, [&](const auto& label) { return label.first == constant.first; });
      if (!own) labels.push_back(constant);
    }
  }

  std::string key_of(const LabelPairs& labels) const {
    LabelPairs all = constant_labels_;
    all.insert(all.end(), labels.begin(), labels.end());
    return render_labels(std::move(all));
  }

  Series& find_or_add(std::string_view name, std::string_view help, Kind kind, const LabelPairs& labels);

  RegistryImpl& registry_;
  const LabelPairs constant_labels_;
  Owned owned_;
  std::vector<Collect> collects_;
  std::list<ScopeImpl*>::iterator place_;
};

class RegistryImpl final : public Registry {
 public:
  ~RegistryImpl() override { INVAR_CHECK(scopes_.empty(), "a metrics scope outlives its registry"); }

  std::unique_ptr<Scope> scope(const LabelPairs& constant_labels) override {
    return std::make_unique<ScopeImpl>(*this, constant_labels);
  }

  std::string collect() override;

  std::list<ScopeImpl*>& scopes() { return scopes_; }

  Series& add(std::string_view name, std::string_view help, Kind kind, const std::string& key) {
    auto family = families_.find(name);
    if (family == families_.end()) {
      INVAR_CHECK(valid_metric_name(name), name);
      family = families_.emplace(std::string(name), Family{std::string(help), kind, {}}).first;
    }
    INVAR_CHECK(family->second.kind == kind, name);
    Series& series = family->second.series[key];
    ++series.users;
    return series;
  }

  void release(std::string_view name, std::string_view key) {
    const auto family = families_.find(name);
    if (family == families_.end()) return;
    auto& series = family->second.series;
    const auto found = series.find(key);
    if (found == series.end() || --found->second.users > 0) return;
    series.erase(found);
    if (series.empty()) families_.erase(family);
  }

 private:
  // What one family shows: its own series and the samples computed for this page.
  struct Page {
    const Family* family = nullptr;
    std::vector<const Sample*> samples;
  };

  static void append_page(std::string& out, const std::string& name, const Page& page);

  Families families_;
  std::list<ScopeImpl*> scopes_;
  std::size_t last_size_ = 0;
};

void RegistryImpl::append_page(std::string& out, const std::string& name, const Page& page) {
  const auto kind_of = [](const Sample& sample) {
    return sample.kind == SampleKind::kCounter ? Kind::kCounter : Kind::kGauge;
  };
  const Kind kind = page.family ? page.family->kind : kind_of(*page.samples.front());
  append_help(
      out, name,
      page.family ? std::string_view(page.family->help) : std::string_view(page.samples.front()->help));
  append_type(out, name, type_name(kind));
  if (page.family && page.samples.empty()) {
    for (const auto& [labels, series] : page.family->series) append_series(out, name, labels, series);
    return;
  }
  // One series may be shown once only, or the scraper refuses the page: real series win over samples, first
  // ones over later.
  std::map<std::string, const Sample*> computed;
  for (const Sample* sample : page.samples) {
    INVAR_CHECK(kind_of(*sample) == kind, name);
    check_labels(sample->labels);
    computed.emplace(render_labels(sample->labels), sample);
  }
  auto next = computed.begin();
  if (page.family) {
    for (const auto& [labels, series] : page.family->series) {
      for (; next != computed.end() && next->first < labels; ++next)
        append_sample(out, name, next->first, next->second->value);
      if (next != computed.end() && next->first == labels) ++next;
      append_series(out, name, labels, series);
    }
  }
  for (; next != computed.end(); ++next) append_sample(out, name, next->first, next->second->value);
}

std::string RegistryImpl::collect() {
  std::vector<Sample> samples;
  for (const ScopeImpl* scope : scopes_) scope->run_callbacks(samples);

  std::map<std::string_view, Page> pages;
  for (const auto& [name, family] : families_) pages[name].family = &family;
  for (const Sample& sample : samples) {
    INVAR_CHECK(valid_metric_name(sample.name), sample.name);
    pages[sample.name].samples.push_back(&sample);
  }
  std::string out;
  out.reserve(last_size_ + last_size_ / 8);
  for (const auto& [name, page] : pages) append_page(out, std::string(name), page);
  last_size_ = out.size();
  return out;
}

ScopeImpl::ScopeImpl(RegistryImpl& registry, LabelPairs constant_labels)
    : registry_(registry), constant_labels_(std::move(constant_labels)) {
  check_labels(constant_labels_);
  place_ = registry_.scopes().insert(registry_.scopes().end(), this);
}

ScopeImpl::~ScopeImpl() {
  registry_.scopes().erase(place_);
  for (const auto& [name, series] : owned_) {
    for (const auto& [key, unused] : series) registry_.release(name, key);
  }
}

Series& ScopeImpl::find_or_add(std::string_view name, std::string_view help, Kind kind,
                               const LabelPairs& labels) {
  auto family = owned_.find(name);
  if (family == owned_.end()) family = owned_.try_emplace(std::string(name)).first;
  std::string key = key_of(labels);
  if (const auto found = family->second.find(key); found != family->second.end()) return *found->second;

  check_labels(labels);
  LabelPairs all = constant_labels_;
  all.insert(all.end(), labels.begin(), labels.end());
  std::ranges::sort(all);
  const auto twice = std::ranges::adjacent_find(all, {}, &LabelPairs::value_type::first);
  INVAR_CHECK(twice == all.end(), twice->first);
  INVAR_CHECK(
      kind != Kind::kHistogram || std::ranges::none_of(all, [](const auto& l) { return l.first == "le"; }),
      name);
  Series& series = registry_.add(name, help, kind, key);
  family->second.emplace(std::move(key), &series);
  return series;
}

void ScopeImpl::remove(std::string_view name, const LabelPairs& labels) {
  const auto family = owned_.find(name);
  if (family == owned_.end()) return;
  const std::string key = key_of(labels);
  if (family->second.erase(key) == 0) return;
  registry_.release(name, key);
  if (family->second.empty()) owned_.erase(family);
}

std::unique_ptr<Scope> ScopeImpl::child(const LabelPairs& labels) {
  LabelPairs all = constant_labels_;
  all.insert(all.end(), labels.begin(), labels.end());
  return std::make_unique<ScopeImpl>(registry_, std::move(all));
}

}  // namespace

std::unique_ptr<Registry> Registry::create() {
  return std::make_unique<RegistryImpl>();
}

}  // namespace invar::metrics
