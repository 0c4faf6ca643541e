#include "components/discovery/process/proc_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <unordered_map>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "component/container_id.h"

namespace invar::components::discovery_process {
namespace {

// Of one process's files; a longer command line is cut.
constexpr std::size_t kMostBytes = std::size_t{128} << 10;

class Reader {
 public:
  Reader(const std::string& proc, const Wanted& wanted)
      : root_(open(proc.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), wanted_(wanted) {}

  void read(int pid, Scan& scan) {
    errno = 0;
    auto process = facts(pid);
    if (process)
      scan.processes.push_back(std::move(*process));
    else if (errno == EACCES || errno == EPERM)
      ++scan.refused;
  }

 private:
  // Empty, with errno, when a wanted fact cannot be read.
  std::optional<Process> facts(int pid) {
    const UniqueFd directory(
        openat(root_.get(), std::to_string(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return std::nullopt;
    Process process{.pid = pid, .container_id = {}, .labels = {}};
    process.labels.emplace("__process_pid__", std::to_string(pid));
    const auto add = [&process](const char* name, std::string value) {
      if (!value.empty()) process.labels.emplace(name, std::move(value));
    };
    if (wanted_.exe) {
      auto exe = link(directory.get(), "exe");
      if (!exe) return std::nullopt;
      add("__meta_process_exe", std::move(*exe));
    }
    if (wanted_.cwd) {
      auto cwd = link(directory.get(), "cwd");
      if (!cwd) return std::nullopt;
      add("__meta_process_cwd", std::move(*cwd));
    }
    if (wanted_.commandline) {
      if (!file(directory.get(), "cmdline")) return std::nullopt;
      add("__meta_process_commandline", joined(text_, '\0', ' '));
    }
    if (wanted_.container_id || wanted_.cgroup_path) {
      if (!file(directory.get(), "cgroup")) return std::nullopt;
      if (wanted_.container_id) {
        process.container_id = component::container_id(text_);
        add("__container_id__", process.container_id);
      }
      if (wanted_.cgroup_path) add("__meta_process_cgroup_path", joined(text_, '\n', '|'));
    }
    if ((wanted_.uid || wanted_.username) && file(directory.get(), "status")) {
      const std::string uid = real_uid();
      if (wanted_.uid) add("__meta_process_uid", uid);
      if (wanted_.username) add("__meta_process_username", user_name(uid));
    }
    errno = 0;
    return process;
  }

  static std::optional<std::string> link(int directory, const char* name) {
    std::array<char, 4096> buffer;
    const ssize_t size = readlinkat(directory, name, buffer.data(), buffer.size());
    if (size < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  }

  // Into text_, whose room is kept from process to process.
  bool file(int directory, const char* name) {
    const UniqueFd fd(openat(directory, name, O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return false;
    text_.clear();
    std::array<char, 8192> buffer;
    while (text_.size() < kMostBytes) {
      const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return false;
      if (size == 0) break;
      text_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return true;
  }

  // The parts that are not empty.
  static std::string joined(std::string_view text, char from, char to) {
    std::string out;
    for (const std::string_view part : split(text, from)) {
      if (part.empty()) continue;
      if (!out.empty()) out += to;
      out += part;
    }
    return out;
  }

  [[nodiscard]] std::string real_uid() const {
    constexpr std::string_view kName = "\nUid:\t";
    const std::size_t at = text_.find(kName);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + kName.size();
    return text_.substr(begin, text_.find_first_of("\t\n", begin) - begin);
  }

  const std::string& user_name(const std::string& uid) {
    const auto [it, added] = users_.try_emplace(uid);
    const auto number = parse_uint(uid);
    if (!added || !number) return it->second;
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer;
    if (getpwuid_r(static_cast<uid_t>(*number), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr)
      it->second = found->pw_name;
    return it->second;
  }

  UniqueFd root_;
  const Wanted& wanted_;
  std::string text_;
  std::unordered_map<std::string, std::string> users_;
};

Result<std::vector<int>> list_pids(const std::string& proc) {
  DIR* directory = opendir(proc.c_str());
  if (directory == nullptr)
    return std::unexpected(errno_error("cannot list the processes in " + proc, errno));
  std::vector<int> pids;
  while (const dirent* entry = readdir(directory))
    if (const auto pid = parse_uint(entry->d_name); pid && *pid > 0) pids.push_back(static_cast<int>(*pid));
  closedir(directory);
  std::ranges::sort(pids);
  return pids;
}

}  // namespace

Scan read_processes(const std::string& proc, const Wanted& wanted, const std::vector<int>& pids) {
  Scan scan;
  Reader reader(proc, wanted);
  for (const int pid : pids) reader.read(pid, scan);
  return scan;
}

Result<Scan> read_processes(const std::string& proc, const Wanted& wanted) {
  INVAR_ASSIGN_OR_RETURN(const std::vector<int> pids, list_pids(proc));
  return read_processes(proc, wanted, pids);
}

}  // namespace invar::components::discovery_process
