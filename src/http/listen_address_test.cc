#include "http/listen_address.h"

#include <gtest/gtest.h>

namespace invar::http {
namespace {

TEST(ListenAddress, OnlyNamesAreLookedUp) {
  for (const char* address :
       {":80", "0.0.0.0:80", "127.0.0.1:0", "[::]:80", "[fe80::1%eth0]:80", "localhost:80"})
    EXPECT_FALSE(needs_lookup(address)) << address;
  for (const char* address : {"host:80", "host.example.org:80", "127.1:80", "localhost.example:80"})
    EXPECT_TRUE(needs_lookup(address)) << address;
}

TEST(ListenAddress, AMistakeIsToldWithWhatToWrite) {
  const struct {
    const char *address, *mistake;
  } rows[] = {
      {"", "it is empty; write 127.0.0.1:12345"},
      {"::1", "\"::1\" has no port; write [::1]:12345"},
      {"[::1]", "\"[::1]\" has no port; write [::1]:12345"},
      {"localhost", "\"localhost\" has no port; write localhost:12345"},
      {"8080", "\"8080\" is a port alone; write :8080"},
      {"http://h", "\"http://h\" is a URL; write h:80"},
      {"h/path", "\"h/path\" holds more than host and port; write h:12345"},
      {"h:80/path", "\"h:80/path\" holds more than host and port; write h:80"},
      {"h:99999", "\"99999\" is no port"},
      {":http", "\"http\" is no port"},
  };
  for (const auto& row : rows) EXPECT_EQ(listen_mistake(row.address), row.mistake) << row.address;
}

TEST(ListenAddress, ANameBecomesItsAddress) {
  EXPECT_EQ(look_up_blocking("localhost:80"), "127.0.0.1:80");
  EXPECT_EQ(look_up_blocking("127.1:80"),
            "127.0.0.1:80");  // what the system's resolver reads without asking anybody
  EXPECT_EQ(look_up_blocking("[::1]:80"), "[::1]:80");
  const std::string nobody(64, 'x');
  EXPECT_EQ(look_up_blocking(nobody + ":80").error().message, "no address found for host \"" + nobody + "\"");
  EXPECT_EQ(look_up_blocking("[::1").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace invar::http
