// Any bytes as a profile to edit. What is valid stays valid, whatever is taken out of it, and has the columns that were asked for.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "pprof/edit.h"
#include "pprof/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::pprof;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto before = inspect(raw);
  const auto profile = parse(raw);
  EditPlan plan{.drop_sample_types = {"cpu"}, .promote_labels = {"a", "bytes"}, .remove_labels = {"bytes"}};
  if (profile && !profile->sample_types.empty())
    plan.drop_sample_types.push_back(profile->sample_types[0].type);
  const auto edited = edit(raw, plan);
  if (!before) return 0;
  INVAR_CHECK(edited.has_value(), "a valid profile cannot be edited");
  if (!edited->changed || edited->nothing_left) return 0;
  const auto after = inspect(edited->raw);
  INVAR_CHECK(after.has_value(), "an edited profile is not valid");
  INVAR_CHECK(after->sample_types.size() <= before->sample_types.size() && after->samples <= before->samples,
              "an edited profile has more than before");
  return 0;
}
