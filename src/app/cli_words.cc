#include "app/cli_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>

#include "base/build_info.h"
#include "base/strings.h"

namespace invar::app {
namespace {

// In front of words behind `--`, which CLI11 would lose in commands without positionals of their own.
constexpr char kLiteral = '\x01';

// What the reference's flag library takes for a truth value.
std::optional<bool> truth_of(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

// An empty value can only stand in a word of its own.
void push_value(const std::string& flag, const std::string& value, std::vector<std::string>& out) {
  if (value.empty()) {
    out.push_back(flag);
    out.emplace_back();
  } else {
    out.push_back(flag + "=" + value);
  }
}

// As the reference's messages name a flag: "-t, --test".
std::string shown_name(const CLI::Option& option) {
  const std::string name = "--" + option.get_lnames().front();
  return option.get_snames().empty() ? name : "-" + option.get_snames().front() + ", " + name;
}

// `-tw=false` as `--test --write=false`; nothing for other words, and those with unknown letters.
std::vector<std::string> spell_out(const CLI::App& command, const std::string& word) {
  const auto equals = word.find('=');
  std::vector<std::string> flags;
  if (word.starts_with('-') && !word.starts_with("--") && equals != std::string::npos) {
    for (const char letter : std::string_view(word).substr(1, equals - 1)) {
      const CLI::Option* option = command.get_option_no_throw(std::string("-") + letter);
      if (option == nullptr) break;
      flags.push_back("--" + option->get_lnames().front());
    }
  }
  if (flags.empty() || flags.size() != equals - 1) return {};
  flags.back() += word.substr(equals);
  return flags;
}

Result<> check_unknown_flag(const CLI::App& command, const std::string& word) {
  if (!word.starts_with("--")) return usage(fmt::format("unknown shorthand flag: '{}' in {}", word[1], word));
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const auto* option : command.get_options()) known.push_back(option->get_name());
  const auto similar = similar_names(name, known);
  return usage(similar.empty() ? fmt::format("unknown flag: {}", name)
                               : fmt::format("unknown flag: {} (did you mean {}?)", name, similar.front()));
}

}  // namespace

std::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<std::vector<std::string>> plain_words(const CLI::App& app, std::vector<std::string> words) {
  std::vector<std::string> out;
  const CLI::App* command = &app;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at] == "--") {
      for (++at; at < words.size(); ++at) out.push_back(kLiteral + words[at]);
      break;
    }
    if (const auto flags = spell_out(*command, words[at]); !flags.empty()) {
      words[at] = flags.back();
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), flags.begin(), flags.end() - 1);
    }
    const std::string& word = words[at];
    if (!word.starts_with("--")) {
      out.push_back(word);
      const auto all = command->get_subcommands([](const CLI::App*) { return true; });
      const auto called = std::ranges::find_if(all, [&](const auto* sub) { return sub->check_name(word); });
      if (called != all.end()) command = *called;
      continue;
    }
    const auto equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    const CLI::Option* option = command->get_option_no_throw(flag);
    if (option == nullptr) {
      out.push_back(word);  // positionals() says what is wrong
      continue;
    }
    const bool is_switch = option->get_expected_max() == 0;
    if (is_switch && equals != std::string::npos) {
      const std::string text = word.substr(equals + 1);
      const auto truth = truth_of(text);
      if (!truth) {
        return usage(fmt::format(
            "invalid argument {0} for \"{1}\" flag: strconv.ParseBool: parsing {0}: invalid syntax",
            quote(text), shown_name(*option)));
      }
      if (flag == "--help" && !*truth) continue;  // CLI11 looks at the name alone
      out.push_back(fmt::format("{}={}", flag, *truth));
    } else if (is_switch) {
      out.push_back(word);
    } else if (equals != std::string::npos) {
      push_value(flag, word.substr(equals + 1), out);
    } else if (at + 1 < words.size()) {
      push_value(flag, words[++at], out);
    } else {
      return usage("flag needs an argument: " + flag);
    }
  }
  return out;
}

Result<std::vector<std::string>> positionals(const CLI::App& command) {
  std::vector<std::string> out;
  // What stands in front of the command's name is left with the commands above it.
  for (const CLI::App* from = &command; from != nullptr; from = from->get_parent()) {
    for (const auto& word : from->remaining()) {
      if (word.starts_with(kLiteral)) {
        out.push_back(word.substr(1));
      } else if (word.size() < 2 || word[0] != '-') {
        out.push_back(word);
      } else {
        INVAR_TRY(check_unknown_flag(*from, word));
      }
    }
  }
  return out;
}

}  // namespace invar::app
