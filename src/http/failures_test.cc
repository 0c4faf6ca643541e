#include "http/failures.h"

#include <gtest/gtest.h>

namespace invar::http {
namespace {

TEST(Failures, TellWhatCameBack) {
  const struct {
    Failure failure;
    Answered answered;
  } cases[] = {
      {no_answer("h:1"), Answered::kNothing},
      {connection_lost("h:1", "connection reset"), Answered::kNothing},
      {{FailureKind::kTimeout, "no answer"}, Answered::kNothing},
      {{FailureKind::kTls, "certificate of h:1 has expired"}, Answered::kNothing},
      {body_too_large("h:1", 1024), Answered::kUnreadable},
      {cut_answer("h:1", 17), Answered::kUnreadable},
      {endless_head("h:1"), Answered::kUnreadable},
      {not_http("h:1", "no status line"), Answered::kForeign},
      {not_tls("h:1"), Answered::kForeign},
  };
  for (const auto& c : cases) EXPECT_EQ(c.failure.answered, c.answered) << c.failure.message;
}

}  // namespace
}  // namespace invar::http
