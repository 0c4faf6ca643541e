#include "http/testing/real_program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "base/unique_fd.h"

namespace invar::http::testing {
namespace {

using Clock = std::chrono::steady_clock;

bool accepts(std::uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

std::uint16_t free_port() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  INVAR_CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "no free port");
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

RealProgram::RealProgram(std::vector<std::string> arguments, std::uint16_t port, std::string output_file) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int output = open(output_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  child_ = fork();
  INVAR_CHECK(child_ >= 0, "fork failed");
  if (child_ == 0) {
    // A group of its own: helpers that the program starts end with it.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  setpgid(child_, child_);
  close(output);
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (!accepts(port)) {
    int status = 0;
    const bool ended = waitpid(child_, &status, WNOHANG) == child_;
    INVAR_CHECK(!ended && Clock::now() < end, arguments[0] + " does not come up:\n" + content(output_file));
    poll(nullptr, 0, 5);
  }
}

RealProgram::~RealProgram() {
  kill(-child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

}  // namespace invar::http::testing
