#include "components/discovery/dns/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/time.h>

#include <array>
#include <utility>

namespace invar::components::discovery_dns {
namespace {

// A loop tells when a descriptor can be read only; while one waits to be written (TCP that connects), it is looked at so often.
constexpr Duration kWriteAgain = std::chrono::milliseconds(5);
constexpr int kUdpBytes = 4096;

struct Made {
  ares_channel channel = nullptr;
  int status = ARES_SUCCESS;
};

Made make_channel(fs::FileSystem& files, const std::string& servers) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  Made made{.status = library};
  if (library != ARES_SUCCESS) return made;
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = kUdpBytes;
  std::string configuration = "/etc/resolv.conf";
  if (!files.stat(configuration)) configuration = "/dev/null";
  options.resolvconf_path = configuration.data();
  made.status =
      ares_init_options(&made.channel, &options, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF);
  if (made.status == ARES_SUCCESS && !servers.empty())
    made.status = ares_set_servers_ports_csv(made.channel, servers.c_str());
  return made;
}

int wire_type(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return ns_t_a;
    case RecordType::kAaaa:
      return ns_t_aaaa;
    case RecordType::kMx:
      return ns_t_mx;
    case RecordType::kNs:
      return ns_t_ns;
    case RecordType::kSrv:
      break;
  }
  return ns_t_srv;
}

}  // namespace

Resolver::Resolver(async::Loop& loop, async::WorkerPool& pool, std::shared_ptr<fs::FileSystem> files,
                   std::string servers)
    : loop_(loop), pool_(pool), files_(std::move(files)), servers_(std::move(servers)), timer_(loop) {}

Resolver::~Resolver() {
  cancel();
}

void Resolver::cancel() {
  ++run_;
  timer_.cancel();
  unwatch();
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
}

void Resolver::look_up(std::vector<std::string> names, RecordType type, Done done) {
  cancel();
  type_ = type;
  done_ = std::move(done);
  answers_.clear();
  pool_.run([files = files_, servers = servers_] { return make_channel(*files, servers); },
            [token = alive_.token(), this, run = run_, names = std::move(names)](Made made) mutable {
              if (token.expired() || run != run_) {
                if (made.channel != nullptr) ares_destroy(made.channel);
                return;
              }
              if (made.status != ARES_SUCCESS) {
                if (made.channel != nullptr) ares_destroy(made.channel);
                for (const std::string& name : names)
                  answers_.insert_or_assign(
                      name, fail(ErrorCode::kUnavailable, std::string("the resolver cannot be set up: ") +
                                                              ares_strerror(made.status)));
                auto done = std::move(done_);
                return done(std::move(answers_));
              }
              begin(made.channel, std::move(names));
            });
}

void Resolver::begin(ares_channeldata* channel, std::vector<std::string> names) {
  channel_ = channel;
  open_ = names.size();
  const std::uint64_t run = run_;
  for (std::string& name : names) {
    auto query = std::make_unique<Query>(Query{this, std::move(name)});
    const std::string asked = query->name;
    ares_search(
        channel_, asked.c_str(), ns_c_in, wire_type(type_),
        [](void* argument, int status, int, unsigned char* message, int size) {
          const std::unique_ptr<Query> query(static_cast<Query*>(argument));
          if (status == ARES_EDESTRUCTION) return;
          query->resolver->answered(query->name, status, message, size);
        },
        query.release());
  }
  if (run == run_) turn();
}

void Resolver::answered(const std::string& name, int status, const unsigned char* message, int size) {
  --open_;
  auto records = [&]() -> Result<std::vector<Record>> {
    if (status == ARES_SUCCESS) return read_answer({message, static_cast<std::size_t>(size)}, type_);
    if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return std::vector<Record>();
    return fail(ErrorCode::kUnavailable, ares_strerror(status));
  }();
  answers_.insert_or_assign(name, std::move(records));
}

void Resolver::turn() {
  unwatch();
  if (open_ == 0) {
    cancel();
    auto done = std::move(done_);
    return done(std::move(answers_));
  }
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
  const int wanted = ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size()));
  bool writing = false;
  for (unsigned i = 0; i < sockets.size(); ++i) {
    const auto bits = static_cast<unsigned>(wanted);
    const ares_socket_t fd = sockets[i];
    if ((bits & (1U << i)) != 0)
      watches_.push_back(loop_.watch_readable(fd, [this, fd] {
        ares_process_fd(channel_, fd, ARES_SOCKET_BAD);
        turn();
      }));
    writing = writing || (bits & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0;
  }
  timeval most{.tv_sec = 1, .tv_usec = 0}, left{};
  const timeval* next = ares_timeout(channel_, &most, &left);
  const Duration pause = std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec);
  timer_.arm_after(writing ? std::min(pause, kWriteAgain) : pause, [this] {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> waiting;
    const auto bits =
        static_cast<unsigned>(ares_getsock(channel_, waiting.data(), static_cast<int>(waiting.size())));
    for (unsigned i = 0; i < waiting.size(); ++i)
      if ((bits & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0)
        ares_process_fd(channel_, ARES_SOCKET_BAD, waiting[i]);
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    turn();
  });
}

void Resolver::unwatch() {
  for (const auto watch : watches_) loop_.unwatch(watch);
  watches_.clear();
}

}  // namespace invar::components::discovery_dns
