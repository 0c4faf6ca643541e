// Error and Result: how a failure at run time travels through Invar.
//
// Three channels, never mixed:
//   what the user wrote wrong   -> syntax::Diagnostics (file, line, column, caret)
//   what failed while running   -> Result<T>, or a domain enum where the caller must branch
//   our own bugs                -> INVAR_CHECK (abort)
// Invar throws nothing; exceptions of a library end in the folder that owns the library.
// `message` is a finished phrase for a person: it names the file, URL or label concerned and never holds a secret.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace invar {

enum class ErrorCode {
  kInvalidArgument,  // the caller's or the peer's data is wrong; the same call fails again
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kUnavailable,  // may work later: refused, reset, busy
  kTimeout,
  kCancelled,          // stopped by ourselves
  kDataLoss,           // stored or received bytes are damaged
  kResourceExhausted,  // a limit was reached: size, disk, file handles
  kUnsupported,
  kInternal,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error with "<prefix>: " in front of its message.
  [[nodiscard]] Error wrapped(std::string_view prefix) const;
  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}
// The most frequent: `return invalid("..")`.
[[nodiscard]] inline std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// An error for a failed system call: "<what>: <text of errno_value>" with a matching code.
[[nodiscard]] Error errno_error(std::string_view what, int errno_value);

std::string_view to_string(ErrorCode code);

}  // namespace invar

#define INVAR_CONCAT_INNER_(a, b) a##b
#define INVAR_CONCAT_(a, b) INVAR_CONCAT_INNER_(a, b)

// INVAR_TRY(expr): returns the error of a Result from the current function.
#define INVAR_TRY(expr)                                      \
  do {                                                       \
    if (auto invar_try_ = (expr); !invar_try_) [[unlikely]]  \
      return std::unexpected(std::move(invar_try_).error()); \
  } while (false)

// INVAR_ASSIGN_OR_RETURN(auto x, expr): assigns the value or returns the error. Two statements: use inside braces.
#define INVAR_ASSIGN_OR_RETURN(lhs, expr)                                              \
  auto INVAR_CONCAT_(invar_result_, __LINE__) = (expr);                                \
  if (!INVAR_CONCAT_(invar_result_, __LINE__)) [[unlikely]]                            \
    return std::unexpected(std::move(INVAR_CONCAT_(invar_result_, __LINE__)).error()); \
  lhs = std::move(*INVAR_CONCAT_(invar_result_, __LINE__))
