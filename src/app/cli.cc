#include "app/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli_words.h"
#include "app/cluster_flags.h"
#include "app/cmd_archive.h"
#include "app/cmd_fmt.h"
#include "app/commands.h"
#include "app/man_pages.h"
#include "app/run_options.h"
#include "base/build_info.h"
#include "base/error.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "convert/convert.h"
#include "fs/filesystem.h"
#include "fs/path.h"

namespace invar::app {
namespace {

// Flags whose text needs more than CLI11's conversion, and those that exist for compatibility alone.
struct RawFlags {
  RunOptions run;
  std::string stability = "experimental";
  std::string shutdown_deadline = "10m";
  std::string config_format = "alloy";
  std::string extra_args;
  bool bypass_conversion_errors = false;
  bool disable_reporting = false;
  bool community = false;
  bool direct_fanout = false;
  bool graphql = false;
  bool playground = false;
  bool deprecated_discovery = false;
  bool deprecated_scheme = false;
  RawClusterFlags cluster;
};

constexpr std::array<std::string_view, 4> kConvertible = {"otelcol", "prometheus", "promtail", "static"};

void add_common_flags(CLI::App& command, RawFlags& raw) {
  command
      .add_option(
          "--stability.level", raw.stability,
          "Lowest stability level that may be used: experimental, public-preview, generally-available")
      ->take_last()
      ->capture_default_str();
  command.add_flag("--skip-other-pipelines", raw.run.skip_other_pipelines,
                   "Leave metrics, logs and traces, with what only they use, to another agent");
  command.add_flag("--feature.community-components.enabled", raw.community,
                   "Accepted; Invar ships no community components");
  command.add_option("--config.format", raw.config_format, "Format of the configuration; only alloy")
      ->take_last()
      ->capture_default_str();
  command.add_flag("--config.bypass-conversion-errors", raw.bypass_conversion_errors,
                   "Accepted; concerns other formats only");
  command.add_option("--config.extra-args", raw.extra_args, "Accepted; concerns other formats only")
      ->take_last();
}

void add_run_flags(CLI::App& command, RawFlags& raw) {
  RunOptions& run = raw.run;
  command.add_option("--server.http.listen-addr", run.listen_address, "Address of the HTTP server")
      ->take_last()
      ->capture_default_str();
  command
      .add_option("--server.http.memory-addr", run.memory_address,
                  "Address that stands for Invar's own server, without a socket")
      ->take_last()
      ->capture_default_str();
  command
      .add_option("--server.http.ui-path-prefix", run.ui_path_prefix,
                  "Base path of the status page and the web API")
      ->take_last()
      ->capture_default_str();
  command
      .add_flag("--server.http.enable-pprof", run.enable_pprof,
                "Serve Invar's own profiles under /debug/pprof (default true)")
      ->default_str("true");
  command.add_flag("--server.http.disable-support-bundle", run.disable_support_bundle,
                   "Make /-/support answer 403");
  command
      .add_option("--server.http.recent-profiles-bytes", run.recent_profiles_bytes,
                  "Memory for the last profiles of every series, which the web app shows; 0 = none are kept")
      ->take_last()
      ->capture_default_str();
  command.add_flag("--server.http.enable-graphql", raw.graphql, "Not part of Invar; only false is accepted");
  command.add_flag("--server.http.enable-graphql-playground", raw.playground,
                   "Not part of Invar; only false is accepted");
  command.add_option("--storage.path", run.storage_path, "Folder for what must survive a restart")
      ->take_last()
      ->capture_default_str();
  command.add_flag("--disable-reporting", raw.disable_reporting, "Accepted; Invar never reports usage");
  command
      .add_option("--feature.component-shutdown-deadline", raw.shutdown_deadline,
                  "How long a stopping component may take; 0 = for ever")
      ->take_last()
      ->capture_default_str();
  command.add_flag("--feature.prometheus.direct-fanout.enabled", raw.direct_fanout,
                   "Accepted; Invar has no prometheus components");
  add_cluster_flags(command, raw.cluster);
  command.add_flag("--cluster.use-discovery-v1", raw.deprecated_discovery)->group("");
  command.add_flag("--feature.prometheus.metric-validation-scheme", raw.deprecated_scheme)->group("");
  add_common_flags(command, raw);
}

Result<syntax::Stability> stability_of(const RawFlags& raw) {
  if (auto level = syntax::parse_stability(raw.stability)) return *level;
  return usage(fmt::format("invalid argument {} for \"--stability.level\" flag: invalid stability level {}",
                           quote(raw.stability), quote(raw.stability)));
}

Result<> check_format(const RawFlags& raw) {
  if (raw.config_format == "alloy") return {};
  for (const auto known : kConvertible) {
    if (raw.config_format == known) {
      return usage(fmt::format(
          "configuration format {} is not read by Invar: convert the file to the Alloy language first{}",
          quote(raw.config_format),
          convert::parse_format(raw.config_format)
              ? fmt::format(", by invar convert -f {} FILE", raw.config_format)
              : ""));
    }
  }
  return usage(
      fmt::format("(Critical) unrecognized kind {} given to the config converter", quote(raw.config_format)));
}

// As given, or the default.
std::vector<std::string> flag_values(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options()) {
    const std::string& name = option->get_lnames().front();  // get_name() is empty for hidden ones
    if (name == "help") continue;
    const bool is_switch = option->get_expected_max() == 0;
    std::string value = option->get_default_str();
    if (option->count() > 0) {
      value = is_switch ? fmt::to_string(option->as<bool>()) : option->results().back();
    } else if (is_switch && value.empty()) {
      value = "false";
    }
    out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

Result<RunOptions> checked_run_options(const RawFlags& raw, const CLI::App& command) {
  RunOptions run = raw.run;
  INVAR_ASSIGN_OR_RETURN(run.min_stability, stability_of(raw));
  INVAR_TRY(check_format(raw));
  auto deadline = parse_duration(raw.shutdown_deadline);
  if (!deadline) {
    return usage(fmt::format("invalid argument {} for \"--feature.component-shutdown-deadline\" flag: {}",
                             quote(raw.shutdown_deadline), deadline.error().message));
  }
  run.shutdown_deadline = std::min(*deadline, kForever);
  for (const auto& [set, name] : {std::pair{raw.graphql, "--server.http.enable-graphql"},
                                  std::pair{raw.playground, "--server.http.enable-graphql-playground"}}) {
    if (!set) continue;
    if (run.min_stability != syntax::Stability::kExperimental) {
      return usage(
          fmt::format("'{}' can only be used at experimental stability level. Use "
                      "--stability.level=experimental to enable.",
                      name));
    }
    return usage(
        fmt::format("'{}': the GraphQL API is not part of Invar; use the JSON API under /api/v0/web", name));
  }
  for (const auto* name : {"--cluster.use-discovery-v1", "--feature.prometheus.metric-validation-scheme"}) {
    if (command.count(name) > 0) {
      fmt::print(stderr, "Flag {} has been deprecated, This flag is deprecated and has no effect.\n", name);
    }
  }
  INVAR_ASSIGN_OR_RETURN(run.cluster, checked_cluster_options(raw.cluster));
  if (!run.ui_path_prefix.starts_with('/')) run.ui_path_prefix.insert(0, "/");
  if (!run.ui_path_prefix.ends_with('/')) run.ui_path_prefix += '/';
  run.flags = flag_values(command);
  return run;
}

Result<std::string> one_argument(const CLI::App& command) {
  INVAR_ASSIGN_OR_RETURN(const auto words, positionals(command));
  if (words.size() != 1) return usage(fmt::format("accepts 1 arg(s), received {}", words.size()));
  if (words[0].empty()) return usage("path argument not provided");
  return words[0];
}

struct Commands {
  CLI::App app{
      "Invar collects continuous profiles: it reads the pyroscope.* and discovery.* components of the Alloy "
      "language.",
      "invar"};
  RawFlags raw;
  FmtOptions fmt_options;
  ConvertOptions convert_options;
  bool show_version = false;
  std::string reference_directory;
  std::string man_directory;
  CLI::App* run = nullptr;
  CLI::App* fmt = nullptr;
  CLI::App* validate = nullptr;
  CLI::App* convert = nullptr;
  CLI::App* components = nullptr;
  CLI::App* archive = nullptr;
  std::unique_ptr<ArchiveCommand> archive_command;
  CLI::App* ebpf = nullptr;
  CLI::App* health = nullptr;
  CLI::App* version = nullptr;
  CLI::App* completion = nullptr;
  CLI::App* help = nullptr;

  Commands() {
    app.set_help_flag("-h,--help", "Show help");
    app.add_flag("-v,--version", show_version, "Show the version");
    app.require_subcommand(0, 1);
    app.allow_extras();
    run = add("run", "Run the collector: invar run [flags] PATH (a file, or a folder of *.alloy files)");
    add_run_flags(*run, raw);
    run->footer(
        "Signals: SIGHUP reloads the configuration, SIGINT and SIGTERM stop.\nExample: invar run "
        "--storage.path=/var/lib/invar config.alloy");
    fmt = add("fmt", "Format a configuration file: invar fmt [-w | -t] [FILE]");
    fmt->alias("format");
    fmt->add_flag("-w,--write", fmt_options.write, "Write the result back to the file");
    fmt->add_flag("-t,--test", fmt_options.test, "Only check: exit status 1 when the file would change");
    validate = add("validate",
                   "Find every mistake in a configuration without starting anything: invar validate PATH");
    add_common_flags(*validate, raw);
    convert = add("convert",
                  "Make a configuration of the profiling jobs in another collector's: invar convert -f "
                  "FORMAT [-o FILE] [-r FILE] [FILE]");
    convert->add_option("-f,--source-format", convert_options.format, "prometheus, flow or parca")
        ->take_last();
    convert->add_option("-o,--output", convert_options.output, "File to write; standard output without it")
        ->take_last();
    convert
        ->add_option("-r,--report", convert_options.report,
                     "File to write a report to: what was made, what is not carried over")
        ->take_last();
    convert->add_flag("-b,--bypass-errors", raw.bypass_conversion_errors,
                      "Accepted; what is not carried over is a comment in any case");
    convert->add_option("-e,--extra-args", raw.extra_args, "Accepted; concerns other formats only")
        ->take_last();
    components = add("components", "List the components, or describe one: invar components [NAME]");
    components
        ->add_option("--write-reference", reference_directory, "Write the reference pages into a folder")
        ->group("");
    archive = add("archive",
                  "Look at profiles on disk, remove, merge and compare them: invar archive COMMAND PATH...");
    archive_command = std::make_unique<ArchiveCommand>(*archive);
    ebpf = add("ebpf", "Say what this machine permits pyroscope.ebpf: invar ebpf probe");
    ebpf->footer("Exit status 1 when pyroscope.ebpf cannot run here. Loads its programs for a moment.");
    health =
        add("healthcheck", "Ask a running Invar whether its components are healthy: invar healthcheck [URL]");
    health->footer(
        "Without a URL: http://127.0.0.1:12345/-/healthy. Exit status 1 when the answer is not 200, or none "
        "comes in 5 s.");
    version = add("version", "Show the version");
    completion = add("completion", "Print a completion script: invar completion bash|zsh|fish");
    help = add("help", "Show help for a command: invar help [COMMAND]");
    help->add_option("--write-man", man_directory, "Write the manual pages into a folder")->group("");
  }

  CLI::App* add(const std::string& name, const std::string& text) {
    auto* command = app.add_subcommand(name, text);
    command->allow_extras();
    command->fallthrough(false);
    command->set_help_flag("-h,--help", "Show help");
    return command;
  }

  Result<int> dispatch() {
    if (run->parsed()) {
      INVAR_ASSIGN_OR_RETURN(std::string path, one_argument(*run));
      INVAR_ASSIGN_OR_RETURN(RunOptions options, checked_run_options(raw, *run));
      options.config_path = std::move(path);
      return app::run(options);
    }
    if (fmt->parsed()) {
      INVAR_ASSIGN_OR_RETURN(fmt_options.files, positionals(*fmt));
      return run_fmt(fmt_options);
    }
    if (validate->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const std::string path, one_argument(*validate));
      INVAR_TRY(check_format(raw));
      INVAR_ASSIGN_OR_RETURN(const syntax::Stability level, stability_of(raw));
      return app::validate(
          {.path = path, .min_stability = level, .skip_other_pipelines = raw.run.skip_other_pipelines});
    }
    if (convert->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const auto words, positionals(*convert));
      if (words.size() > 1)
        return usage(fmt::format("accepts between 0 and 1 arg(s), received {}", words.size()));
      if (!words.empty()) convert_options.file = words[0];
      return app::convert(convert_options);
    }
    if (components->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const auto words, positionals(*components));
      if (!reference_directory.empty()) return write_reference(reference_directory);
      if (words.size() > 1)
        return usage(fmt::format("accepts between 0 and 1 arg(s), received {}", words.size()));
      return words.empty() ? list_components() : describe_component(words[0]);
    }
    if (archive->parsed()) return archive_command->run();
    if (ebpf->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const std::string word, one_argument(*ebpf));
      if (word != "probe")
        return usage(fmt::format("unknown command {} of ebpf: there is probe", quote(word)));
      return probe_ebpf();
    }
    if (health->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const auto words, positionals(*health));
      if (words.size() > 1)
        return usage(fmt::format("accepts between 0 and 1 arg(s), received {}", words.size()));
      return healthcheck(words.empty() ? "http://127.0.0.1:12345/-/healthy" : words[0]);
    }
    if (completion->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const std::string shell, one_argument(*completion));
      const auto script = completion_script(shell);
      if (script.empty()) return usage("no completion for that shell: choose bash, zsh or fish");
      std::fputs(script.c_str(), stdout);
      return 0;
    }
    if (help->parsed()) {
      INVAR_ASSIGN_OR_RETURN(const auto words, positionals(*help));
      if (!man_directory.empty()) return write_man_pages();
      return show_help(words);
    }
    if (version->parsed() || show_version) {
      INVAR_ASSIGN_OR_RETURN(const auto words, positionals(version->parsed() ? *version : app));
      if (!words.empty()) return usage(fmt::format("accepts 0 arg(s), received {}", words.size()));
      std::fputs(version_text().c_str(), stdout);
      return 0;
    }
    INVAR_ASSIGN_OR_RETURN(const auto words, positionals(app));
    if (!words.empty()) {
      return usage(
          fmt::format("unknown command {} for \"invar\"\nRun 'invar --help' for usage.", quote(words[0])));
    }
    std::fputs(app.help().c_str(), stderr);
    return 0;
  }

  Result<int> write_man_pages() {
    const auto files = fs::posix();
    INVAR_TRY(files->make_directories(man_directory, 0755));
    for (const ManPage& page : man_pages(app, build_info().version))
      INVAR_TRY(files->write_file_atomically(fs::join_path(man_directory, page.name + ".1"), page.text, 0644,
                                             false));
    return 0;
  }

  Result<int> show_help(const std::vector<std::string>& words) {
    const CLI::App* command = &app;
    std::string path;  // of commands above it
    for (const std::string& word : words) {
      const auto all = command->get_subcommands([](const CLI::App*) { return true; });
      const auto found =
          std::ranges::find_if(all, [&](const CLI::App* sub) { return sub->check_name(word); });
      if (found == all.end()) return usage(fmt::format("unknown help topic {}", quote(word)));
      path += (path.empty() ? "" : " ") + command->get_name();
      command = *found;
    }
    // app.help() would speak of the command that was called, `help`.
    std::fputs(words.empty()
                   ? app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal).c_str()
                   : command->help(path).c_str(),
               stdout);
    return 0;
  }
};

// CLI11 speaks of its own kinds of errors; the texts that users know are those of the reference's flag
// library.
std::string message_of(const CLI::ParseError& error) {
  std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return "flag needs an argument: " + what.substr(0, what.find(':'));
  }
  return what;
}

}  // namespace

int fail_with(std::string_view message) {
  fmt::print(stderr, "Error: {}\n", shown_lines(message));
  return 1;
}

int main(int argc, char** argv) {
  Commands commands;
  // Before the words are looked at: they are those of an unfinished line.
  if (argc > 1 && std::string_view(argv[1]) == "__complete")
    return print_completions(commands.app, {argv + 2, argv + argc});
  auto words = plain_words(commands.app, {argv + 1, argv + argc});
  if (!words) return fail_with(words.error().message);
  std::ranges::reverse(*words);  // as CLI11 takes them
  try {
    commands.app.parse(std::move(*words));
  } catch (const CLI::CallForHelp&) {
    std::fputs(commands.app.help().c_str(), stdout);  // that of the command that was called
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail_with(message_of(error));
  }
  const Result<int> status = commands.dispatch();
  if (status) return *status;
  // A bad flag in front of the command: the usage helps more than the message alone.
  const bool before_command =
      commands.app.get_subcommands().empty() && status.error().message.starts_with("unknown flag");
  fail_with(status.error().message);
  if (before_command) std::fputs(commands.app.help().c_str(), stderr);
  return 1;
}

}  // namespace invar::app
