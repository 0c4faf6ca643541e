// Completion scripts for the shells. They ask the program for flags and component names, so they never go
// stale.
#include <array>

#include "app/commands.h"

namespace invar::app {
namespace {

constexpr std::string_view kBash = R"sh(# bash completion for invar: source <(invar completion bash)
_invar() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-}
  if [ "$command" = archive ] && [ "$COMP_CWORD" -gt 2 ]; then command="archive ${COMP_WORDS[2]}"; fi
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "run fmt validate components archive version completion help" -- "$word"))
    return
  fi
  case $word in
    --*) COMPREPLY=($(compgen -W "$(invar $command --help 2>/dev/null | grep -o -- '--[a-z][a-z0-9.-]*')" -- "$word")) ;;
    *)
      case $command in
        components) COMPREPLY=($(compgen -W "$(invar components 2>/dev/null | cut -d' ' -f1)" -- "$word")) ;;
        completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
        archive) COMPREPLY=($(compgen -W "$(invar archive --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')" -- "$word")) ;;
        *) COMPREPLY=($(compgen -f -- "$word")) ;;
      esac ;;
  esac
}
complete -o filenames -F _invar invar
)sh";

constexpr std::string_view kZsh = R"sh(#compdef invar
# zsh completion for invar: invar completion zsh > "${fpath[1]}/_invar"
_invar() {
  local -a commands
  commands=(run:'run the collector' fmt:'format a configuration file' validate:'find mistakes without starting anything'
            components:'list or describe components'
            archive:'look at profiles on disk' version:'show the version' completion:'print a completion script' help:'show help')
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  if [[ ${words[CURRENT]} == --* ]]; then
    local -a command=(${words[2]})
    [[ $command == archive ]] && command+=(${words[3]})
    compadd -- $(invar $command --help 2>/dev/null | grep -o -- '--[a-z][a-z0-9.-]*')
    return
  fi
  case ${words[2]} in
    components) compadd -- $(invar components 2>/dev/null | cut -d' ' -f1) ;;
    completion) compadd bash zsh fish ;;
    archive)
      if (( CURRENT == 3 )); then
        compadd -- $(invar archive --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
      else
        _files
      fi ;;
    *) _files ;;
  esac
}
_invar "$@"
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for invar: invar completion fish | source
complete -c invar -n __fish_use_subcommand -f -a 'run fmt validate components archive version completion help'
complete -c invar -n '__fish_seen_subcommand_from components' -f -a '(invar components 2>/dev/null | string split -f1 " ")'
complete -c invar -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c invar -n '__fish_seen_subcommand_from archive; and test (count (commandline -opc)) -eq 2' -f \
  -a "(invar archive --help 2>/dev/null | string match -rg '^  ([a-z]+) ')"
complete -c invar -n '__fish_seen_subcommand_from archive; and test (count (commandline -opc)) -gt 2' \
  -a '(invar archive (commandline -opc)[3] --help 2>/dev/null | string match -ra -- "--[a-z][a-z0-9.-]*")'
complete -c invar -n '__fish_seen_subcommand_from run validate' -a \
  '(invar (commandline -opc)[2] --help 2>/dev/null | string match -ra -- "--[a-z][a-z0-9.-]*")'
)sh";

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kScripts = {
    {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}}};

}  // namespace

std::string completion_script(std::string_view shell) {
  for (const auto& [name, script] : kScripts) {
    if (name == shell) return std::string(script);
  }
  return "";
}

}  // namespace invar::app
