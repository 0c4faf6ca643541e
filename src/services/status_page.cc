#include "services/status_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/build_info.h"
#include "base/html.h"
#include "base/strings.h"
#include "services/page_style.h"
#include "services/problem_list.h"

namespace invar::services {
namespace {

using component::BodyValue;
using component::ComponentView;
using component::HealthState;
using syntax::Type;
using syntax::Value;

constexpr std::size_t kMaxRows = 1000;

std::string escape(std::string_view text) {
  return escape_html(text);
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
    for (const auto& listed : input_.components->list_all()) {
      if (auto view = input_.components->details(listed.id())) views.push_back(std::move(*view));
    }
    std::ranges::sort(views, {}, &ComponentView::id);

    const ProblemList found = problems(views);
    head(views, found.count());
    out_ += found.html();
    if (input_.ledgers != nullptr) out_ += ledger_table(*input_.components, *input_.ledgers);
    left_queues();
    out_ += left_to_others_html(input_.left_to_others);
    for (const auto& view : views) component(view);
    out_ += "</body></html>\n";
    return std::move(out_);
  }

 private:
  void head(const std::vector<ComponentView>& views, std::size_t problems) {
    const Duration uptime(input_.now_unix_ns - input_.started_unix_ns);
    out_ += fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><noscript><meta http-equiv=\"refresh\" "
        "content=\"15\"></noscript><title>Invar</title>"
        "<link rel=\"stylesheet\" href=\"{}assets/{}\" data-plain>{}</head>"
        "<body><h1>Invar</h1><p class=\"soft\">{} &middot; running for {} &middot; configuration "
        "<code>{}</code> &middot; "
        "<a href=\"{}metrics\">metrics</a> &middot; {}<a href=\"{}api/v0/web/components\">API</a></p>",
        escape(input_.prefix), kPageStyleName, input_.app_head, escape(build_info().version),
        short_duration(uptime), escape(input_.config_path), escape(input_.prefix),
        input_.has_profiles ? fmt::format("<a href=\"{}debug/pprof/\">profiles of Invar itself</a> &middot; ",
                                          escape(input_.prefix))
                            : "",
        escape(input_.prefix));
    const auto bad =
        std::ranges::count_if(views, [](const auto& v) { return v.health.state != HealthState::kHealthy; });
    if (views.empty()) {
      out_ += "<p>The configuration defines no component, so nothing is collected.</p>";
    } else if (bad > 0) {
      out_ += fmt::format("<p class=\"error\">{} of {} components not healthy.</p>", bad, views.size());
    } else {
      const std::string all = views.size() == 1 ? "The one component is healthy"
                                                : fmt::format("All {} components are healthy", views.size());
      if (problems == 0) {
        out_ += "<p>" + all + ".</p>";
      } else {
        out_ += fmt::format("<p class=\"error\">{}, but there {} with targets or servers.</p>", all,
                            problems == 1 ? "is a problem" : fmt::format("are {} problems", problems));
      }
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

  // Without the address where the row names it anyway.
  static std::string error_of(const BodyValue& row) {
    std::string error = text_of(find(row, "last_error"));
    if (const std::string get = "Get " + quote(text_of(find(row, "url"))) + ": "; error.starts_with(get))
      error.erase(0, get.size());
    return error;
  }

  std::string lasting(UnixNanos since) const {
    if (since <= 0 || since > input_.now_unix_ns) return "";
    return "for " + short_duration(Duration(input_.now_unix_ns - since));
  }

  ProblemList problems(const std::vector<ComponentView>& views) const {
    ProblemList list;
    if (!input_.last_reload_error.empty()) {
      list.add("", "",
               fmt::format("{}: {}",
                           input_.last_reload_applied
                               ? "The last reload was applied but for what is wrong in it"
                               : "The last reload was refused, the previous configuration keeps running",
                           input_.last_reload_error),
               lasting(input_.last_reload_since_unix_ns));
    }
    for (const auto& problem : input_.cluster_problems) {
      list.add("", problem.what, "Cluster: " + problem.sentence, lasting(problem.since_unix_ns));
    }
    for (const auto& view : views)
      for (const auto& problem : view.problems)
        list.add(view.id(), problem.what, problem.sentence, lasting(problem.since_unix_ns));
    return list;
  }

  void left_queues() {
    if (input_.left_queues.empty()) return;
    out_ +=
        "<section><h2 id=\"left\">Left on disk</h2><p class=\"soft\">These components are not configured any "
        "more. Their profiles are sent when they come back under their names; delete the directory to give "
        "them up.</p><div class=\"scroll\"><table><tr><th>Component</th><th "
        "class=\"number\">Profiles</th><th class=\"number\">Bytes</th><th>Oldest</th><th>Directory</th></tr>";
    for (const LeftQueue& left : input_.left_queues)
      out_ += fmt::format(
          "<tr><td><code>{}</code></td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td>"
          "<td><code>{}</code></td></tr>",
          escape(left.component), left.profiles, human_bytes(left.bytes),
          string_cell("oldest", format_rfc3339(left.oldest_unix_ns)), escape(left.directory));
    out_ += "</table></div></section>";
  }

  void component(const ComponentView& view) {
    const auto state = component::to_string(view.health.state);
    out_ += fmt::format("<section id=\"{0}\"><h2><code>{0}</code><span class=\"state {1}\">{1}</span></h2>",
                        escape(view.id()), state);
    if (view.health.state != HealthState::kHealthy && !view.health.message.empty())
      out_ += fmt::format("<p class=\"error\">{}</p>", escape(view.health.message));

    std::vector<std::pair<std::string, std::vector<const BodyValue::Statement*>>> groups;
    facts(view.debug_info);
    for (const auto& statement : view.debug_info.statements) {
      if (statement.value) continue;
      auto group = std::ranges::find(groups, statement.name, [](const auto& g) { return g.first; });
      if (group == groups.end()) group = groups.insert(groups.end(), {statement.name, {}});
      group->second.push_back(&statement);
    }
    for (auto& [name, rows] : groups) {
      // A block of its own without a label is one of a kind, not the first of a list.
      if (rows.size() == 1 && rows.front()->label.empty() && error_of(*rows.front()->body).empty() &&
          find(*rows.front()->body, "url") == nullptr) {
        out_ += fmt::format("<h3>{}</h3>", escape(title(name)));
        facts(*rows.front()->body);
      } else {
        table(name, rows, view.id());
      }
    }
    out_ += "</section>";
  }

  void facts(const BodyValue& body) {
    std::string out;
    for (const auto& s : body.statements) {
      if (s.value)
        out += fmt::format("<div><dt>{}</dt><dd{}>{}</dd></div>", escape(title(s.name)),
                           s.name == "last_error" ? " class=\"error\"" : "", cell(s.name, *s.value));
    }
    if (!out.empty()) out_ += "<dl>" + out + "</dl>";
  }

  void table(const std::string& name, std::vector<const BodyValue::Statement*>& rows,
             const std::string& owner) {
    std::vector<std::string> columns;
    for (const auto* row : rows) {
      for (const auto& s : row->body->statements) {
        if (s.value && std::ranges::find(columns, s.name) == columns.end()) columns.push_back(s.name);
      }
    }
    // A column that only repeats whose table it is says nothing; labels are long and stand last.
    std::erase_if(columns, [&](const std::string& column) {
      return std::ranges::all_of(rows,
                                 [&](const auto* row) { return text_of(find(*row->body, column)) == owner; });
    });
    std::ranges::stable_partition(columns, [&](const std::string& column) {
      const Value* value = find(*rows.front()->body, column);
      return value == nullptr || value->type() != Type::kObject;
    });
    // What does not work stands first; otherwise the component's own order.
    std::ranges::stable_partition(rows, [](const auto* row) { return !error_of(*row->body).empty(); });

    out_ +=
        fmt::format("<h3>{} ({})</h3><div class=\"scroll\"><table><tr>", escape(title(name)), rows.size());
    for (const auto& column : columns) {
      const bool number = std::ranges::any_of(rows, [&](const auto* row) {
        const Value* value = find(*row->body, column);
        return value != nullptr && value->type() == Type::kNumber;
      });
      out_ += fmt::format("<th{}>{}</th>", number ? " class=\"number\"" : "", escape(title(column)));
    }
    out_ += "</tr>";
    for (std::size_t i = 0; i < rows.size() && i < kMaxRows; ++i) {
      const auto& body = *rows[i]->body;
      out_ += error_of(body).empty() ? "<tr>" : "<tr class=\"problem\">";
      for (const auto& column : columns) {
        const Value* value = find(body, column);
        out_ += fmt::format("<td class=\"{}\">{}</td>", class_of(column, value),
                            value == nullptr                 ? ""
                            : value->type() == Type::kObject ? labels_cell(*value, body)
                            : column == "last_error"         ? escape(error_of(body))
                                                             : cell(column, *value));
      }
      out_ += "</tr>";
    }
    out_ += "</table></div>";
    if (rows.size() > kMaxRows) {
      out_ += fmt::format("<p class=\"soft\">{} more rows are in the API.</p>", rows.size() - kMaxRows);
    }
  }

  static std::string_view class_of(std::string_view column, const Value* value) {
    if (column == "last_error") return "error wide";
    if (column == "url") return "url";
    if (value == nullptr) return "";
    return value->type() == Type::kNumber ? "number" : value->type() == Type::kObject ? "labels" : "";
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
        return labels_cell(value, {});
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
    if (name.ends_with("duration") || name.ends_with("age")) {
      if (const auto duration = parse_duration(text)) return format_duration(rounded(*duration));
    }
    return escape(text);
  }

  // To about three digits.
  static Duration rounded(Duration d) {
    using namespace std::chrono;
    if (d >= minutes(1)) return round<seconds>(d);
    const Duration step = d >= seconds(1)        ? milliseconds(10)
                          : d >= milliseconds(1) ? microseconds(100)
                                                 : microseconds(1);
    return (d + step / 2) / step * step;
  }

  // Without what the row says in a column of its own.
  static std::string labels_cell(const Value& value, const BodyValue& row) {
    std::string out;
    for (const auto& [key, item] : value.as_object().fields) {
      if (key.starts_with("__") ||
          (item.type() == Type::kString && text_of(find(row, key)) == item.as_string()))
        continue;
      out += fmt::format("<span class=\"label\">{}={}</span>", escape(key),
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
