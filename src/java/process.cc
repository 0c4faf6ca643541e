#include "java/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace invar::java {
namespace {

constexpr std::size_t kMostFileBytes = std::size_t{16} << 20;
constexpr std::string_view kTemporary = "-Djava.io.tmpdir=";

// "Uid:\t0\t0\t0\t0" -> the words behind the name.
std::vector<std::string_view> words_of(std::string_view status, std::string_view name) {
  const std::string start = fmt::format("\n{}:\t", name);
  const std::size_t at = status.find(start);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + start.size();
  return split(status.substr(begin, status.find('\n', begin) - begin), '\t');
}

unsigned number(std::string_view word) {
  return static_cast<unsigned>(parse_uint(word).value_or(0));
}

std::optional<std::string> read_link(int directory, const char* name) {
  std::array<char, 4096> text;
  const ssize_t size = readlinkat(directory, name, text.data(), text.size());
  if (size < 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(size));
}

bool holds_jvm_options(std::string_view variable) {
  return variable.starts_with("JAVA_TOOL_OPTIONS=") || variable.starts_with("JDK_JAVA_OPTIONS=") ||
         variable.starts_with("_JAVA_OPTIONS=");
}

}  // namespace

void read_status(std::string_view status, ProcessFacts& facts) {
  if (const auto uids = words_of(status, "Uid"); uids.size() > 1) facts.uid = number(uids[1]);
  if (const auto gids = words_of(status, "Gid"); gids.size() > 1) facts.gid = number(gids[1]);
  if (const auto pids = words_of(status, "NStgid"); !pids.empty())
    facts.inner_pid = static_cast<int>(number(pids.back()));
  if (const auto state = words_of(status, "State"); !state.empty())
    facts.is_stopped = state[0].starts_with('T') || state[0].starts_with('t');
  if (const auto caught = words_of(status, "SigCgt"); !caught.empty())
    facts.catches_quit = (parse_uint(caught[0], 16).value_or(0) >> (SIGQUIT - 1) & 1) != 0;
}

std::uint64_t start_ticks_of(std::string_view stat) {
  constexpr std::size_t kBehindName = 19;  // field 22; the name in parentheses may hold anything
  const std::size_t at = stat.rfind(')');
  if (at == std::string_view::npos || at + 2 > stat.size()) return 0;
  const auto fields = split(stat.substr(at + 2), ' ');
  return fields.size() > kBehindName ? parse_uint(fields[kBehindName]).value_or(0) : 0;
}

unsigned root_uid_of(std::string_view uid_map) {
  for (const std::string_view line : split(uid_map, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
    if (words.size() == 3 && words[0] == "0") return number(words[1]);
  }
  return 0;
}

std::vector<std::string> libraries_of(std::string_view maps) {
  std::vector<std::string> found;
  for (const std::string_view line : split(maps, '\n')) {
    const std::size_t path = line.find('/');
    if (path == std::string_view::npos) continue;
    const std::string_view file = line.substr(path);
    const std::string_view name = file.substr(file.rfind('/') + 1);
    if (!name.starts_with("libjvm.so") && !name.starts_with("libj9vm") &&
        !name.starts_with("libasyncProfiler"))
      continue;
    if (std::ranges::find(found, file) == found.end()) found.emplace_back(file);
  }
  return found;
}

Outcome<Process> Process::open(int pid) {
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return errno_trouble(fmt::format("process {}", pid), errno == EINVAL ? ESRCH : errno);
  UniqueFd directory(::open(fmt::format("/proc/{}", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid())
    return errno_trouble(fmt::format("process {}", pid), errno == ENOENT ? ESRCH : errno);
  Process process(pid, std::move(directory), std::move(pidfd));
  // The two were opened one after the other: both are of one process if the first still runs.
  if (process.ended(0)) return trouble(TroubleKind::kGone, fmt::format("process {} has ended", pid));
  return process;
}

Outcome<std::string> Process::read(const char* name) const {
  const UniqueFd file(openat(directory_.get(), name, O_RDONLY | O_CLOEXEC));
  if (!file.valid())
    return errno_trouble(fmt::format("/proc/{}/{}", pid_, name), errno == ENOENT ? ESRCH : errno);
  std::string text;
  std::array<char, 16384> part;
  while (text.size() < kMostFileBytes) {
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_trouble(fmt::format("/proc/{}/{}", pid_, name), errno);
    if (size == 0) break;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

std::string Process::link(const char* name) const {
  return read_link(directory_.get(), name).value_or("");
}

Outcome<ProcessFacts> Process::facts() const {
  ProcessFacts facts;
  std::array<std::string, 6> text;
  constexpr std::array<const char*, 6> kFiles = {"status", "stat", "uid_map", "cmdline", "environ", "maps"};
  for (std::size_t i = 0; i < kFiles.size(); ++i) {
    auto read = this->read(kFiles[i]);
    if (!read) return std::unexpected(read.error());
    text[i] = *std::move(read);
  }
  read_status(text[0], facts);
  facts.start_ticks = start_ticks_of(text[1]);
  facts.root_uid = root_uid_of(text[2]);
  for (const std::string_view argument : split(text[3], '\0')) {
    if (argument.empty()) continue;
    facts.options.emplace_back(argument);
    if (argument.starts_with(kTemporary))
      facts.temporary_directory = std::string(argument.substr(kTemporary.size()));
  }
  for (const std::string_view variable : split(text[4], '\0')) {
    if (!holds_jvm_options(variable)) continue;
    for (const std::string_view word : split(variable.substr(variable.find('=') + 1), ' '))
      if (!word.empty()) facts.options.emplace_back(word);
  }
  for (std::string& library : libraries_of(text[5]))
    facts.libraries.push_back(as_seen_inside(std::move(library)));
  return facts;
}

std::vector<std::string> Process::open_files(std::string_view prefix, std::string_view suffix) const {
  std::vector<std::string> found;
  const int fd = openat(directory_.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return found;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(fdopendir(fd), &closedir);
  while (const dirent* entry = readdir(list.get())) {
    auto target = read_link(fd, entry->d_name);
    if (!target || !target->starts_with('/')) continue;
    std::string inside = as_seen_inside(*std::move(target));
    const std::string_view name = std::string_view(inside).substr(inside.rfind('/') + 1);
    if (name.starts_with(prefix) && name.ends_with(suffix)) found.push_back(std::move(inside));
  }
  return found;
}

Outcome<UniqueFd> Process::directory(const char* name) const {
  UniqueFd fd(openat(directory_.get(), name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid())
    return errno_trouble(fmt::format("/proc/{}/{}", pid_, name), errno == ENOENT ? ESRCH : errno);
  return fd;
}

Outcome<> Process::send_quit() const {
  if (syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGQUIT, nullptr, 0) != 0)
    return errno_trouble(fmt::format("signal to process {}", pid_), errno);
  return {};
}

bool Process::ended(int milliseconds) const {
  pollfd wait{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, milliseconds) > 0;
}

std::string Process::as_seen_inside(std::string path) const {
  const std::string root = link("root");
  if (root.size() > 1 && path.starts_with(root + "/")) path.erase(0, root.size());
  return path;
}

}  // namespace invar::java
