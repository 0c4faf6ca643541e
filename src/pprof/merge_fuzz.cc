// Merging any bytes twice, on both sides: the verdict is inspect()'s, and what is written is a valid profile.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/gzip.h"
#include "pprof/merge.h"
#include "pprof/top.h"
#include "pprof/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::pprof;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  if (invar::codec::is_gzip(raw)) return 0;
  const auto summary = inspect(raw);
  Merger merger({}, 2);
  const auto added = merger.add(raw, 0, 0);
  INVAR_CHECK(added.has_value() == summary.has_value(), added ? "accepted" : added.error().message);
  if (!added) return 0;
  INVAR_CHECK(merger.add(raw, 1, 1).has_value(), "the same once more");
  MergedProfile other(2);
  INVAR_CHECK(other.absorb(merger.merged()).has_value(), "absorbed");
  const auto difference = parse(other.serialize());
  INVAR_CHECK(difference.has_value(), difference ? "" : difference.error().message);
  INVAR_CHECK(difference->samples.empty(), "a profile minus itself is nothing");

  Merger single;
  INVAR_CHECK(single.add(raw, 0).has_value(), "merged alone");
  const auto alone = inspect(single.merged().serialize());
  INVAR_CHECK(alone.has_value(), alone ? "" : alone.error().message);
  INVAR_CHECK(alone->sample_types == summary->sample_types, "the same types");
  const FlameTree tree = build_tree(single.merged());
  const TopTable top = build_top(single.merged());
  for (std::uint32_t type = 0; type < tree.types.size(); ++type) {
    INVAR_CHECK(tree.total(0, type) == single.merged().total(0, type), "the root has everything");
    INVAR_CHECK(top.total(0, type) == tree.total(0, type), "so has the table");
  }
  return 0;
}
