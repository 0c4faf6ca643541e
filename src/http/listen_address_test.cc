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
