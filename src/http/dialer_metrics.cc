#include "http/dialer_metrics.h"

namespace invar::http {

DialerMetrics DialerMetrics::create(metrics::Scope* scope, const std::string& dialer_name) {
  DialerMetrics m;
  if (!scope) return m;
  const metrics::LabelPairs labels = {{"dialer_name", dialer_name}};
  m.attempted_ =
      &scope->counter("net_conntrack_dialer_conn_attempted_total", "Connections that were tried.", labels);
  m.established_ =
      &scope->counter("net_conntrack_dialer_conn_established_total", "Connections that came about.", labels);
  m.closed_ = &scope->counter("net_conntrack_dialer_conn_closed_total",
                              "Established connections that were closed again.", labels);
  m.reused_ = &scope->counter("invar_http_client_reused_connections_total",
                              "Requests that went over a connection kept from an earlier one.", labels);
  constexpr std::array kReasons = {"resolution", "refused", "timeout", "unknown"};
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    m.failed_[i] = &scope->counter("net_conntrack_dialer_conn_failed_total",
                                   "Connections that failed to come about, by reason.",
                                   {{"dialer_name", dialer_name}, {"reason", kReasons[i]}});
  }
  return m;
}

}  // namespace invar::http
