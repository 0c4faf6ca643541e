// Manual pages, drawn from the description of the command line that `--help` shows, so that they cannot disagree with it.
// Shape: invar.1, and one page a command: invar-run.1, invar-archive-top.1 (man 7 man). Hidden options stay out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace invar::app {

struct ManPage {
  std::string name;  // "invar-run"
  std::string text;  // roff
};

// `version` stands in the footer of each page.
std::vector<ManPage> man_pages(const CLI::App& app, std::string_view version);

}  // namespace invar::app
