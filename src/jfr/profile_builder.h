// ProfileBuilder: the samples of all kinds of profile of a recording, and their pprof bodies in the end.
// Threads: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "jfr/label_sets.h"
#include "jfr/profile_kind.h"
#include "jfr/stack_table.h"
#include "jfr/tally.h"
#include "jfr/to_pprof.h"

namespace invar::jfr {

class ProfileBuilder {
 public:
  // A recording may say another period later; the first one that it says stands in the profile.
  void use(ProfileKind kind, std::int64_t period);
  // The stack is one of the StackTable, the labels of the LabelSets. False: too many different samples.
  bool add(ProfileKind kind, Tally::Key key, std::uint64_t first, std::uint64_t second);
  // One profile for each kind that has a sample.
  [[nodiscard]] std::vector<ConvertedProfile> write(const StackTable& stacks, const LabelSets& labels,
                                                    UnixNanos time_unix_ns, std::int64_t duration_ns) const;

 private:
  struct Kind {
    Tally samples;
    std::int64_t period = 0;
  };
  std::array<Kind, kProfileKinds> kinds_;
};

}  // namespace invar::jfr
