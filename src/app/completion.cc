// Completion for the shells. The scripts ask the program itself, `invar __complete WORDS...`, so they never go stale: it
// knows the commands, flags and components, and answers `:files` where the shell's own completion of paths serves best.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "app/commands.h"

namespace invar::app {
namespace {

constexpr std::string_view kBash = R"sh(# bash completion for invar: source <(invar completion bash)
_invar() {
  local IFS=$'\n' found
  found=$("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$found" = :files ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]#=}"))
  else
    COMPREPLY=($found)
  fi
}
complete -F _invar invar
)sh";

constexpr std::string_view kZsh = R"sh(#compdef invar
# zsh completion for invar: invar completion zsh > "${fpath[1]}/_invar", or source <(invar completion zsh)
_invar() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $found == :files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
  else
    compadd -- $found
  fi
}
if [[ ${funcstack[1]} == _invar ]]; then
  _invar "$@"
else
  compdef _invar invar
fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for invar: invar completion fish | source
function __invar_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  set -l found ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
  if test "$found" = :files
    set -l flag (string match -r '^--[^=]*=' -- "$word")
    __fish_complete_path (string replace -- "$flag" '' "$word") | string replace -r -- '^' "$flag"
  else
    printf '%s\n' $found
  end
end
complete -c invar -f -a '(__invar_complete)'
)sh";

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kScripts = {
    {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}}};

constexpr std::string_view kFiles = ":files";

std::vector<std::string> names_of_subcommands(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(sub->get_name());
  return out;
}

const CLI::App* find_subcommand(const CLI::App& command, const std::string& name) {
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
    if (sub->check_name(name)) return sub;
  return nullptr;
}

std::vector<std::string> names_of_flags(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

bool takes_value(const CLI::App& command, const std::string& flag) {
  const CLI::Option* option = command.get_option_no_throw(flag);
  return option != nullptr && option->get_expected_max() > 0;
}

std::vector<std::string> values_of(const std::string& flag) {
  if (flag == "--stability.level") return {"experimental", "public-preview", "generally-available"};
  if (flag == "--config.format") return {"alloy"};
  return {std::string(kFiles)};
}

std::vector<std::string> arguments_of(const CLI::App& command, bool first) {
  if (auto names = names_of_subcommands(command); !names.empty()) return names;
  const std::string& name = command.get_name();
  if (name == "version") return {};
  if (name != "components" && name != "completion") return {std::string(kFiles)};
  std::vector<std::string> out;
  if (first && name == "components")
    for (const auto& registration : components().all()) out.push_back(registration.name);
  if (first && name == "completion")
    for (const auto& [shell, script] : kScripts) out.emplace_back(shell);
  return out;
}

// Every word that may stand in place of the last one.
std::vector<std::string> candidates(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string flag;  // whose value comes next
  bool flags = true, first = true;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "=") continue;  // bash makes it a word of its own
    if (!flag.empty()) {
      flag.clear();
    } else if (flags && word == "--") {
      flags = false;
    } else if (flags && word.starts_with('-')) {
      if (takes_value(*command, word)) flag = word;
    } else if (const CLI::App* sub = find_subcommand(*command, word)) {
      command = sub->get_name() == "help" ? &app : sub;
    } else {
      first = false;
    }
  }
  const std::string& last = words.back();
  if (!flag.empty()) return values_of(flag);
  if (!flags || !last.starts_with('-')) return arguments_of(*command, first);
  const auto equals = last.find('=');
  if (equals == std::string::npos) return names_of_flags(*command);
  auto out = values_of(last.substr(0, equals));
  for (std::string& value : out)
    if (value != kFiles) value.insert(0, last, 0, equals + 1);
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  for (const auto& [name, script] : kScripts) {
    if (name == shell) return std::string(script);
  }
  return "";
}

int print_completions(const CLI::App& app, std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  const std::string last = words.back() == "=" ? "" : words.back();
  for (const std::string& word : candidates(app, words))
    if (word == kFiles || word.starts_with(last)) std::puts(word.c_str());
  return 0;
}

}  // namespace invar::app
