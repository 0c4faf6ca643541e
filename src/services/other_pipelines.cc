#include "services/other_pipelines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/html.h"
#include "json/writer.h"

namespace invar::services {
namespace {

constexpr std::string_view kDefaultPort = "12345";  // of the other agent's own server

}  // namespace

LeftToOthers left_to_others(const component::OtherPipelines& pipelines, std::string_view listen_address) {
  LeftToOthers left;
  if (pipelines.left_out.empty()) return left;
  for (const auto& block : pipelines.left_out) ++left.families[block.name.substr(0, block.name.find('.'))];
  const std::string_view own = listen_address.substr(listen_address.rfind(':') + 1);
  if (own == kDefaultPort) left.ports.push_back({12345, "--server.http.listen-addr; Alloy's default, too"});
  for (const auto& listener : pipelines.listeners)
    for (const std::int64_t port : listener.ports)
      left.ports.push_back(
          {port, fmt::format("{} at {}, if the other agent runs it, too", listener.id, listener.place)});
  for (const auto& block : pipelines.left_out)
    for (const std::int64_t port : block.ports)
      if (own == fmt::to_string(port) || std::ranges::any_of(pipelines.listeners, [&](const auto& listener) {
            return std::ranges::find(listener.ports, port) != listener.ports.end();
          }))
        left.ports.push_back({port, fmt::format("{} at {}, of the other agent", block.id, block.place)});
  std::ranges::stable_sort(left.ports, {}, &LeftToOthers::Port::number);
  return left;
}

std::string left_to_others_text(const LeftToOthers& left) {
  if (left.families.empty()) return {};
  std::string out = "left to the other agent (--skip-other-pipelines):\n";
  std::size_t width = 0;
  for (const auto& [family, blocks] : left.families) width = std::max(width, family.size());
  for (const auto& [family, blocks] : left.families)
    out += fmt::format("  {:<{}}  {:>4}\n", family, width, blocks);
  if (!left.ports.empty()) out += "ports that both would want:\n";
  for (const auto& port : left.ports) out += fmt::format("  {:<5}  {}\n", port.number, port.whose);
  return out;
}

std::string left_to_others_html(const LeftToOthers& left) {
  if (left.families.empty()) return {};
  std::string out =
      "<section><h2 id=\"others\">Left to the other agent</h2><p class=\"soft\">Blocks that "
      "<code>--skip-other-pipelines</code> leaves out, with what only they use.</p><table><tr><th>Family</th>"
      "<th class=\"number\">Blocks</th></tr>";
  for (const auto& [family, blocks] : left.families)
    out += fmt::format("<tr><td><code>{}</code></td><td class=\"number\">{}</td></tr>", family, blocks);
  out += "</table>";
  if (!left.ports.empty()) {
    out += "<p>Ports that both would want:</p><ul>";
    for (const auto& port : left.ports)
      out += fmt::format("<li><code>{}</code> {}</li>", port.number, escape_html(port.whose));
    out += "</ul>";
  }
  return out + "</section>";
}

std::string left_to_others_json(const LeftToOthers& left, const component::OtherPipelines& pipelines) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("families").begin_object();
  for (const auto& [family, blocks] : left.families) writer.field(family, blocks);
  writer.end_object().key("ports").begin_array();
  for (const auto& port : left.ports)
    writer.begin_object().field("port", port.number).field("whose", port.whose).end_object();
  writer.end_array().key("blocks").begin_array();
  for (const auto& block : pipelines.left_out)
    writer.begin_object().field("id", block.id).field("place", block.place).end_object();
  writer.end_array().end_object();
  return out;
}

}  // namespace invar::services
