#include "services/ledger_page.h"

#include <fmt/format.h>

#include "base/html.h"
#include "json/writer.h"

namespace invar::services {
namespace {

using pipeline::LedgerRow;
using Visit = std::function<void(const std::string& component, const std::string& destination,
                                 const std::string& profile, const LedgerRow& row)>;

void for_each_row(const component::ComponentDirectory& components, const Visit& visit) {
  for (const component::ComponentView& view : components.list_all())
    for (const component::LedgerView& ledger : view.ledgers)
      for (const auto& [profile, row] : ledger.rows) visit(view.id(), ledger.destination, profile, row);
}

void append_reasons(json::Writer& out, const std::map<std::string, std::uint64_t>& reasons) {
  out.begin_object();
  for (const auto& [reason, count] : reasons) out.field(reason, count);
  out.end_object();
}

// "12 (invalid 10, too large 2)"
std::string reasons_cell(std::uint64_t sum, const std::map<std::string, std::uint64_t>& reasons) {
  std::string why;
  for (const auto& [reason, count] : reasons)
    why += fmt::format("{}{} {}", why.empty() ? "" : ", ", escape_html(reason), count);
  return why.empty() ? std::to_string(sum) : fmt::format("{} <span class=\"soft\">({})</span>", sum, why);
}

}  // namespace

LedgerWatch::LedgerWatch(async::Loop& loop, const component::ComponentDirectory& components)
    : loop_(loop), components_(components), timer_(loop) {
  sample();
}

void LedgerWatch::sample() {
  Sample next{loop_.now(), {}};
  for_each_row(components_,
               [&](const auto& component, const auto& destination, const auto& profile, const auto& row) {
                 next.counts.emplace(Key(component, destination, profile), std::pair(row.taken, row.sent));
               });
  samples_.push_back(std::move(next));
  if (samples_.size() > kSamples) samples_.pop_front();
  timer_.arm_after(kEvery, [this] { sample(); });
}

LedgerRates LedgerWatch::rates(const std::string& component, const std::string& destination,
                               const std::string& profile, const LedgerRow& now) const {
  const Sample& before = samples_.front();
  const double seconds = std::chrono::duration<double>(loop_.now() - before.at).count();
  if (seconds < 1) return {};
  const auto found = before.counts.find(Key(component, destination, profile));
  const auto [taken, sent] =
      found == before.counts.end() ? std::pair<std::uint64_t, std::uint64_t>() : found->second;
  if (now.taken < taken || now.sent < sent) return {};  // a component that was made anew
  return {static_cast<double>(now.taken - taken) / seconds, static_cast<double>(now.sent - sent) / seconds};
}

std::string ledger_json(const component::ComponentDirectory& components, const LedgerWatch& watch) {
  std::string text;
  json::Writer out(text);
  out.begin_array();
  for_each_row(components,
               [&](const auto& component, const auto& destination, const auto& profile, const auto& row) {
                 const LedgerRates rates = watch.rates(component, destination, profile, row);
                 out.begin_object().field("componentID", component).field("destination", destination);
                 out.field("profile", profile).field("taken", row.taken).field("sent", row.sent);
                 out.field("queued", row.queued).field("refused", row.refused).field("expired", row.expired);
                 out.field("dropped", row.dropped).field("recovered", row.recovered);
                 append_reasons(out.key("refusedByReason"), row.refused_by_reason);
                 append_reasons(out.key("droppedByReason"), row.dropped_by_reason);
                 out.key("takenPerSecond").raw(fmt::format("{:.3f}", rates.taken));
                 out.key("sentPerSecond").raw(fmt::format("{:.3f}", rates.sent)).end_object();
               });
  out.end_array();
  return text;
}

std::string ledger_table(const component::ComponentDirectory& components, const LedgerWatch& watch) {
  std::string rows;
  for_each_row(components,
               [&](const auto& component, const auto& destination, const auto& profile, const auto& row) {
                 const LedgerRates rates = watch.rates(component, destination, profile, row);
                 rows += fmt::format(
                     "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</"
                     "td><td>{}</td><td>{}</td>"
                     "<td>{}</td><td>{:.2f}</td><td>{:.2f}</td></tr>",
                     escape_html(component), escape_html(destination), escape_html(profile), row.taken,
                     row.sent, row.queued, reasons_cell(row.refused, row.refused_by_reason), row.expired,
                     reasons_cell(row.dropped, row.dropped_by_reason), rates.taken, rates.sent);
               });
  if (rows.empty()) return "";
  return "<section><h2 id=\"ledger\">Where the profiles went</h2><p class=\"soft\">Taken = sent + queued + "
         "refused + "
         "expired + "
         "dropped. Rates are those of the last minute.</p><div class=\"scroll\"><table><tr><th>Component</th>"
         "<th>Destination</th><th>Profile</th><th>Taken</th><th>Sent</th><th>Queued</th><th>Refused</"
         "th><th>Expired</th>"
         "<th>Dropped</th><th>Taken/s</th><th>Sent/s</th></tr>" +
         rows + "</table></div></section>";
}

}  // namespace invar::services
