#include "app/man_pages.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace invar::app {
namespace {

// A line must not begin with a control character, and a minus is one that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
    at_line_start = c == '\n';
  }
  return out;
}

void section(std::string& out, std::string_view title) {
  out += fmt::format(".SH {}\n", title);
}

void add_options(const CLI::App& command, std::string& out) {
  bool first = true;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty() || option->nonpositional() == false) continue;
    if (first) section(out, "OPTIONS");
    first = false;
    const std::string value = option->get_expected_max() == 0 ? "" : "=\\fIVALUE\\fR";
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}", roff(option->get_name()), value,
                       roff(option->get_description()));
    if (const std::string given = option->get_default_str(); !given.empty())
      out += fmt::format(" (default: {})", roff(given));
    out += '\n';
  }
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_name().empty() && !sub->get_group().empty(); });
}

void add_page(const CLI::App& command, const std::string& words, std::string_view version,
              std::vector<ManPage>& out) {
  std::string name = words;
  std::ranges::replace(name, ' ', '-');
  // "Format a configuration file: invar fmt [-w | -t] [FILE]": the sentence and how to write it.
  const std::string about = command.get_description();
  const std::size_t usage = about.find(": " + words);
  const bool has_usage = usage != std::string::npos;
  const auto commands = commands_of(command);

  std::string text = fmt::format(".TH {} 1 \"\" \"invar {}\" \"User Commands\"\n", roff(name), roff(version));
  section(text, "NAME");
  text += fmt::format("{} \\- {}\n", roff(name), roff(about.substr(0, usage)));
  section(text, "SYNOPSIS");
  text += fmt::format(".B {}\n", roff(has_usage ? about.substr(usage + 2)
                                                : words + (commands.empty() ? " [flags]" : " COMMAND ...")));
  if (!commands.empty()) section(text, "COMMANDS");
  for (const CLI::App* sub : commands) {
    const std::string sub_about = sub->get_description();
    text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(sub->get_name()),
                        roff(sub_about.substr(0, sub_about.find(": invar "))));
  }
  add_options(command, text);
  if (!command.get_footer().empty()) {
    section(text, "NOTES");
    text += fmt::format(".nf\n{}\n.fi\n", roff(command.get_footer()));
  }
  section(text, "EXIT STATUS");
  text += "0 on success, 1 after an error, which is told on standard error.\n";
  if (words != "invar") {
    section(text, "SEE ALSO");
    text += fmt::format(".BR {} (1)\n", roff(name.substr(0, name.rfind('-'))));
  }
  out.push_back({name, std::move(text)});
  for (const CLI::App* sub : commands) add_page(*sub, words + " " + sub->get_name(), version, out);
}

}  // namespace

std::vector<ManPage> man_pages(const CLI::App& app, std::string_view version) {
  std::vector<ManPage> out;
  add_page(app, app.get_name(), version, out);
  return out;
}

}  // namespace invar::app
