#include "ebpf/process_files.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/proc_file.h"
#include "base/strings.h"

namespace invar::ebpf {
namespace {

// A FIFO or a device must not hold us up.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool regular(const UniqueFd& fd, struct stat& facts) {
  return fd.valid() && fstat(fd.get(), &facts) == 0 && S_ISREG(facts.st_mode);
}

}  // namespace

UniqueFd open_in_root(int pid, const std::string& path, Links links) {
  const UniqueFd root(open(fmt::format("/proc/{}/root", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return {};
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (links == Links::kNone) how.resolve |= RESOLVE_NO_SYMLINKS;
  UniqueFd file(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  struct stat facts{};
  return regular(file, facts) ? std::move(file) : UniqueFd();
}

UniqueFd open_mapped(int pid, const MapLine& line) {
  struct stat facts{};
  const std::string link = fmt::format("/proc/{}/map_files/{:x}-{:x}", pid, line.start, line.end);
  UniqueFd mapped(open(link.c_str(), kOpenFlags));
  if (regular(mapped, facts)) return mapped;
  if (line.deleted || !line.of_file()) return {};
  UniqueFd named = open_in_root(pid, line.path, Links::kInsideRoot);
  const bool same = regular(named, facts) && facts.st_ino == line.inode &&
                    makedev(line.device >> 32, line.device & 0xffffffff) == facts.st_dev;
  return same ? std::move(named) : UniqueFd();
}

std::string read_memory(int pid, std::uint64_t address, std::size_t bytes) {
  std::string out(bytes, '\0');
  iovec here{out.data(), bytes};
  iovec there{reinterpret_cast<void*>(address), bytes};
  const ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
  return got == static_cast<ssize_t>(bytes) ? out : std::string();
}

bool is_32bit(int pid) {
  const UniqueFd file(open(fmt::format("/proc/{}/exe", pid).c_str(), kOpenFlags));
  unsigned char head[EI_NIDENT] = {};
  return file.valid() && pread(file.get(), head, sizeof head, 0) == sizeof head &&
         head[EI_CLASS] == ELFCLASS32;
}

int namespace_pid(int pid) {
  const std::string status = read_proc_file(fmt::format("/proc/{}/status", pid));
  constexpr std::string_view kName = "\nNSpid:";
  const std::size_t at = status.find(kName);
  if (at == std::string::npos) return 0;
  std::string_view line = std::string_view(status).substr(at + kName.size());
  line = line.substr(0, line.find('\n'));
  return static_cast<int>(parse_uint(line.substr(line.find_last_of(" \t") + 1)).value_or(0));
}

}  // namespace invar::ebpf
