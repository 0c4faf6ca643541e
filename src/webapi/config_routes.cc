#include "webapi/config_routes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "component/relabel_schema.h"
#include "component/relabels_series.h"
#include "json/reader.h"
#include "json/writer.h"
#include "webapi/rule_counts.h"
#include "webapi/rule_lab.h"

namespace invar::webapi {
namespace {

std::size_t lines_of(std::string_view text) {
  const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return ends + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

std::string files_json(const LoadedConfig& config) {
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .field("path", config.path)
      .field("loaded", to_ms(config.loaded_unix_ns))
      .field("applied", config.applied);
  out.field("error", config.error);
  std::size_t n = 0;
  const auto list = [&](std::string_view name, const std::vector<LoadedConfig::File>& files) {
    out.key(name).begin_array();
    for (const auto& file : files)
      out.begin_object()
          .field("n", n++)
          .field("path", file.path)
          .field("lines", lines_of(file.text))
          .end_object();
    out.end_array();
  };
  list("files", config.files);
  if (!config.applied) {
    list("kept_files", config.kept_files);
    out.field("kept_loaded", to_ms(config.kept_loaded_unix_ns));
  }
  out.end_object();
  return text;
}

// By its number in files_json().
std::optional<LoadedConfig::File> file_of(LoadedConfig& config, std::string_view number) {
  const auto n = parse_uint(number);
  if (!n) return std::nullopt;
  if (*n < config.files.size()) return std::move(config.files[*n]);
  if (!config.applied && *n - config.files.size() < config.kept_files.size())
    return std::move(config.kept_files[*n - config.files.size()]);
  return std::nullopt;
}

std::vector<RulesAtWork> counted(
    const std::vector<std::pair<std::string, component::Relabeling>>& of_targets,
    const std::vector<std::pair<std::string, component::SeriesRelabeling>>& of_series) {
  std::vector<RulesAtWork> out;
  const auto begin = [&out](std::string component, bool targets, relabel::Rules rules) -> RulesAtWork& {
    const std::size_t count = rules.size();
    out.push_back({std::move(component), targets, std::move(rules), std::vector<RuleCount>(count)});
    return out.back();
  };
  for (const auto& [component, relabeling] : of_targets) {
    RulesAtWork& at_work = begin(component, true, component::compile_rules(relabeling.rules));
    for (const component::Target& target : relabeling.targets)
      (void)process(target.to_labels(), at_work.rules, at_work.counts);
  }
  for (const auto& [component, relabeling] : of_series) {
    RulesAtWork& at_work = begin(component, false, relabeling.rules);
    for (const Labels& labels : relabeling.inputs) (void)process(labels, at_work.rules, at_work.counts);
  }
  return out;
}

std::string diagnostics_json(const LoadedConfig& config) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", config.diagnostics.size()).key("diagnostics");
  write_diagnostics(out, config.diagnostics);
  out.end_object();
  return text;
}

bool read_whole(json::Reader& in, std::size_t& out, std::size_t least, std::size_t most) {
  std::string_view written;
  if (!in.read_number(written)) return false;
  const auto number = parse_uint(written);
  if (!number || *number < least || *number > most) return in.fail("not a whole number in its range");
  out = *number;
  return true;
}

std::expected<Draft, ApiError> read_draft(const std::string& body) {
  Draft draft;
  json::Reader in(body, {.strict_text = true});
  bool has_component = false, has_rules = false;
  std::string name, expression;
  if (in.enter(json::Kind::kObject)) {
    while (in.next_member(name)) {
      if (name == "component") {
        has_component = in.read(draft.component);
      } else if (name == "rules") {
        has_rules = in.read(draft.rules);
      } else if (name == "q") {
        in.read(expression);
      } else if (name == "only_changed") {
        in.read(draft.only_changed);
      } else if (name == "offset") {
        read_whole(in, draft.offset, 0, 10'000'000);
      } else if (name == "limit") {
        read_whole(in, draft.limit, 1, 200);
      } else {
        return std::unexpected(bad_request(name, "there is no member " + quote(name)));
      }
      if (in.failed()) return std::unexpected(bad_request(name, in.error().message));
    }
  }
  if (in.failed() || !in.end()) return std::unexpected(bad_request("", in.error().message));
  if (!has_component) return std::unexpected(bad_request("component", "component is missing"));
  if (!has_rules) return std::unexpected(bad_request("rules", "rules is missing"));
  if (!expression.empty()) {
    auto selector = Selector::parse(expression);
    if (!selector) return std::unexpected(bad_request("q", selector.error().message));
    draft.selector = std::move(*selector);
  }
  return draft;
}

}  // namespace

void ConfigRoutes::add_to(Routes& routes) {
  routes.get("config/files", [this](const auto& request, const auto& responder) {
    replies_.send(request, responder, files_json(host_.config()));
  });
  routes.get("config/diagnostics", [this](const auto& request, const auto& responder) {
    replies_.send(request, responder, diagnostics_json(host_.config()));
  });
  routes.get_below("config/files/",
                   [this](const auto& request, const auto& responder, std::string_view tail) {
                     constexpr std::string_view kRules = "/rules";
                     if (!tail.ends_with(kRules)) return file(request, responder, tail);
                     rules(request, responder, tail.substr(0, tail.size() - kRules.size()));
                   });
  routes.post("rules/try",
              [this](const auto& request, const auto& responder) { try_rules(request, responder); });
}

void ConfigRoutes::file(const http::ServerRequest& request, const http::ResponderPtr& responder,
                        std::string_view number) {
  LoadedConfig config = host_.config();
  auto found = file_of(config, number);
  if (!found) return replies_.send(request, responder, std::unexpected(not_found("there is no such file")));
  replies_.make(request, responder,
                [n = *parse_uint(number), file = *std::move(found), schema_of = host_.schema_of]() -> Made {
                  const std::string shown = services::hidden_secrets(file.path, file.text, schema_of);
                  std::string text;
                  json::Writer(text)
                      .begin_object()
                      .field("n", n)
                      .field("path", file.path)
                      .field("lines", lines_of(shown))
                      .field("text", shown)
                      .end_object();
                  return text;
                });
}

void ConfigRoutes::rules(const http::ServerRequest& request, const http::ResponderPtr& responder,
                         std::string_view number) {
  LoadedConfig config = host_.config();
  const bool runs = config.applied || parse_uint(number).value_or(0) >= config.files.size();
  std::vector<LoadedConfig::File> running = runs ? config.running_files() : std::vector<LoadedConfig::File>{};
  auto found = file_of(config, number);
  if (!found) return replies_.send(request, responder, std::unexpected(not_found("there is no such file")));
  std::vector<std::pair<std::string, component::Relabeling>> of_targets;
  std::vector<std::pair<std::string, component::SeriesRelabeling>> of_series;
  for (const auto& view : host_.components->list_all()) {
    const auto each = host_.components->running(view.id());
    if (!each || each->component == nullptr) continue;
    if (auto relabeling = each->component->relabeling())
      of_targets.emplace_back(view.id(), *std::move(relabeling));
    if (const auto* series = dynamic_cast<const component::RelabelsSeries*>(each->component))
      of_series.emplace_back(view.id(), series->series_relabeling(kMostSeries));
  }
  replies_.make(request, responder,
                [of_targets = std::move(of_targets), of_series = std::move(of_series),
                 running = std::move(running), path = std::move(found->path)]() -> Made {
                  return rule_lines_json(counted(of_targets, of_series), RulePlaces(running), path);
                });
}

void ConfigRoutes::try_rules(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  auto draft = read_draft(request.body);
  if (!draft) return responder->send(error_response(draft.error()));
  const auto running = host_.components->running(draft->component);
  auto relabeling =
      running && running->component != nullptr ? running->component->relabeling() : std::nullopt;
  if (!relabeling)
    return responder->send(error_response(
        not_found(quote(draft->component) + " is no component with relabel rules for targets")));
  replies_.make(request, responder,
                [relabeling = std::move(*relabeling), draft = std::move(*draft)]() -> Made {
                  return try_rules_json(relabeling, draft);
                });
}

}  // namespace invar::webapi
