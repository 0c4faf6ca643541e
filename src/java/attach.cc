#include "java/attach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "java/as_user.h"
#include "java/suitable.h"

namespace invar::java {
namespace {

constexpr std::size_t kMostAnswer = std::size_t{64} << 10;

std::unexpected<Trouble> no_answer(std::string_view why) {
  return trouble(TroubleKind::kNoAnswer, fmt::format("JVM does not answer: {}", why));
}

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

std::string Attach::socket_path() const {
  return fmt::format("/tmp/.java_pid{}", facts_.inner_pid);
}

Outcome<bool> Attach::wake() const {
  if (root_.socket(socket_path())) return false;
  // Where it is put the socket has its place, too: a JVM that cannot make one is not asked for it.
  const std::string trigger = fmt::format("/tmp/.attach_pid{}", facts_.inner_pid);
  if (!root_.create_empty(trigger)) return no_directory("/tmp: nothing can be created there");
  auto asked = ask_for_socket(trigger);
  root_.remove(trigger);
  if (!asked) return std::unexpected(asked.error());
  return true;
}

Outcome<> Attach::ask_for_socket(const std::string& trigger) const {
  const auto now = process_.facts();
  if (!now) return std::unexpected(now.error());
  if (auto suitable = check_suitable(*now); !suitable) return suitable;
  if (auto sent = process_.send_quit(); !sent) return sent;
  for (int slice = 0; slice < kSignalSlices && !cancelled_; ++slice) {
    if (process_.ended(kSliceMs)) return trouble(TroubleKind::kGone, "the JVM ended");
    if (root_.socket(socket_path())) return {};
  }
  return no_answer(fmt::format("it did not open its attach socket, asked by {}", trigger));
}

Outcome<std::string> Attach::command(const std::vector<std::string>& words) const {
  auto path = root_.socket(socket_path());
  if (!path) return std::unexpected(path.error());
  const UniqueFd peer(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}", path->get());
  int slices = kMostSlices;
  const auto wait = [&](short events) {
    pollfd ready{.fd = peer.get(), .events = events, .revents = 0};
    (void)poll(&ready, 1, kSliceMs);
    return --slices > 0 && !cancelled_;
  };
  while (true) {
    int error = 0;
    {
      const auto user = AsUser::become(facts_.uid, facts_.gid);
      if (!user) return std::unexpected(user.error());
      // What the path means is a socket of the JVM's user, found before without following a link.
      if (connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        error = errno;
    }
    if (error == 0) break;
    if (!is_transient(error)) return no_answer(errno_error("its attach socket", error).message);
    if (process_.ended(kSliceMs)) return trouble(TroubleKind::kGone, "the JVM ended");
    if (--slices <= 0 || cancelled_) return no_answer("its attach socket is busy");
  }

  std::string request = "1";
  request += '\0';
  for (std::size_t i = 0; i < 4; ++i) {  // the command and three arguments
    if (i < words.size()) request += words[i];
    request += '\0';
  }
  for (std::string_view rest = request; !rest.empty();) {
    const ssize_t sent = send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (!is_transient(errno)) {
      return no_answer(errno_error("its attach socket", errno).message);
    } else if (!wait(POLLOUT)) {
      return no_answer("it takes no command");
    }
  }
  std::string answer;
  std::array<char, 4096> part;
  while (answer.size() < kMostAnswer) {
    const ssize_t size = recv(peer.get(), part.data(), part.size(), 0);
    if (size == 0) return answer;
    if (size > 0) {
      answer.append(part.data(), static_cast<std::size_t>(size));
    } else if (!is_transient(errno)) {
      return no_answer(errno_error("its attach socket", errno).message);
    }
    if (!wait(POLLIN)) return no_answer("a command is not done within 10 s");
  }
  return no_answer("its answer is too long");
}

Outcome<> read_load_answer(std::string_view answer) {
  constexpr std::string_view kReturn = "return code: ";
  if (answer.empty()) return trouble(TroubleKind::kGone, "the JVM closed the connection: it is ending");
  const std::size_t end = std::min(answer.find('\n'), answer.size());
  const std::string_view status = answer.substr(0, end);
  std::string_view text = trim_space(answer.substr(end));
  if (text.starts_with(kReturn)) text.remove_prefix(kReturn.size());
  if (status == "0" && text == "0") return {};
  if (const auto code = parse_int(text); status == "0" && code)
    return trouble(TroubleKind::kAgentRefused, fmt::format("async-profiler refused: return code {}", *code));
  return trouble(TroubleKind::kLibraryRefused,
                 fmt::format("the JVM did not load async-profiler: {}", text.empty() ? status : text));
}

}  // namespace invar::java
