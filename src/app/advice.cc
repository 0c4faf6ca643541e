#include "app/advice.h"

#include "component/relabel_schema.h"
#include "components/discovery/dns/arguments.h"
#include "components/pyroscope/ebpf/arguments.h"
#include "components/pyroscope/receive_http/arguments.h"
#include "components/pyroscope/scrape/profiling_warnings.h"

namespace invar::app {
namespace {

template <class Block, std::vector<std::string> (*kSentences)(const Block&)>
runtime::Advice of(const syntax::Schema& (*schema)()) {
  return {.schema = schema,
          .sentences = [](const void* block) { return kSentences(*static_cast<const Block*>(block)); }};
}

std::vector<std::string> about_rule(const relabel::RuleConfig& rule) {
  std::string sentence = relabel::name_warning(rule);
  return sentence.empty() ? std::vector<std::string>() : std::vector{std::move(sentence)};
}

}  // namespace

std::vector<runtime::Advice> advice() {
  namespace dns = components::discovery_dns;
  namespace ebpf = components::pyroscope_ebpf;
  namespace receive = components::pyroscope_receive_http;
  namespace scrape = components::pyroscope_scrape;
  return {of<relabel::RuleConfig, &about_rule>(&component::profile_rule_schema),
          of<dns::Arguments, &dns::warnings>(&dns::arguments_schema),
          of<scrape::Arguments, &scrape::warnings>(&scrape::arguments_schema),
          of<scrape::ProfilingConfig, &scrape::warnings>(&scrape::profiling_schema),
          of<receive::Arguments, &receive::warnings>(&receive::arguments_schema),
          of<ebpf::Arguments, &ebpf::warnings>(&ebpf::arguments_schema)};
}

}  // namespace invar::app
