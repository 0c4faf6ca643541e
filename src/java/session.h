// Session: one JVM that records, from the first look at it to the last. Driver begins sessions; both are interfaces, so that the rounds
// are tested without a JVM.
// Threads: pool only, one call at a time for a session; calls block, 20 s at most, less when `cancelled` is set.
// Errors:  a Trouble; after one the session may be dropped: the JVM ends its recording by itself (Plan::timeout).
// Source:  pyroscope-java.md 5, 6.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "java/library.h"
#include "java/trouble.h"

namespace invar::java {

struct Plan {
  std::string options;          // of async-profiler: "event=itimer,interval=10000000,alloc=512k"
  Duration interval{};          // of a round
  std::string first_directory;  // where our files are put; others are tried after it
  std::string owner;            // in the names of our recordings: tells ours from those of others
  LibraryPtr library;
  std::uint64_t random = 0;  // another one for every call: nobody can know our next file's name
  UnixNanos now_unix_ns = 0;
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

struct SessionInfo {
  std::string jvm;        // "OpenJDK 64-Bit Server VM version 17.0.15+6"
  std::string library;    // its path in the JVM's file system
  std::string directory;  // of the recordings there
};

struct Turn {
  Outcome<std::string> recording;  // of the round that ended
  Outcome<> next;                  // whether the next one runs
};

class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual const SessionInfo& info() const = 0;
  // Ends the round, begins the next one, and only then reads what was recorded.
  virtual Turn turn(const Plan& plan) = 0;
  virtual Outcome<std::string> end(const Plan& plan) = 0;
};

struct Begun {
  std::shared_ptr<Session> session;
  std::string recovered;  // a recording that an earlier life of ours had begun; often empty
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual Outcome<Begun> begin(int pid, const Plan& plan) = 0;
};

std::shared_ptr<Driver> make_driver();

}  // namespace invar::java
