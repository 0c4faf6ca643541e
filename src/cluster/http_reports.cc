#include "cluster/http_reports.h"

#include <fmt/format.h>

#include <utility>

namespace invar::cluster {
namespace {

constexpr Duration kReportTimeout = std::chrono::seconds(5);
constexpr std::size_t kMostBytes = 1 << 20;

}  // namespace

HttpReports::HttpReports(async::Loop& loop, Config config, metrics::Scope& metrics)
    : loop_(loop),
      config_(std::move(config)),
      failed_(metrics.counter("cluster_balance_failed_reports_total",
                              "Reports of costs that the leader did not take.")) {}

void HttpReports::send(const std::string& address, std::string report, async::Task refused) {
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}://{}{}", config_.tls ? "https" : "http", address, kCostsPath);
  request.headers.add("Content-Type", "application/x.invar-costs");
  request.body = share(sealed(config_.seal.get(), Seal::Kind::kCosts, std::move(report), loop_.unix_ns()));
  request.timeout = kReportTimeout;
  request.max_body_bytes = kMostBytes;
  call_ = config_.client->send(
      std::move(request),
      alive_.bind([this, address, refused = std::move(refused)](
                      const std::expected<http::Response, http::Failure>& answer) mutable {
        if (answer && answer->status == 200) return;
        failed_.add();
        refused();
        config_.logger.debug(
            "the leader did not take this node's costs",
            {{"peer", address}, {"err", answer ? answer->status_line : answer.error().message}});
      }));
}

void HttpReports::handle(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  if (request.body.size() > kMostBytes) return responder->send(http::text_response(413, "too large"));
  const auto plain = opened(config_.seal.get(), Seal::Kind::kCosts, request.body, loop_.unix_ns());
  if (!plain) return responder->send(http::text_response(403, plain.error().message));
  const auto report = decode_cost_report(*plain);
  if (!report) return responder->send(http::text_response(400, report.error().message));
  if (report->cluster != config_.cluster_name)
    return responder->send(http::text_response(403, "this node belongs to another cluster"));
  if (!heard || !heard(*report))
    return responder->send(
        http::text_response(409, "this node does not lead, or does not know that one yet"));
  responder->send({200, {}, "", {}});
}

}  // namespace invar::cluster
