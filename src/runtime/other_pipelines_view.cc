#include "runtime/other_pipelines_view.h"

#include <charconv>
#include <string_view>

namespace invar::runtime {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

constexpr std::int64_t kReceiveHttpPort = 8080;  // of pyroscope.receive_http, unless it says another

void add_port(std::string_view text, std::vector<std::int64_t>& out) {
  constexpr std::int64_t kHighest = 65535;
  std::int64_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port > 0 && port <= kHighest)
    out.push_back(port);
}

// Literal ports: `listen_port = 4040`, `endpoint = "0.0.0.0:4317"`.
void collect_ports(const Block& block, std::vector<std::int64_t>& out) {
  for (const syntax::ast::Statement& statement : block.body.statements) {
    if (const auto* inner = std::get_if<Block>(&statement.node)) {
      collect_ports(*inner, out);
      continue;
    }
    const auto& attribute = std::get<syntax::ast::Attribute>(statement.node);
    const auto* literal = std::get_if<syntax::ast::Literal>(&attribute.value->node);
    if (literal == nullptr) continue;
    std::string_view text = literal->text;
    if (attribute.name == "listen_port") {
      add_port(text, out);
    } else if (attribute.name == "endpoint" || attribute.name == "listen_address") {
      text = text.substr(0, text.size() - 1);
      if (const auto colon = text.rfind(':'); colon != std::string_view::npos)
        add_port(text.substr(colon + 1), out);
    }
  }
}

component::OtherPipelines::Block described(const BlockRef& ref) {
  component::OtherPipelines::Block block{
      .name = ref.block->full_name(),
      .id = ref.block->id(),
      .place = syntax::position_at(ref.file->source, ref.span.begin).to_string(),
      .ports = {}};
  collect_ports(*ref.block, block.ports);
  return block;
}

}  // namespace

void OtherPipelinesView::left_out(const BlockRef& ref) {
  if (seen_.emplace(ref.file->source.get(), ref.span.begin).second) found_.left_out.push_back(described(ref));
}

void OtherPipelinesView::remains(const BlockRef& ref) {
  if (ref.block->full_name() != "pyroscope.receive_http") return;
  if (!seen_.emplace(ref.file->source.get(), ref.span.begin).second) return;
  component::OtherPipelines::Block block = described(ref);
  if (block.ports.empty()) block.ports.push_back(kReceiveHttpPort);
  found_.listeners.push_back(std::move(block));
}

component::OtherPipelines OtherPipelinesView::take() {
  return std::move(found_);
}

}  // namespace invar::runtime
