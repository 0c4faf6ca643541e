#include "pprof/foreign_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "codec/gzip.h"
#include "pprof/profile.h"
#include "pprof/testing/random_profile.h"

namespace invar::pprof {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

TEST(ForeignFormat, NamesWhatItIsAndWhatToChange) {
  struct Row {
    std::string body, says;
  };
  const std::vector<Row> rows = {
      {"heap profile: 12: 3456 [78: 91011] @ heap/1048576\n1: 2 [3: 4] @ 0x1 0x2\n", "debug=1"},
      {"goroutine profile: total 7\n1 @ 0x1 0x2\n", "debug=1"},
      {"--- contention:\ncycles/second=1\n", "debug=1"},
      {"--- mutex:\ncycles/second=1\n", "debug=1"},
      {"goroutine 1 [running]:\nmain.main()\n", "debug=2"},
      {"heap_v2/524288\n  t*: 28106: 56637512 [0: 0]\n", "jemalloc"},
      {"heap profile:     84: 111 [    84: 111] @ heapprofile\n", "gperftools"},
      {"heap profile:     84: 111 [    84: 111] @ heap_v2/1\n", "gperftools"},
      {"\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s, "gperftools"},
      {"FLR\0\0\2\0\1"s, "format=jfr"},
      {"main;work;sleep 42\nmain;idle 7\n", "format=folded"},
      {"go 1.22 trace\0\0\0rest"s, "/debug/pprof/trace"},
      {"# HELP go_goroutines Number of goroutines.\n", "metrics of Prometheus"},
      {"# TYPE up gauge\r\nup 1\r\n", "metrics of Prometheus"},
      {"# UNIT up_seconds seconds\n", "metrics of Prometheus"},
      {"vm_rows{type=\"storage/big; 2\"} 42\n", "metrics of Prometheus"},
      {"go_gc_seconds{quantile=\"0.5\"} 0.0001 1700000000\n", "metrics of Prometheus"},
      {"--- symbol\nbinary=/bin/server\n---\n", "gperftools"},
      {"PERFILE2\x68\0\0\0"s, "pyroscope.ebpf"},
      {"\x28\xb5\x2f\xfd\x04\0\0\0\0\0\0\0"s, "zstd"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(foreign_format(row.body), HasSubstr(row.says)) << row.body;
    std::string scratch;
    const auto plain = validate_body(row.body, "text/plain; charset=utf-8", 1 << 20, scratch);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().message, foreign_format(row.body));
    const auto packed = validate_body(testing::gzipped(row.body), "", 1 << 20, scratch);
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().message, foreign_format(row.body));
  }
}

TEST(ForeignFormat, SaysNothingAboutTheRest) {
  const std::string rows[] = {
      "",    "\n",    "hello",    "hello 1",      "<html>",         "{\"a\": 1}",
      "a;b", "a;b c", "a;\x01 3", "a{b=\"c\"} x", "a b{c=\"d\"} 1", testing::captured_raw("prom-heap-1")};
  for (const auto& body : rows) EXPECT_EQ(foreign_format(body), "") << body.substr(0, 20);
}

}  // namespace
}  // namespace invar::pprof
