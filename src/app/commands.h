// The commands besides `run`: each prints and returns an exit status.
// Errors: on stderr, `Error: <message>`; the status is then 1 (cli-http-ui.md 1). Threads: the main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config_files.h"
#include "component/component.h"
#include "runtime/controller.h"
#include "syntax/evaluator.h"

namespace CLI {
class App;
}

namespace invar::app {

// Every component that this binary has.
const component::Registry& components();

// The configuration blocks that `run` gives its controller, without effect: for `validate` and the reference
// pages.
std::vector<runtime::ConfigBlock> config_blocks();

struct ValidateOptions {
  std::string path;
  syntax::Stability min_stability = syntax::Stability::kExperimental;
  bool skip_other_pipelines = false;
};
int validate(const ValidateOptions& options);

struct ConvertOptions {
  std::string format, file, output;  // of files: "" is standard input and output
  std::string report;                // "": none
};
int convert(const ConvertOptions& options);

// What a load found, which stops at its first stage that fails, and what `validate` finds beside it.
syntax::Diagnostics all_mistakes(const ConfigFiles& config, fs::FileSystem& files, syntax::Diagnostics found,
                                 const ValidateOptions& options);

// `invar components`: a list; with a name: its arguments, blocks and exports from the schema.
int list_components();
int describe_component(const std::string& name);

// Writes the reference page of every component and config block into `directory` (used by the documentation
// test).
int write_reference(const std::string& directory);
std::string reference_page(const component::Registration& registration);

// Exit status 0 when a GET of `url` is answered with 200 within 5 s.
int healthcheck(const std::string& url);

// `invar ebpf probe`: a line for each thing that pyroscope.ebpf needs or uses; 1 when it cannot run.
int probe_ebpf();

std::string version_text();
std::string completion_script(std::string_view shell);  // "" for an unknown shell
// What the scripts ask: the words that may stand in place of the last one, or `:files`, one a line.
int print_completions(const CLI::App& app, std::vector<std::string> words);

// `Error: <message>` on stderr; returns 1.
int fail_with(std::string_view message);

// Colour in diagnostics: stdout is a terminal, NO_COLOR unset, TERM not "dumb".
bool use_colour();

}  // namespace invar::app
