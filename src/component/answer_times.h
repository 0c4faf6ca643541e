// AnswerTimes: a component that can say how long its outlets took over what they were given last.
// Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <string_view>

#include "base/last_durations.h"

namespace invar::component {

class AnswerTimes {
 public:
  virtual ~AnswerTimes() = default;
  // Of the outlet that inspection.h gives this url; null: there is no such outlet. Of a server from each request to its answer, of an
  // archive from taking a profile to having stored it. Valid until the loop's next turn.
  [[nodiscard]] virtual const LastDurations* answer_times(std::string_view url) const = 0;
};

}  // namespace invar::component
