#include "app/banner.h"

#include <fmt/format.h>

#include "base/build_info.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "http/client.h"

namespace invar::app {
namespace {

using component::BodyValue;
using syntax::Type;
using syntax::Value;

const Value* attribute(const BodyValue& body, std::string_view name) {
  for (const auto& s : body.statements) {
    if (s.name == name && s.value) return &*s.value;
  }
  return nullptr;
}

std::string text_of(const Value* value) {
  return value != nullptr && value->type() == Type::kString ? value->as_string() : std::string();
}

std::size_t target_count(const component::ComponentView& view) {
  const Value* targets = attribute(view.arguments, "targets");
  return targets != nullptr && targets->type() == Type::kArray ? targets->as_array().size() : 0;
}

void targets_line(const component::ComponentView& view, std::string& out) {
  const std::size_t count = target_count(view);
  std::string interval = text_of(attribute(view.arguments, "scrape_interval"));
  if (interval.empty()) interval = "15s";
  out += fmt::format("  collects    {} target{} every {} ({})\n", count, count == 1 ? "" : "s", interval,
                     view.id());
}

// Where a browser on this machine finds a server that listens on all addresses.
std::string reachable(const std::string& address) {
  for (const std::string_view any : {"0.0.0.0:", "[::]:"})
    if (address.starts_with(any)) return "localhost:" + address.substr(any.size());
  return address;
}

}  // namespace

std::string start_banner(const component::ComponentDirectory& components, const std::string& address,
                         const std::string& prefix, bool tls) {
  std::string collects;
  std::string goes;
  std::string archive;
  for (const auto& listed : components.list_all()) {
    const auto view = components.details(listed.id());
    if (!view) continue;
    if (view->name == "pyroscope.scrape") {
      targets_line(*view, collects);
    } else if (view->name == "pyroscope.java") {
      const std::size_t count = target_count(*view);
      collects += fmt::format("  profiles    {} JVM{} ({})\n", count, count == 1 ? "" : "s", view->id());
    } else if (view->name == "pyroscope.ebpf") {
      collects += fmt::format("  profiles    the programs of this machine ({})\n", view->id());
    } else if (view->name == "pyroscope.receive_http") {
      collects += fmt::format("  receives    what SDKs push ({})\n", view->id());
    } else if (view->name == "pyroscope.write") {
      for (const auto& s : view->arguments.statements) {
        if (s.name == "endpoint" && s.body)
          goes += fmt::format("  sends to    {} ({})\n", http::redact_url(text_of(attribute(*s.body, "url"))),
                              view->id());
      }
    } else if (view->name == "pyroscope.fsdump") {
      archive = text_of(attribute(view->arguments, "target_directory"));
      goes += fmt::format("  keeps in    {} ({})\n", archive, view->id());
    }
  }
  std::string out = fmt::format("Invar {} is running.\n", build_info().version);
  out += collects.empty() ? "  collects    nothing: the configuration has neither pyroscope.scrape, "
                            "pyroscope.ebpf, pyroscope.java nor pyroscope.receive_http\n"
                          : collects;
  out += goes;
  out += fmt::format("  status      {}://{}{}\n", tls ? "https" : "http", reachable(address), prefix);
  if (!archive.empty()) {
    out += fmt::format("  a profile   go tool pprof -top \"$(ls -t {}/*.pb.gz | head -n 1)\"\n", archive);
  }
  out += "  stop        Ctrl-C\n";
  return shown_lines(out);
}

}  // namespace invar::app
