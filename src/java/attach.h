// Attach: HotSpot's attach protocol, as its own tools speak it: a socket that the JVM opens when it is asked for by a signal, and a
// command on a connection of its own. No namespace is entered.
// Threads: pool only; calls block for kMostSlices x kSliceMs at most, and end early when `cancelled` is set.
// Errors:  kNoAnswer, kGone, kNoPermission, and what makes the process unsuitable.   Source: pyroscope-java.md 5.1.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "java/process.h"
#include "java/target_root.h"
#include "java/trouble.h"

namespace invar::java {

class Attach {
 public:
  static constexpr int kSliceMs = 20;
  static constexpr int kMostSlices = 500;    // of one command: 10 s
  static constexpr int kSignalSlices = 300;  // until the socket is there: 6 s

  Attach(const Process& process, const ProcessFacts& facts, const TargetRoot& root,
         const std::atomic<bool>& cancelled)
      : process_(process), facts_(facts), root_(root), cancelled_(cancelled) {}

  // Makes the JVM listen. Sends the signal only after the process was looked at once more. True when it was sent.
  [[nodiscard]] Outcome<bool> wake() const;
  // One command of four words at most, and what the JVM answers.
  [[nodiscard]] Outcome<std::string> command(const std::vector<std::string>& words) const;

 private:
  [[nodiscard]] Outcome<> ask_for_socket(const std::string& trigger) const;
  [[nodiscard]] std::string socket_path() const;

  const Process& process_;
  const ProcessFacts& facts_;
  const TargetRoot& root_;
  const std::atomic<bool>& cancelled_;
};

// What the answer to `load` means: nothing wrong, or the trouble. "0\nreturn code: 0\n" (JDK 8: "0\n0\n"). Pure.
Outcome<> read_load_answer(std::string_view answer);

}  // namespace invar::java
