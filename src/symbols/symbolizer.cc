#include "symbols/symbolizer.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include "base/strings.h"
#include "symbols/dwarf_frames.h"

namespace invar::symbols {
namespace {

// "/proc/PID/"; libdwfl's callbacks get it as the data of each module.
struct Process {
  std::string folder;

  [[nodiscard]] std::string executable() const {
    char buffer[4096];
    const ssize_t n = readlink((folder + "exe").c_str(), buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }
};

const Process& process_of(void** user) {
  return *static_cast<const Process*>(*user);
}

int open_file(const std::string& path, char** name) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) *name = strdup(path.c_str());
  return fd;
}

// The executable is opened through /proc, so that symbols still fit after the file was replaced by an upgrade; libraries as
// the process sees them, which may be another file system.
int find_elf(Dwfl_Module* module, void** user, const char* name, Dwarf_Addr base, char** file_name,
             Elf** elf) {
  *elf = nullptr;
  if (name != nullptr && name[0] == '/') {
    const Process& process = process_of(user);
    if (name == process.executable()) return open_file(process.folder + "exe", file_name);
    if (const int fd = open_file(process.folder + "root" + name, file_name); fd >= 0) return fd;
  }
  return dwfl_linux_proc_find_elf(module, user, name, base, file_name, elf);
}

std::string build_id_of(Dwfl_Module* module) {
  const unsigned char* bits = nullptr;
  GElf_Addr address = 0;
  const int length = dwfl_module_build_id(module, &bits, &address);
  return length > 0 ? std::string(reinterpret_cast<const char*>(bits), static_cast<std::size_t>(length)) : "";
}

// Opens a debug file that was named by a link, if it is of the same build.
int open_linked(const std::string& path, const std::string& build_id, char** name) {
  const int fd = open_file(path, name);
  if (fd < 0) return -1;
  Elf* elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  const void* bits = nullptr;
  const ssize_t length = elf != nullptr ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
  const bool same = length > 0 && build_id == std::string_view(static_cast<const char*>(bits),
                                                               static_cast<std::size_t>(length));
  elf_end(elf);
  if (same) return fd;
  close(fd);
  std::free(*name);
  *name = nullptr;
  return -1;
}

// Separate debug files: by build id, else by the name in the binary, beside it or in `.debug` there. The library's own search
// may ask a server on the network; this one never does.
int find_debuginfo(Dwfl_Module* module, void** user, const char* module_name, Dwarf_Addr, const char*,
                   const char* link, GElf_Word, char** debuginfo_name) {
  const std::string id = build_id_of(module);
  if (id.empty()) return -1;
  const Process& process = process_of(user);
  const std::string digits = hex(id);
  const std::string path =
      "/usr/lib/debug/.build-id/" + digits.substr(0, 2) + "/" + digits.substr(2) + ".debug";
  for (const std::string& place : {process.folder + "root" + path, path}) {
    if (const int fd = open_file(place, debuginfo_name); fd >= 0) return fd;
  }
  if (link == nullptr || module_name == nullptr || module_name[0] != '/') return -1;
  const std::string folder =
      process.folder + "root" + std::string(module_name, std::strrchr(module_name, '/') + 1);
  for (const std::string& place : {folder + link, folder + ".debug/" + link}) {
    if (const int fd = open_linked(place, id, debuginfo_name); fd >= 0) return fd;
  }
  return -1;
}

const Dwfl_Callbacks kCallbacks = {find_elf, find_debuginfo, dwfl_offline_section_address, nullptr};

struct EndDwfl {
  void operator()(Dwfl* d) const { dwfl_end(d); }
};

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The chain of inlined functions at `pc`, ending with the one that really is there.
std::vector<Frame> module_frames(Dwfl_Module* module, Dwarf_Addr pc, const char* file, int line) {
  Dwarf_Addr bias = 0;
  Dwarf_Die* unit = dwfl_module_addrdie(module, pc, &bias);
  return unit != nullptr ? dwarf_frames(unit, pc - bias, file, line) : std::vector<Frame>();
}

}  // namespace

struct Symbolizer::Impl {
  explicit Impl(pid_t pid) : pid(pid), process{"/proc/" + std::to_string(pid) + "/"} {}

  const pid_t pid;
  Process process;
  std::mutex mutex;
  std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> known;
  std::map<std::string, std::shared_ptr<const Module>> modules;  // by path and start

  // Null when the process cannot be looked at.
  std::unique_ptr<Dwfl, EndDwfl> open_process() {
    std::unique_ptr<Dwfl, EndDwfl> dwfl(dwfl_begin(&kCallbacks));
    if (!dwfl || dwfl_linux_proc_report(dwfl.get(), pid) != 0 ||
        dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0)
      return nullptr;
    const auto hand_over = [](Dwfl_Module*, void** user, const char*, Dwarf_Addr, void* process) {
      *user = process;
      return int{DWARF_CB_OK};
    };
    if (dwfl_getmodules(dwfl.get(), hand_over, &process, 0) != 0) return nullptr;
    return dwfl;
  }

  std::shared_ptr<const Module> module_of(Dwfl_Module* module) {
    Dwarf_Addr start = 0, end = 0;
    const char* name = dwfl_module_info(module, nullptr, &start, &end, nullptr, nullptr, nullptr, nullptr);
    auto& slot = modules[std::string(name != nullptr ? name : "") + '@' + std::to_string(start)];
    if (!slot) {
      auto made = std::make_shared<Module>();
      made->start = start;
      made->limit = end;
      made->path = name != nullptr ? name : "";
      GElf_Addr bias = 0;
      (void)dwfl_module_getelf(module, &bias);  // opens the file: a build id is known only then
      const unsigned char* bits = nullptr;
      GElf_Addr address = 0;
      if (const int length = dwfl_module_build_id(module, &bits, &address); length > 0) {
        made->build_id = hex({reinterpret_cast<const char*>(bits), static_cast<std::size_t>(length)});
      }
      slot = std::move(made);
    }
    return slot;
  }

  std::shared_ptr<const Place> resolve(Dwfl* dwfl, std::uintptr_t address) {
    auto place = std::make_shared<Place>();
    Dwfl_Module* module = dwfl != nullptr ? dwfl_addrmodule(dwfl, address) : nullptr;
    if (module == nullptr) {
      place->frames.push_back(make_frame("[unknown]", nullptr, 0));
      return place;
    }
    place->module = module_of(module);
    const char* file = nullptr;
    int line = 0;
    if (Dwfl_Line* source = dwfl_module_getsrc(module, address)) {
      file = dwfl_lineinfo(source, nullptr, &line, nullptr, nullptr, nullptr);
    }
    place->frames = module_frames(module, address, file, line);
    if (place->frames.empty()) {
      const char* symbol = dwfl_module_addrname(module, address);
      const std::string fallback = "[" + std::string(base_name(place->module->path)) + "]";
      place->frames.push_back(make_frame(symbol != nullptr ? symbol : fallback.c_str(), file, line));
    }
    return place;
  }
};

Symbolizer::Symbolizer(pid_t pid) : impl_(std::make_unique<Impl>(pid)) {}
Symbolizer::~Symbolizer() = default;

std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> Symbolizer::lookup(
    const std::vector<std::uintptr_t>& addresses) {
  const std::lock_guard lock(impl_->mutex);
  std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> result;
  std::unique_ptr<Dwfl, EndDwfl> dwfl;
  bool opened = false;
  for (const std::uintptr_t address : addresses) {
    auto& known = impl_->known[address];
    if (!known) {
      if (!opened) {
        opened = true;
        dwfl = impl_->open_process();
      }
      known = impl_->resolve(dwfl.get(), address);
    }
    result[address] = known;
  }
  return result;
}

}  // namespace invar::symbols
