#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/check.h"

namespace invar {
namespace {

TEST(Error, WrappedPutsTheContextInFront) {
  const Error error{ErrorCode::kNotFound, "no such file"};
  EXPECT_EQ(error.wrapped("open config"), (Error{ErrorCode::kNotFound, "open config: no such file"}));
}

TEST(Error, SystemErrorsGetACodeTheCallerCanBranchOn) {
  const struct {
    int errno_value;
    ErrorCode code;
    const char* message;
  } rows[] = {
      {ENOENT, ErrorCode::kNotFound, "open /x: no such file or directory"},
      {EEXIST, ErrorCode::kAlreadyExists, "open /x: file exists"},
      {EACCES, ErrorCode::kPermissionDenied, "open /x: permission denied"},
      {EROFS, ErrorCode::kPermissionDenied, "open /x: read-only file system"},
      {ENOSPC, ErrorCode::kResourceExhausted, "open /x: no space left on device"},
      {EMFILE, ErrorCode::kResourceExhausted, "open /x: too many open files"},
      {EIO, ErrorCode::kDataLoss, "open /x: input/output error"},
      {ECONNREFUSED, ErrorCode::kUnavailable, "open /x: connection refused"},
      {ETIMEDOUT, ErrorCode::kTimeout, "open /x: connection timed out"},
      {EISDIR, ErrorCode::kInvalidArgument, "open /x: is a directory"},
      {ENOSYS, ErrorCode::kUnsupported, "open /x: function not implemented"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(errno_error("open /x", row.errno_value), (Error{row.code, row.message}));
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  INVAR_ASSIGN_OR_RETURN(const int once, half(value));
  INVAR_TRY(half(once));
  return half(once);
}

TEST(Error, MacrosReturnTheFirstFailure) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(7).error().message, "odd");
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Check, PrintsConditionAndMessageAndAborts) {
  INVAR_CHECK(1 + 1 == 2, "holds");
  EXPECT_DEATH(INVAR_CHECK(1 + 1 == 3, "sums are off"), "check failed: 1 \\+ 1 == 3: sums are off");
}

}  // namespace
}  // namespace invar
