#include "base/stderr_writer.h"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace invar::log {
namespace {

// A pipe that polls writable takes PIPE_BUF bytes at once; a socket is asked not to wait.
ssize_t write_some(int fd, std::string_view text) {
  const std::size_t size = std::min<std::size_t>(text.size(), PIPE_BUF);
  const ssize_t sent = ::send(fd, text.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return ::write(fd, text.data(), size);
}

}  // namespace

bool DescriptorWriter::put(std::string_view text, int patience_ms) {
  while (!text.empty()) {
    pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&waiting, 1, patience_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t written = write_some(fd_, text);
    if (written < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
    mid_line_ = !text.empty();
  }
  return true;
}

void DescriptorWriter::write(std::string_view line) {
  const int patience_ms = stuck_ ? 0 : patience_ms_;
  bool sent = true;
  if (mid_line_) sent = put("\n", patience_ms);
  if (sent && dropped_ > announced_) {
    sent = put(fmt::format("level=warn msg=\"log lines dropped: nobody reads the log\" count={}\n",
                           dropped_ - announced_),
               patience_ms);
    if (sent) announced_ = dropped_;
  }
  sent = sent && put(line, patience_ms);
  stuck_ = !sent;
  if (!sent) ++dropped_;
}

}  // namespace invar::log
