#include "app/testing/pipeline_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/testing/case_script.h"
#include "app/testing/profile_text.h"
#include "app/testing/scripted_peers.h"
#include "app/testing/virtual_daemon.h"
#include "archive/archive_file.h"
#include "base/strings.h"

namespace invar::app::testing {
namespace {

constexpr std::uint64_t kFileLimit = std::uint64_t{64} << 20;

std::string listed(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "\n    " + line;
  return lines.empty() ? "\n    (nothing)" : out;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

// What a person reads of a page: no tags, no entities, one blank between words.
std::string visible(std::string_view html) {
  static const std::map<std::string_view, std::string_view> kEntities = {
      {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&middot;", "-"}};
  std::string out;
  const auto blank = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  for (std::size_t at = html.find("<body>"); at < html.size();) {
    const auto end = html[at] == '<' ? html.find('>', at) : html[at] == '&' ? html.find(';', at) : at;
    const std::string_view piece = html.substr(at, end == std::string_view::npos ? end : end - at + 1);
    at += piece.size();
    if (const auto entity = kEntities.find(piece); entity != kEntities.end()) {
      out += entity->second;
    } else if (piece.size() == 1 && piece[0] != ' ' && piece[0] != '\n') {
      out += piece;
    } else if (piece.starts_with("<code") || piece.starts_with("</code") || piece.starts_with("<a") ||
               piece.starts_with("</a") || piece.starts_with("</span")) {
      continue;
    } else {
      blank();
    }
  }
  return out;
}

// The lines that have the first word of `part` in them, or all when none has.
std::string lines_about(std::string_view part, std::string_view text) {
  const std::string_view word = part.substr(0, part.find_first_of("{ "));
  std::string out;
  for (const std::string_view line : split(text, '\n'))
    if (line.find(word) != std::string_view::npos && !line.starts_with('#')) out.append(line).append("\n");
  return out.empty() ? std::string(text) : out;
}

class Run {
 public:
  explicit Run(std::string name) : name_(std::move(name)) {
    invar_.http->set_handler([this](const http::Request& request) { return peers_.answer(request); });
  }

  std::vector<std::string> all(const std::vector<CaseCommand>& commands) {
    using Do = void (Run::*)(const CaseCommand&);
    static const std::map<std::string_view, Do> kCommands = {
        {"config", &Run::config},   {"file", &Run::file},       {"remove", &Run::remove},
        {"target", &Run::peer},     {"server", &Run::peer},     {"start", &Run::start},
        {"stop", &Run::stop},       {"kill", &Run::kill},       {"reload", &Run::reload},
        {"advance", &Run::advance}, {"disk", &Run::disk},       {"push", &Run::push},
        {"ingest", &Run::ingest},   {"arrived", &Run::arrived}, {"asked", &Run::asked},
        {"archive", &Run::archive}, {"metrics", &Run::metrics}, {"log", &Run::log},
        {"page", &Run::page},       {"get", &Run::get},         {"health", &Run::health},
    };
    for (const CaseCommand& command : commands) {
      line_ = command.line;
      const auto found = kCommands.find(command.words.front());
      if (found == kCommands.end()) {
        wrong("no such command: " + command.words.front());
        break;
      }
      (this->*found->second)(command);
      invariants();
      if (failures_.size() >= kMostFailures) break;
    }
    return std::move(failures_);
  }

 private:
  static constexpr std::size_t kMostFailures = 5;

  void wrong(const std::string& what) { failures_.push_back(fmt::format("{}:{}: {}", name_, line_, what)); }
  void expect_lines(std::vector<std::string> expected, const std::vector<std::string>& actual) {
    std::ranges::sort(expected);
    std::vector<std::string> sorted = actual;
    std::ranges::sort(sorted);
    if (expected != sorted) wrong("expected" + listed(expected) + "\n  but there is" + listed(sorted));
  }
  // `no TEXT` must be absent, `3 x TEXT` there three times, `TEXT` at least once.
  void expect_parts(const CaseCommand& command, const std::string& text) {
    for (const std::string& line : command.body) {
      if (line.empty()) continue;
      const auto [count, part] = counted(line);
      if (line.starts_with("no ")) {
        if (text.find(line.substr(3)) != std::string::npos) wrong("there is \"" + line.substr(3) + "\"");
        continue;
      }
      const std::size_t times = occurrences(text, part);
      if (part == line ? times == 0 : times != static_cast<std::size_t>(count))
        wrong(fmt::format("\"{}\" is there {} times in\n{}", part, times, lines_about(part, text)));
    }
  }
  std::string argument(const CaseCommand& command, std::size_t at) {
    if (at < command.words.size()) return command.words[at];
    wrong(command.words.front() + " needs more words");
    return "";
  }
  // A body is what the daemon must say; without one it must have nothing to say.
  void expect_said(const CaseCommand& command, const std::string& said) {
    if (command.body.empty() && !said.empty()) wrong(said);
    if (command.body.empty()) return;
    if (said.empty()) wrong("there is no complaint");
    expect_parts(command, said);
  }

  void config(const CaseCommand& command) {
    invar_.write_file(VirtualDaemon::kConfigPath, command.body_text());
  }
  void file(const CaseCommand& command) { invar_.write_file(argument(command, 1), command.body_text()); }
  void remove(const CaseCommand& command) {
    if (auto removed = invar_.disk->remove(argument(command, 1)); !removed) wrong(removed.error().message);
  }
  void peer(const CaseCommand& command) {
    if (auto set = peers_.set(argument(command, 1), command.body); !set) wrong(set.error().message);
  }
  void start(const CaseCommand& command) { expect_said(command, invar_.start()); }
  void stop(const CaseCommand&) {
    if (!invar_.stop()) wrong("the daemon does not stop");
  }
  void kill(const CaseCommand&) { invar_.kill(); }
  void reload(const CaseCommand& command) { expect_said(command, invar_.reload()); }
  void advance(const CaseCommand& command) {
    const auto by = parse_duration(argument(command, 1));
    if (!by) return wrong(by.error().message);
    invar_.loop.advance(*by);
  }
  void disk(const CaseCommand& command) {
    const std::string how = argument(command, 1);
    invar_.faults->clear();
    invar_.disk->set_capacity(how == "full" ? 0 : UINT64_MAX);
    if (how == "broken") invar_.faults->inject({.stay_broken = true});
    invar_.disk_pool.set_paused(how == "hangs");
    if (how != "full" && how != "broken" && how != "hangs" && how != "works") wrong("disk " + how + "?");
    invar_.loop.run_until_idle();
  }

  // push ADDRESS [STATUS]: lines `name=value,name=value PROFILE`.
  void push(const CaseCommand& command) {
    for (const std::string& line : command.body) {
      std::vector<std::string> words = words_of(line);
      std::vector<std::pair<std::string, std::string>> labels;
      for (const std::string_view pair : split(words.front(), ','))
        labels.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      words.erase(words.begin());
      http::ServerRequest request{.method = "POST", .target = "/push.v1.PusherService/Push"};
      request.headers.add("Content-Type", "application/proto");
      request.body = push_message(labels, profile(words));
      send(command, std::move(request), 2);
    }
  }
  // ingest ADDRESS QUERY [STATUS]: one profile a line.
  void ingest(const CaseCommand& command) {
    for (const std::string& line : command.body) {
      http::ServerRequest request{.method = "POST", .target = "/ingest?" + argument(command, 2)};
      request.body = profile(words_of(line));
      send(command, std::move(request), 3);
    }
  }
  void send(const CaseCommand& command, http::ServerRequest request, std::size_t status_at) {
    const std::string address = argument(command, 1);
    if (!invar_.network.listening().contains(address)) return wrong("nobody listens on " + address);
    const auto answer = invar_.network.send(address, std::move(request));
    invar_.loop.run_until_idle();
    const std::string expected = status_at < command.words.size() ? command.words[status_at] : "200";
    const std::string actual = answer->has_value() ? std::to_string((*answer)->status) : "nothing yet";
    if (actual != expected)
      wrong("the answer is " + actual + (answer->has_value() ? ": " + (*answer)->body : ""));
  }
  static std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> out;
    for (const std::string_view word : split(line, ' ')) out.emplace_back(word);
    return out;
  }
  // A profile in words, or the text itself.
  std::string profile(const std::vector<std::string>& words) {
    auto made = make_profile(words, invar_.loop.unix_ns());
    return made ? *made : join(words, " ");
  }

  void arrived(const CaseCommand& command) {
    expect_lines(command.body, peers_.take_arrived(argument(command, 1)));
  }
  void asked(const CaseCommand& command) {
    expect_lines(command.body, peers_.take_asked(argument(command, 1)));
  }
  void archive(const CaseCommand& command) {
    const std::string folder = argument(command, 1);
    std::vector<std::string> lines;
    const auto names = invar_.disk->list(folder);
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      if (!archive::is_archive_name(name)) continue;
      const auto bytes = invar_.disk->read_file(folder + "/" + name, kFileLimit);
      const auto meta = archive::decode_meta(*bytes);
      const auto body = archive::original_body(*bytes);
      lines.push_back(meta && body ? meta->labels.to_string() + " " + profile_totals(*body)
                                   : "damaged: " + name);
    }
    expect_lines(command.body, grouped(std::move(lines)));
  }
  void metrics(const CaseCommand& command) { expect_parts(command, "\n" + invar_.get("/metrics").body); }
  void log(const CaseCommand& command) { expect_parts(command, invar_.log); }
  void page(const CaseCommand& command) { expect_parts(command, visible(invar_.get("/").body)); }
  void get(const CaseCommand& command) {
    const http::ServerResponse response = invar_.get(argument(command, 1));
    expect_parts(command, std::to_string(response.status) + " " + response.body);
  }
  // `ID STATE [part of the message]`.
  void health(const CaseCommand& command) {
    std::string text;
    for (const auto& view : invar_.components().list_all())
      text +=
          fmt::format("{} {} {}\n", view.id(), component::to_string(view.health.state), view.health.message);
    expect_parts(command, text);
  }

  void invariants() {
    if (!invar_.running()) return;
    for (const auto& view : invar_.components().list_all()) {
      for (const auto& ledger : view.ledgers)
        for (const auto& [type, row] : ledger.rows)
          if (!row.balances())
            wrong(fmt::format("the ledger of {} does not balance for {}", ledger.destination, type));
    }
    const auto offences = invar_.off_loop->offences();
    if (!offences.empty()) wrong("the loop waited for the disk:" + listed(offences));
    invar_.off_loop->forget_offences();
  }

  const std::string name_;
  int line_ = 0;
  std::vector<std::string> failures_;
  VirtualDaemon invar_;
  ScriptedPeers peers_{invar_.loop};
};

}  // namespace

std::vector<std::string> run_pipeline_case(const std::string& name, std::string_view text) {
  const auto commands = parse_case(text);
  if (!commands) return {name + ":" + commands.error().message};
  return Run(name).all(*commands);
}

}  // namespace invar::app::testing
