#include "base/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace invar {

std::string read_proc_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; fd.valid() && (n = ::read(fd.get(), buffer, sizeof buffer)) != 0;) {
    if (n < 0) return {};
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace invar
