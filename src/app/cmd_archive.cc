#include "app/cmd_archive.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "app/cli_words.h"
#include "app/replay_config.h"
#include "archive_tool/commands.h"
#include "archive_tool/replay.h"
#include "base/shown_text.h"

namespace invar::app {
namespace {

namespace tool = archive_tool;

constexpr std::size_t kUnknownColumns = 80;
constexpr unsigned kMaxThreads = 8;

std::size_t terminal_columns(int fd) {
  if (isatty(fd) == 0) return 0;
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUnknownColumns;
}

// Names in profiles are chosen by who sent them: on a terminal they steer nothing.
void print(std::string_view text) {
  static const bool terminal = isatty(STDOUT_FILENO) == 1;
  const std::string shown = terminal ? shown_lines(text) : std::string();
  const std::string_view bytes = terminal ? shown : text;
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

tool::Environment real_environment() {
  return {
      .files = fs::posix(),
      .print = &print,
      .warn =
          [](std::string_view text) {
            std::fflush(stdout);
            fmt::print(stderr, "{}\n", shown_lines(text));
          },
      .columns = terminal_columns(STDOUT_FILENO),
      .status =
          [](std::string_view line) {
            std::fflush(stdout);
            fmt::print(stderr, "\r\x1b[K{}", line);
            std::fflush(stderr);
          },
      .error_columns = terminal_columns(STDERR_FILENO),
      .now_unix_ns =
          std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count(),
      .threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads)};
}

}  // namespace

struct ArchiveCommand::Impl {
  using Run = std::function<Result<int>(const tool::Environment&, const std::vector<std::string>& words)>;

  explicit Impl(CLI::App& app) : archive(app) {
    archive.require_subcommand(0, 1);
    add_file_commands();
    add_profile_commands();
    add_replay();
  }

  CLI::App& add(const std::string& name, const std::string& text, const std::string& examples, Run run) {
    CLI::App* command = archive.add_subcommand(name, text);
    command->allow_extras();
    command->fallthrough(false);
    command->set_help_flag("-h,--help", "Show help");
    command->footer("Examples:\n" + examples);
    commands.emplace_back(command, std::move(run));
    return *command;
  }
  static void add_selection(CLI::App& command, tool::Selection& selection) {
    command
        .add_option("--selector", selection.selector,
                    "Only profiles whose labels match, as Prometheus has it: '{service_name=\"api\", "
                    "__name__=~\"memory|mutex\"}'")
        ->take_last();
    command
        .add_option("--since", selection.since,
                    "Only profiles taken since: 90m, 12h, 7d (so long ago), 2026-08-21, \"2026-08-21 13:40\" "
                    "(UTC), RFC 3339")
        ->take_last();
    command.add_option("--until", selection.until, "Only profiles taken before: as --since")->take_last();
    command
        .add_option(
            "--sample-type", selection.sample_type,
            "Only profiles with this sample type, and of them this type: cpu, inuse_space, cpu:nanoseconds")
        ->take_last();
  }
  static void add_stacks(CLI::App& command, tool::StackOptions& stacks) {
    command
        .add_option("--focus", stacks.focus,
                    "Only stacks with a function or file that matches this expression")
        ->take_last();
    command
        .add_option("--ignore", stacks.ignore,
                    "No stacks with a function or file that matches this expression")
        ->take_last();
    command.add_flag("--lines", stacks.lines, "Tell the lines of a function apart");
  }
  static void add_limit(CLI::App& command, std::uint64_t& limit, const std::string& text) {
    command.add_option("--limit,-n", limit, text)->take_last()->capture_default_str();
  }
  // The paths of a command whose words are all paths.
  static Result<> take_paths(tool::Selection& selection, const std::vector<std::string>& words) {
    if (words.empty()) return usage("requires at least 1 path: a folder or a file");
    selection.paths = words;
    return {};
  }

  void add_file_commands() {
    CLI::App& ls_command = add(
        "ls", "List profiles: invar archive ls [flags] PATH...",
        "  invar archive ls /var/lib/invar/profiles\n"
        "  invar archive ls --since 1h --selector '{service_name=\"api\"}' --sort size --limit 20 profiles\n"
        "  invar archive ls --json profiles | jq -r .file",
        [this](const auto& environment, const auto& words) -> Result<int> {
          INVAR_TRY(take_paths(ls.selection, words));
          return tool::ls(environment, ls);
        });
    add_selection(ls_command, ls.selection);
    ls_command.add_option("--sort", ls.sort, "Order: time, size, type, service or name")
        ->take_last()
        ->capture_default_str();
    ls_command.add_flag("--reverse,-r", ls.reverse, "The other way round");
    add_limit(ls_command, ls.limit, "At most so many rows; 0: all");
    ls_command.add_flag("--json", ls.json, "One JSON object per line");

    add_selection(add("show", "Describe profiles: invar archive show [flags] PATH...",
                      "  invar archive show profiles/01a088b5-a200-7a52-9d3c-5e1f0c6a7b21.pb.gz",
                      [this](const auto& environment, const auto& words) -> Result<int> {
                        INVAR_TRY(take_paths(selection, words));
                        return tool::show(environment, selection);
                      }),
                  selection);
    add_selection(add("cat", "Write the original bytes of profiles: invar archive cat [flags] PATH...",
                      "  invar archive cat profiles/01a088b5-a200-7a52-9d3c-5e1f0c6a7b21.pb.gz > heap.pb.gz",
                      [this](const auto& environment, const auto& words) -> Result<int> {
                        INVAR_TRY(take_paths(selection, words));
                        return tool::cat(environment, selection);
                      }),
                  selection);
    CLI::App& verify = add("verify", "Find damaged files: invar archive verify [flags] PATH...",
                           "  invar archive verify --quiet profiles || echo damaged",
                           [this](const auto& environment, const auto& words) -> Result<int> {
                             INVAR_TRY(take_paths(selection, words));
                             return tool::verify(environment, selection, quiet);
                           });
    add_selection(verify, selection);
    verify.add_flag("--quiet,-q", quiet, "Say nothing about what is good");

    CLI::App& prune_command =
        add("prune", "Remove profiles from an archive: invar archive prune [flags] PATH...",
            "  invar archive prune --older-than 7d --dry-run profiles\n"
            "  invar archive prune --max-size 10GiB profiles\n"
            "  invar archive prune --selector '{__name__=\"goroutine\"}' --older-than 1d profiles",
            [this](const auto& environment, const auto& words) -> Result<int> {
              INVAR_TRY(take_paths(prune.selection, words));
              return tool::prune(environment, prune);
            });
    add_selection(prune_command, prune.selection);
    prune_command
        .add_option("--older-than", prune.older_than, "What was taken longer ago: 7d, or before a time")
        ->take_last();
    prune_command
        .add_option("--max-size", prune.max_size, "Remove the oldest until no more than this is left: 10GiB")
        ->take_last();
    prune_command.add_flag("--dry-run", prune.dry_run, "Only say what would be removed");
  }

  void add_profile_commands() {
    CLI::App& top_command =
        add("top", "Show which functions cost most: invar archive top [flags] PATH...",
            "  invar archive top --selector '{service_name=\"api\", __name__=\"process_cpu\"}' --since 1h "
            "profiles\n"
            "  invar archive top --sample-type inuse_space --cum --focus 'net/http' heap.pb.gz",
            [this](const auto& environment, const auto& words) -> Result<int> {
              INVAR_TRY(take_paths(top.selection, words));
              return tool::top(environment, top);
            });
    add_selection(top_command, top.selection);
    add_stacks(top_command, top.stacks);
    top_command.add_flag("--cum", top.cum, "Order by total instead of self");
    add_limit(top_command, top.limit, "At most so many rows per sample type; 0: all");
    top_command.add_flag("--json", top.json, "All rows as JSON");

    CLI::App& tree_command = add("tree", "Show the calls as a tree: invar archive tree [flags] PATH...",
                                 "  invar archive tree --sample-type cpu --min-percent 5 profiles",
                                 [this](const auto& environment, const auto& words) -> Result<int> {
                                   INVAR_TRY(take_paths(tree.selection, words));
                                   return tool::tree(environment, tree);
                                 });
    add_selection(tree_command, tree.selection);
    add_stacks(tree_command, tree.stacks);
    tree_command.add_option("--min-percent", tree.min_percent, "Sum up calls below this share")
        ->take_last()
        ->capture_default_str();
    tree_command.add_option("--max-depth", tree.max_depth, "Levels to show; 0: all")
        ->take_last()
        ->capture_default_str();

    CLI::App& merge =
        add("merge", "Make one pprof profile of many: invar archive merge [flags] PATH...",
            "  invar archive merge --selector '{__name__=\"memory\"}' -o merged.pb.gz profiles\n"
            "  invar archive merge a.pb.gz b.pb.gz | go tool pprof -top /dev/stdin",
            [this](const auto& environment, const auto& words) -> Result<int> {
              INVAR_TRY(take_paths(selection, words));
              return tool::merge(environment, selection, output);
            });
    add_selection(merge, selection);
    add_output(merge, output, "File to write instead of standard output");

    CLI::App& diff_command =
        add("diff", "Compare two sets of profiles: invar archive diff [flags] BEFORE AFTER",
            "  invar archive diff before.pb.gz after.pb.gz\n"
            "  invar archive diff 'profiles@2h..1h' 'profiles@1h..' --selector '{__name__=\"process_cpu\"}'\n"
            "  invar archive diff 'profiles{version=\"1\"}' 'profiles{version=\"2\"}' --normalize\n"
            "  invar archive diff -o change.html before.pb.gz after.pb.gz",
            [this](const auto& environment, const auto& words) -> Result<int> {
              if (words.size() != 2) {
                return usage(fmt::format("accepts 2 arg(s), received {}", words.size()));
              }
              diff.before = words[0];
              diff.after = words[1];
              return tool::diff(environment, diff);
            });
    add_selection(diff_command, diff.common);
    add_stacks(diff_command, diff.stacks);
    diff_command.add_flag("--normalize", diff.normalize,
                          "Scale AFTER to the totals of BEFORE: compare shares, not amounts");
    diff_command.add_flag("--cum", diff.cum, "Compare total instead of self");
    add_limit(diff_command, diff.limit, "At most so many rows per sample type; 0: all");
    diff_command.add_flag("--json", diff.json, "All rows as JSON");
    add_output(
        diff_command, diff.output,
        "File to write instead of a table: *.html or *.svg for a flame graph, otherwise a pprof profile");

    CLI::App& flame_command = add("flame", "Draw a flame graph: invar archive flame [flags] PATH...",
                                  "  invar archive flame --selector '{service_name=\"api\", "
                                  "__name__=\"process_cpu\"}' -o cpu.html profiles\n"
                                  "  invar archive flame -o heap.svg heap.pb.gz\n"
                                  "  invar archive diff -o change.html before.pb.gz after.pb.gz",
                                  [this](const auto& environment, const auto& words) -> Result<int> {
                                    INVAR_TRY(take_paths(flame.selection, words));
                                    return tool::flame(environment, flame);
                                  });
    add_selection(flame_command, flame.selection);
    add_stacks(flame_command, flame.stacks);
    flame_command.add_option("--title", flame.title, "Title of the graph")->take_last();
    add_output(
        flame_command, flame.output,
        "File to write instead of standard output: *.svg for a picture, otherwise a page without network");

    CLI::App& export_command =
        add("export", "Write profiles for other programs: invar archive export [flags] PATH...",
            "  invar archive export --format folded --sample-type cpu profiles | flamegraph.pl > cpu.svg\n"
            "  invar archive export --format speedscope -o cpu.speedscope.json profiles",
            [this](const auto& environment, const auto& words) -> Result<int> {
              INVAR_TRY(take_paths(exported.selection, words));
              return tool::export_profiles(environment, exported);
            });
    add_selection(export_command, exported.selection);
    export_command.add_option("--format", exported.format, "folded, speedscope or pprof")
        ->take_last()
        ->capture_default_str();
    export_command.add_flag("--lines", exported.lines, "Tell the lines of a function apart");
    add_output(export_command, exported.output, "File to write instead of standard output");
  }

  void add_replay() {
    CLI::App& command =
        add("replay", "Send profiles to a Pyroscope server: invar archive replay [flags] --to URL PATH...",
            "  invar archive replay --to http://localhost:4040 --shift-to-now profiles\n"
            "  invar archive replay --to https://pyroscope:4040 --tenant squad-1 --basic-auth-user me \\\n"
            "    --basic-auth-password-file password --rate 100/s --selector '{service_name=\"api\"}' "
            "--since 1h profiles\n"
            "  invar archive replay --config endpoint.alloy --dry-run profiles\n"
            "The same command goes on where an earlier run stopped. Exit status 130 after Ctrl-C.",
            [this](const auto& environment, const auto& words) -> Result<int> {
              INVAR_TRY(take_paths(replay.selection, words));
              replay.state_folder = state_folder();
              replay.read_config = read_destinations;
              return tool::replay(environment, replay);
            });
    const auto text = [&](const std::string& name, std::string& value, const std::string& what) {
      command.add_option(name, value, what)->take_last();
    };
    text("--to", replay.to, "URL of the server");
    text("--config", replay.config,
         "File with the arguments of a pyroscope.write component: an endpoint block and more");
    add_selection(command, replay.selection);
    command.add_flag("--shift-to-now", replay.shift_to_now,
                     "Move all times so that the newest profile is taken now");
    command.add_flag("--keep-time", replay.keep_time,
                     "Keep the times at which profiles were taken (the default)");
    text("--rate", replay.rate, "At most so many profiles: 100/s, 600/m");
    command.add_flag("--dry-run", replay.dry_run, "Only say what would be sent");
    command.add_flag("--restart", replay.restart,
                     "Begin anew instead of going on where an earlier run stopped");
    text("--state-file", replay.state_file,
         "Where to remember how far it came, instead of a file below ~/.local/state/invar");
    text("--tenant", replay.tenant, "Tenant: the header X-Scope-OrgID");
    command.add_option("--header", replay.headers, "A further header, 'Name: value'; repeatable")
        ->allow_extra_args(false);
    text("--basic-auth-user", replay.user, "User name for basic authentication");
    text("--basic-auth-password-file", replay.password_file, "File with the password");
    text("--bearer-token-file", replay.bearer_token_file, "File with a bearer token");
    text("--tls-ca-file", replay.ca_file, "File with the certificates that the server's is checked with");
    command.add_flag("--tls-insecure-skip-verify", replay.insecure, "Do not check the server's certificate");
  }

  static std::string state_folder() {
    const char* const state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && *state != '\0') return std::string(state) + "/invar";
    const char* const home = std::getenv("HOME");
    return std::string(home != nullptr ? home : ".") + "/.local/state/invar";
  }

  static void add_output(CLI::App& command, std::string& output, const std::string& text) {
    command.add_option("--output,-o", output, text)->take_last();
  }

  CLI::App& archive;
  std::vector<std::pair<CLI::App*, Run>> commands;
  tool::LsOptions ls;
  tool::PruneOptions prune;
  tool::TopOptions top;
  tool::TreeOptions tree;
  tool::DiffOptions diff;
  tool::FlameOptions flame;
  tool::ExportOptions exported;
  tool::ReplayOptions replay;
  tool::Selection selection;  // of the commands that take nothing else
  std::string output;
  bool quiet = false;
};

ArchiveCommand::ArchiveCommand(CLI::App& archive) : impl_(std::make_unique<Impl>(archive)) {}
ArchiveCommand::~ArchiveCommand() = default;

Result<int> ArchiveCommand::run() {
  for (const auto& [command, run] : impl_->commands) {
    if (!command->parsed()) continue;
    INVAR_ASSIGN_OR_RETURN(const auto words, positionals(*command));
    // Whoever stops reading ends the command, without a word.
    signal(SIGPIPE, SIG_DFL);
    auto status = run(real_environment(), words);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return fail(ErrorCode::kUnavailable, "cannot write to standard output");
    }
    return status;
  }
  INVAR_ASSIGN_OR_RETURN(const auto words, positionals(impl_->archive));
  if (!words.empty()) {
    return usage(fmt::format(
        "unknown command \"{}\" for \"invar archive\"\nRun 'invar archive --help' for usage.", words[0]));
  }
  std::fputs(impl_->archive.help().c_str(), stderr);
  return 0;
}

}  // namespace invar::app
