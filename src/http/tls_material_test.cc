#include "http/tls_material.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/certificates.h"

namespace invar::http {
namespace {

// They cost more than the rest of the start, and most programs speak plain HTTP.
TEST(TlsMaterial, TheRootsOfTheSystemWaitForAHandshake) {
  async::testing::TestLoop loop;
  const auto files = std::make_shared<FileCache>(loop, fs::testing::MemoryFileSystem::create());
  const auto plain = TlsSource({}, files).current();
  ASSERT_TRUE(plain);
  EXPECT_EQ((*plain)->roots, nullptr);

  TlsConfig own;
  own.ca_pem = testing::Authority("CA").issue({"x", {"x"}, {}}).certificate_pem;
  const auto given = TlsSource(own, files).current();
  ASSERT_TRUE(given);
  EXPECT_NE((*given)->roots, nullptr);
}

}  // namespace
}  // namespace invar::http
