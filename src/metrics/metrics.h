// Metrics: counters, gauges and histograms in Prometheus' sense, over prometheus-cpp.
//
// Registry holds the families of the whole process; a Scope belongs to one component (or service), adds its constant
// labels, and takes every series it made with it when it is destroyed. Two scopes may use one family name with other
// labels; help and type come from the first.
// Threads:  handles (Counter, Gauge, Histogram) may be updated from any thread; creating series and scopes, and collect(),
//           on the loop thread only.
// Lifetime: handles live as long as their Scope. The Registry outlives all scopes.
// Errors:   a bad metric or label name is our bug: INVAR_CHECK.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace invar::metrics {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double n = 1) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double v) = 0;
  virtual void add(double n) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double v) = 0;
};

// A value computed while /metrics is read: for figures that must agree with each other at one instant (the ledger).
enum class SampleKind { kCounter, kGauge };
struct Sample {
  std::string name;
  std::string help;
  SampleKind kind = SampleKind::kGauge;
  LabelPairs labels;
  double value = 0;
};
using Collect = std::function<void(std::vector<Sample>& out)>;

class Scope {
 public:
  virtual ~Scope() = default;
  // The same name and labels give the same series again.
  virtual Counter& counter(std::string_view name, std::string_view help, const LabelPairs& labels = {}) = 0;
  virtual Gauge& gauge(std::string_view name, std::string_view help, const LabelPairs& labels = {}) = 0;
  virtual Histogram& histogram(std::string_view name, std::string_view help,
                               const std::vector<double>& buckets, const LabelPairs& labels = {}) = 0;
  virtual void on_collect(Collect collect) = 0;  // called on the loop thread; gone with the scope
  // Removes one series made by this scope (a target that vanished).
  virtual void remove(std::string_view name, const LabelPairs& labels) = 0;
  // A scope with further constant labels; destroy it before its parent.
  virtual std::unique_ptr<Scope> child(const LabelPairs& labels) = 0;
};

class Registry {
 public:
  static std::unique_ptr<Registry> create();
  virtual ~Registry() = default;
  virtual std::unique_ptr<Scope> scope(const LabelPairs& constant_labels) = 0;
  // Prometheus text format 0.0.4, families sorted by name, series by labels.
  [[nodiscard]] virtual std::string collect() = 0;
};

// process_* (CPU, memory, file handles, start time) and invar_build_info, invar_resources_*: runtime.md 15.
void add_process_metrics(Scope& scope);

}  // namespace invar::metrics
