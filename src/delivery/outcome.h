// Outcome: what became of a profile at one endpoint, or at all endpoints of a writer. The one word on it: the ledger, the sender that
// waits for a receipt, logs and `invar archive replay` read it.
//
//   Journey  one profile on its way to all endpoints: collects what they report, and tells whoever asked
//   Receipt  its part at one endpoint: the ledger's entry, closed exactly once
//
// Threads: loop thread only. Lifetime: a Journey lives as long as its receipts, and may outlive the writer.
// Source:  pyroscope-write.md 5, 8; decisions 9, 11.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/ledger.h"
#include "pipeline/profile.h"

namespace invar::delivery {

enum class End {
  kSent,
  kRefused,  // the server said no, or would say no
  kExpired,
  kDropped,  // we gave it up
  kLeft,     // stays on disk for the next process
};

// The reason for a profile without a value above zero: nothing is wrong with it, and nothing is lost.
inline constexpr std::string_view kEmptyProfile = "empty profile";

struct Outcome {
  End end = End::kSent;
  std::string reason;      // the ledger's
  std::string cause;       // in the words of whoever said so
  std::string context;     // "failed to push to endpoint URL (3 retries)"; "": it never came to an attempt
  bool permanent = false;  // because of what the profile is: no use in offering it again

  // One line for logs; "" when nothing went wrong.
  [[nodiscard]] std::string error() const { return context.empty() ? cause : context + ": " + cause; }
  [[nodiscard]] std::string in_words() const;  // "sent", "refused: empty profile", "dropped: queue full"
  [[nodiscard]] pipeline::Answer answer() const;
};

class Journey {
 public:
  using Ended = std::function<void(const Outcome&)>;

  // `kept` hears once, when every endpoint has the profile as safe as it promises, or will not have it; `ended` hears once, when the
  // last endpoint is done with it: the first outcome that is not kSent, with the errors of all joined by newlines. Both may be empty.
  Journey(pipeline::Kept kept, Ended ended) : kept_(std::move(kept)), ended_(std::move(ended)) {}
  Journey(const Journey&) = delete;
  Journey& operator=(const Journey&) = delete;
  ~Journey();

 private:
  friend class Receipt;
  void answered(const pipeline::Answer& answer);
  void add(const Outcome& outcome);

  pipeline::Kept kept_;
  Ended ended_;
  int unanswered_ = 0;  // receipts
  pipeline::Answer answer_;
  Outcome outcome_;
  std::string errors_;
};

class Receipt {
 public:
  Receipt() = default;
  // All receipts of a journey are made before the first of them reports. No journey: nobody asks (found on disk). `ended`, which may be
  // empty, hears of this end alone.
  explicit Receipt(pipeline::Ledger::Entry entry, std::shared_ptr<Journey> journey = {},
                   Journey::Ended ended = {});
  Receipt(Receipt&&) noexcept = default;
  Receipt& operator=(Receipt&&) noexcept = default;

  void kept();  // as safe as the settings promise
  // Somebody waits to hear that it is kept, and keeps it as long.
  [[nodiscard]] bool awaited() const { return journey_ && !answered_ && journey_->kept_; }
  void end(const Outcome& outcome);

 private:
  void answer(const pipeline::Answer& answer);

  pipeline::Ledger::Entry entry_;
  std::shared_ptr<Journey> journey_;
  Journey::Ended ended_;
  bool answered_ = false;
};

}  // namespace invar::delivery
