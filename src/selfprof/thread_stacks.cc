#include "selfprof/thread_stacks.h"

#include <dirent.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "base/proc_file.h"
#include "base/strings.h"
#include "selfprof/stack_walk.h"

namespace invar::selfprof {
namespace {

constexpr std::size_t kMaxThreads = 4096;

struct Answer {
  std::atomic<bool> answered = false;
  std::uint32_t size = 0;
  std::array<std::uintptr_t, kMaxStackDepth> frames;
};

struct Collection {
  std::uint32_t generation = 0;
  std::size_t size = 0;
  std::unique_ptr<Answer[]> slots;
  sem_t answers;  // the one way to wake a waiter that a signal handler may use
};

// As in cpu_sampler.cc: a handler counts itself in before it looks, so the collection can be freed when
// nobody is in. The generation, carried by the signal, keeps an answer that comes too late out of the next
// collection.
std::atomic<Collection*> g_collection = nullptr;
std::atomic<int> g_answering = 0;

void on_signal(int, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  g_answering.fetch_add(1);
  const auto ticket = reinterpret_cast<std::uintptr_t>(info->si_value.sival_ptr);
  Collection* collection = info->si_code == SI_QUEUE ? g_collection.load() : nullptr;
  if (collection != nullptr && collection->generation == ticket >> 16 &&
      (ticket & 0xffff) < collection->size) {
    Answer& slot = collection->slots[ticket & 0xffff];
    slot.size = static_cast<std::uint32_t>(walk_interrupted(context, slot.frames.data(), slot.frames.size()));
    slot.answered.store(true, std::memory_order_release);
    sem_post(&collection->answers);
  }
  g_answering.fetch_sub(1);
  errno = saved_errno;
}

// The first real-time signal that nobody else handles; kept for the life of the process.
Result<int> claim_signal() {
  for (int number = SIGRTMIN + 6; number <= SIGRTMAX; ++number) {
    struct sigaction current{};
    if (sigaction(number, nullptr, &current) != 0) continue;
    if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (sigaction(number, &action, nullptr) == 0) return number;
  }
  return fail(ErrorCode::kUnavailable, "no real-time signal is free to ask the threads for their stacks");
}

std::vector<int> list_threads() {
  std::vector<int> ids;
  DIR* dir = opendir("/proc/self/task");
  if (dir == nullptr) return ids;
  while (const dirent* entry = readdir(dir)) {
    if (const auto id = parse_int(entry->d_name)) ids.push_back(static_cast<int>(*id));
    if (ids.size() == kMaxThreads) break;
  }
  closedir(dir);
  return ids;
}

// "" once the thread has ended.
std::string read_of_thread(int id, const std::string& file) {
  return read_proc_file("/proc/self/task/" + std::to_string(id) + "/" + file);
}

std::string thread_name(int id) {
  return std::string(trim_space(read_of_thread(id, "comm")));
}

// Threads of libraries often block every signal; waiting for them would only take the whole deadline.
bool is_deaf(int id, int signal_number) {
  const std::string status = read_of_thread(id, "status");
  constexpr std::string_view kField = "\nSigBlk:";
  const auto field = status.find(kField);
  if (field == std::string_view::npos) return false;
  const std::uint64_t blocked = std::strtoull(status.c_str() + field + kField.size(), nullptr, 16);
  return (blocked >> (signal_number - 1) & 1) != 0;
}

bool ask(int thread_id, int signal_number, std::uintptr_t ticket) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = std::bit_cast<void*>(ticket);
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_id, signal_number, &info) == 0;
}

timespec after(Duration delay) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t ns = now.tv_nsec + delay.count();
  return {now.tv_sec + static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace

Result<std::vector<ThreadStack>> collect_thread_stacks(Duration deadline) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  static std::uint32_t generation = 0;
  static const Result<int> signal_number = claim_signal();
  if (!signal_number) return std::unexpected(signal_number.error());
  prepare_stack_walk();

  std::vector<ThreadStack> threads;
  for (const int id : list_threads()) threads.push_back({id, thread_name(id), {}});

  Collection collection;
  collection.generation = ++generation;
  collection.size = threads.size();
  collection.slots = std::make_unique<Answer[]>(threads.size());
  sem_init(&collection.answers, 0, 0);
  g_collection.store(&collection);

  std::size_t asked = 0;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (is_deaf(threads[i].thread_id, *signal_number)) continue;
    if (ask(threads[i].thread_id, *signal_number, std::uintptr_t{collection.generation} << 16 | i)) ++asked;
  }
  const timespec until = after(deadline);
  for (std::size_t answers = 0; answers < asked;) {
    if (sem_clockwait(&collection.answers, CLOCK_MONOTONIC, &until) == 0) {
      ++answers;
    } else if (errno != EINTR) {
      break;
    }
  }

  g_collection.store(nullptr);
  while (g_answering.load() != 0) sched_yield();
  sem_destroy(&collection.answers);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const Answer& slot = collection.slots[i];
    if (slot.answered.load(std::memory_order_acquire)) {
      threads[i].stack.assign(slot.frames.begin(), slot.frames.begin() + slot.size);
    }
  }
  return threads;
}

}  // namespace invar::selfprof
