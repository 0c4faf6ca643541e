#include "services/status_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/build_info.h"
#include "base/strings.h"

namespace invar::services {
namespace {

using component::BodyValue;
using component::ComponentView;
using component::HealthState;
using syntax::Type;
using syntax::Value;

constexpr std::size_t kMaxRows = 500;
constexpr std::size_t kMaxProblems = 50;

constexpr std::string_view kStyle = R"(<style>
:root{color-scheme:light dark;--line:#8884;--bad:#c62828;--good:#2e7d32;--soft:#888}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .3rem;border-top:1px solid var(--line);padding-top:1rem}
h3{font-size:.95rem;margin:.8rem 0 .2rem}
.soft{color:var(--soft)}.badge{border-radius:.6rem;padding:.05rem .6rem;font-size:.8rem;color:#fff;background:var(--soft)}
.healthy{background:var(--good)}.unhealthy,.exited{background:var(--bad)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
th,td{text-align:left;vertical-align:top;padding:.2rem .7rem .2rem 0;border-bottom:1px solid var(--line)}
tr.problem td:first-child{box-shadow:-4px 0 0 var(--bad)}.error{color:var(--bad)}
.problems{border-left:4px solid var(--bad);padding-left:.8rem}code{font-size:.85em}
</style>)";

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string short_duration(Duration d) {
  using namespace std::chrono;
  if (d < seconds(1)) return format_duration(duration_cast<milliseconds>(d));
  return format_duration(duration_cast<seconds>(d));
}

// "last_success" -> "Last success"
std::string title(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '_', ' ');
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

class Page {
 public:
  explicit Page(const StatusInput& input) : input_(input) {}

  std::string render() {
    std::vector<ComponentView> views;
    for (const auto& listed : input_.components->list("")) {
      if (auto view = input_.components->details(listed.local_id)) views.push_back(std::move(*view));
    }
    std::ranges::sort(views, {}, &ComponentView::local_id);

    head(views);
    problems(views);
    for (const auto& view : views) component(view);
    out_ += "</body></html>\n";
    return std::move(out_);
  }

 private:
  void head(const std::vector<ComponentView>& views) {
    const Duration uptime(input_.now_unix_ns - input_.started_unix_ns);
    out_ += fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" "
        "content=\"15\"><title>Invar</title>{}</head>"
        "<body><h1>Invar</h1><p class=\"soft\">{} &middot; running for {} &middot; configuration "
        "<code>{}</code> &middot; "
        "<a href=\"{}metrics\">metrics</a> &middot; <a href=\"{}debug/pprof/\">profiles of Invar itself</a> "
        "&middot; "
        "<a href=\"{}api/v0/web/components\">API</a></p>",
        kStyle, escape(build_info().version), short_duration(uptime), escape(input_.config_path), "/", "/",
        escape(input_.prefix));
    const auto bad =
        std::ranges::count_if(views, [](const auto& v) { return v.health.state != HealthState::kHealthy; });
    if (views.empty()) {
      out_ += "<p>The configuration defines no component, so nothing is collected.</p>";
    } else if (bad == 0) {
      out_ += fmt::format("<p>{}</p>", views.size() == 1
                                           ? "The one component is healthy."
                                           : fmt::format("All {} components are healthy.", views.size()));
    } else {
      out_ += fmt::format("<p class=\"error\">{} of {} components not healthy.</p>", bad, views.size());
    }
  }

  static std::string text_of(const Value* value) {
    return value != nullptr && value->type() == Type::kString ? value->as_string() : std::string();
  }

  static const Value* find(const BodyValue& body, std::string_view name) {
    for (const auto& s : body.statements) {
      if (s.name == name && s.value) return &*s.value;
    }
    return nullptr;
  }

  static std::string error_of(const BodyValue& row) { return text_of(find(row, "last_error")); }

  void problems(const std::vector<ComponentView>& views) {
    std::vector<std::string> lines;
    std::size_t more = 0;
    auto add = [&](std::string line) {
      if (lines.size() < kMaxProblems) {
        lines.push_back(std::move(line));
      } else {
        ++more;
      }
    };
    if (!input_.last_reload_error.empty()) {
      add(fmt::format("The last reload was refused, the previous configuration keeps running: {}",
                      escape(input_.last_reload_error)));
    }
    for (const auto& view : views) {
      const auto place = fmt::format("<a href=\"#{0}\"><code>{0}</code></a>", escape(view.local_id));
      if (view.health.state == HealthState::kUnhealthy || view.health.state == HealthState::kExited) {
        add(fmt::format("{}: {}", place, escape(view.health.message)));
      }
      for (const auto& statement : view.debug_info.statements) {
        if (!statement.body) continue;
        if (const auto error = error_of(*statement.body); !error.empty()) {
          auto what = text_of(find(*statement.body, "url"));
          if (what.empty()) what = statement.label.empty() ? statement.name : statement.label;
          add(fmt::format("{} <code>{}</code>: {}", place, escape(what), escape(error)));
        }
      }
    }
    if (lines.empty()) return;
    out_ += "<div class=\"problems\"><h3>Problems</h3><ul>";
    for (const auto& line : lines) out_ += "<li>" + line + "</li>";
    if (more > 0) out_ += fmt::format("<li>and {} more</li>", more);
    out_ += "</ul></div>";
  }

  void component(const ComponentView& view) {
    const auto state = component::to_string(view.health.state);
    out_ += fmt::format("<h2 id=\"{0}\"><code>{0}</code> <span class=\"badge {1}\">{1}</span></h2>",
                        escape(view.local_id), state);
    if (!view.health.message.empty())
      out_ += fmt::format("<p class=\"soft\">{}</p>", escape(view.health.message));

    std::string facts;
    std::vector<std::pair<std::string, std::vector<const BodyValue::Statement*>>> groups;
    for (const auto& statement : view.debug_info.statements) {
      if (statement.value) {
        facts += fmt::format("<tr><th>{}</th><td>{}</td></tr>", escape(title(statement.name)),
                             cell(statement.name, *statement.value));
        continue;
      }
      auto group = std::ranges::find(groups, statement.name, [](const auto& g) { return g.first; });
      if (group == groups.end()) group = groups.insert(groups.end(), {statement.name, {}});
      group->second.push_back(&statement);
    }
    if (!facts.empty()) out_ += "<div class=\"scroll\"><table>" + facts + "</table></div>";
    for (auto& [name, rows] : groups) table(name, rows);
  }

  void table(const std::string& name, std::vector<const BodyValue::Statement*>& rows) {
    std::vector<std::string> columns;
    for (const auto* row : rows) {
      for (const auto& s : row->body->statements) {
        if (s.value && std::ranges::find(columns, s.name) == columns.end()) columns.push_back(s.name);
      }
    }
    // What does not work stands first; otherwise the component's own order.
    std::ranges::stable_partition(rows, [](const auto* row) { return !error_of(*row->body).empty(); });

    out_ +=
        fmt::format("<h3>{} ({})</h3><div class=\"scroll\"><table><tr>", escape(title(name)), rows.size());
    for (const auto& column : columns) out_ += "<th>" + escape(title(column)) + "</th>";
    out_ += "</tr>";
    for (std::size_t i = 0; i < rows.size() && i < kMaxRows; ++i) {
      const auto& body = *rows[i]->body;
      out_ += error_of(body).empty() ? "<tr>" : "<tr class=\"problem\">";
      for (const auto& column : columns) {
        const Value* value = find(body, column);
        const bool error = column == "last_error";
        out_ += fmt::format("<td{}>{}</td>", error ? " class=\"error\"" : "",
                            value != nullptr ? cell(column, *value) : "");
      }
      out_ += "</tr>";
    }
    out_ += "</table></div>";
    if (rows.size() > kMaxRows) {
      out_ += fmt::format("<p class=\"soft\">{} more rows are in the API.</p>", rows.size() - kMaxRows);
    }
  }

  std::string cell(std::string_view name, const Value& value) const {
    switch (value.type()) {
      case Type::kNull:
        return "";
      case Type::kBool:
        return value.as_bool() ? "yes" : "no";
      case Type::kNumber:
        if (name == "bytes" || name.ends_with("_bytes")) return human_bytes(value.as_uint());
        return escape(value.number_text());
      case Type::kString:
        return string_cell(name, value.as_string());
      case Type::kObject:
        return labels_cell(value);
      default:
        return escape(value.to_text());
    }
  }

  std::string string_cell(std::string_view name, const std::string& text) const {
    const bool instant = name.starts_with("last_") || name.ends_with("_at") || name.starts_with("oldest");
    if (instant && text.size() >= 20 && text[4] == '-') {
      if (auto at = parse_rfc3339(text)) {
        return fmt::format("<span title=\"{}\">{} ago</span>", escape(text),
                           short_duration(Duration(std::max<UnixNanos>(0, input_.now_unix_ns - *at))));
      }
    }
    return escape(text);
  }

  static std::string labels_cell(const Value& value) {
    std::string out;
    for (const auto& [key, item] : value.as_object().fields) {
      if (key.starts_with("__") && key != "__name__") continue;
      if (!out.empty()) out += ' ';
      out += fmt::format("<code>{}={}</code>", escape(key),
                         escape(item.type() == Type::kString ? item.as_string() : item.to_text()));
    }
    return out;
  }

  const StatusInput& input_;
  std::string out_;
};

}  // namespace

std::string render_status_page(const StatusInput& input) {
  return Page(input).render();
}

}  // namespace invar::services
