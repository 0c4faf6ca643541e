#include "ebpf/byte_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace invar::ebpf {

std::string ByteSource::bytes(std::uint64_t offset, std::size_t count) const {
  if (offset > size() || count > size() - offset) return {};
  std::string out(count, '\0');
  return read(offset, out.data(), count) ? out : std::string();
}

FileBytes::FileBytes(UniqueFd fd) : fd_(std::move(fd)) {
  struct stat facts{};
  if (fd_.valid() && fstat(fd_.get(), &facts) == 0 && S_ISREG(facts.st_mode))
    size_ = static_cast<std::uint64_t>(facts.st_size);
}

bool FileBytes::read(std::uint64_t offset, void* out, std::size_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) return false;
  auto* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t n = pread(fd_.get(), to, bytes, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<std::uint64_t>(n);
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

bool MemoryBytes::read(std::uint64_t offset, void* out, std::size_t bytes) const {
  if (offset > bytes_.size() || bytes > bytes_.size() - offset) return false;
  if (bytes > 0) std::memcpy(out, bytes_.data() + offset, bytes);
  return true;
}

}  // namespace invar::ebpf
