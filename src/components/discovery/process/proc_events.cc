#include "components/discovery/process/proc_events.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace invar::components::discovery_process {
namespace {

constexpr int kReceiveBytes = 1 << 20;  // some 10,000 events between two turns of the loop
constexpr std::size_t kHead = sizeof(nlmsghdr) + sizeof(cn_msg);

Result<> listen(int fd) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return std::unexpected(errno_error("the proc connector needs CAP_NET_ADMIN", errno));
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);

  std::array<char, kHead + sizeof(proc_cn_mcast_op)> request{};
  nlmsghdr head{};
  head.nlmsg_len = request.size();
  head.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
  std::memcpy(request.data(), &head, sizeof head);
  std::memcpy(request.data() + sizeof head, &message, sizeof message);
  std::memcpy(request.data() + kHead, &operation, sizeof operation);
  if (send(fd, request.data(), request.size(), 0) < 0)
    return std::unexpected(errno_error("the proc connector refuses", errno));
  return {};
}

template <class T>
T at(std::string_view bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void read_event(std::string_view bytes, ProcChanges& changes) {
  constexpr std::size_t kData = offsetof(proc_event, event_data);
  struct Ids {
    __kernel_pid_t pid, tgid;
  };
  const auto what = at<std::uint32_t>(bytes, 0);
  // fork carries the parent's ids before the child's.
  const auto ids = at<Ids>(bytes, what == proc_event::PROC_EVENT_FORK ? kData + sizeof(Ids) : kData);
  switch (what) {
    case proc_event::PROC_EVENT_FORK:
    case proc_event::PROC_EVENT_EXIT:
      if (ids.pid == ids.tgid && ids.pid > 0) changes.pids.push_back(ids.pid);
      break;
    case proc_event::PROC_EVENT_EXEC:
    case proc_event::PROC_EVENT_UID:
      if (ids.tgid > 0) changes.pids.push_back(ids.tgid);
      break;
    default:
      break;
  }
}

}  // namespace

void read_proc_message(std::string_view message, ProcChanges& changes) {
  while (message.size() >= kHead) {
    const auto head = at<nlmsghdr>(message, 0);
    if (head.nlmsg_len < kHead || head.nlmsg_len > message.size()) return;
    const auto connector = at<cn_msg>(message, sizeof head);
    if (connector.id.idx == CN_IDX_PROC && connector.id.val == CN_VAL_PROC)
      read_event(message.substr(kHead, head.nlmsg_len - kHead), changes);
    message.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), message.size()));
  }
}

Result<std::unique_ptr<ProcEvents>> ProcEvents::open(async::Loop& loop, OnChange on_change) {
  UniqueFd fd(socket(PF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_CONNECTOR));
  if (!fd.valid()) return std::unexpected(errno_error("the kernel has no proc connector", errno));
  INVAR_TRY(listen(fd.get()));
  return std::unique_ptr<ProcEvents>(new ProcEvents(loop, std::move(fd), std::move(on_change)));
}

ProcEvents::ProcEvents(async::Loop& loop, UniqueFd fd, OnChange on_change)
    : loop_(loop),
      fd_(std::move(fd)),
      on_change_(std::move(on_change)),
      watch_(loop_.watch_readable(fd_.get(), [this] { readable(); })) {}

ProcEvents::~ProcEvents() {
  loop_.unwatch(watch_);
}

void ProcEvents::readable() {
  ProcChanges changes;
  std::array<char, 8192> buffer;
  for (int reads = 0; reads < 1000; ++reads) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t n =
        recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0 && errno == ENOBUFS) {
      changes.lost = true;
      continue;
    }
    if (n <= 0) break;
    if (from.nl_pid == 0)
      read_proc_message({buffer.data(), static_cast<std::size_t>(n)}, changes);  // the kernel's
  }
  if (changes.lost || !changes.pids.empty()) on_change_(std::move(changes));
}

}  // namespace invar::components::discovery_process
