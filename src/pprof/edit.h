// edit(): sample types and sample labels taken out of a profile; labels that are the same everywhere read from it.
// Shape:   the message is copied field by field; only sample types, samples and the default type are written anew. What
//          nothing refers to any more (strings, locations) stays: that is valid, and cheap.
// Input:   an uncompressed profile that validate_body() accepted. Errors: kInvalidArgument for one that it would not have.
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace invar::pprof {

struct EditPlan {
  std::vector<std::string> keep_sample_types;  // by type ("inuse_space"); empty: all
  std::vector<std::string> drop_sample_types;  // of those
  std::vector<std::string> promote_labels;     // keys of sample labels
  std::vector<std::string> remove_labels;
  [[nodiscard]] bool empty() const {
    return keep_sample_types.empty() && drop_sample_types.empty() && promote_labels.empty() &&
           remove_labels.empty();
  }
  bool operator==(const EditPlan&) const = default;
};

struct Edited {
  bool changed = false;       // otherwise `raw` is empty, and the input stands
  bool nothing_left = false;  // no sample type, or no sample that is not zero throughout
  std::string raw;
  // The labels of `promote_labels` that every sample carries once and with one value, numbers in decimal digits.
  std::vector<std::pair<std::string, std::string>> promoted;
};

Result<Edited> edit(std::string_view raw, const EditPlan& plan);

}  // namespace invar::pprof
