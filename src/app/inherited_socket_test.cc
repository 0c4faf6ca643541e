#include "app/inherited_socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

namespace invar::app {
namespace {

auto asked(std::map<std::string, std::string> variables) {
  return inherited_socket([variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  });
}

TEST(InheritedSocket, NoneWithoutTheVariablesOrForAnotherProcess) {
  const std::string self = std::to_string(getpid());
  for (const auto& variables : {std::map<std::string, std::string>{},
                                {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}},
                                {{"LISTEN_PID", self}, {"LISTEN_FDS", "0"}}}) {
    const auto none = asked(variables);
    ASSERT_TRUE(none.has_value());
    EXPECT_FALSE(none->has_value());
  }
}

TEST(InheritedSocket, OneIsEnough) {
  const auto two = asked({{"LISTEN_PID", std::to_string(getpid())}, {"LISTEN_FDS", "2"}});
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().message, "the service manager handed over 2 sockets; the HTTP server takes one");
}

TEST(InheritedSocket, ItIsRemovedFromTheEnvironment) {
  setenv("LISTEN_FDS", "1", 1);
  (void)asked({});
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr);
}

}  // namespace
}  // namespace invar::app
