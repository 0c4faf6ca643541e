// Two profiles, one after the other, through the delta: the first byte tells where the first ends. Nothing is trusted: a
// result is a valid profile, both pruned and whole, or an error of the strict reader; a saved state comes back.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "codec/gzip.h"
#include "pprof/delta.h"
#include "pprof/delta_rows.h"
#include "pprof/delta_writer.h"
#include "pprof/sample_kernel.h"

namespace {

using namespace invar::pprof;

constexpr std::uint64_t kLimit = 1 << 20;

void check_output(std::string_view raw) {
  const auto summary = inspect(raw);
  INVAR_CHECK(summary.has_value(), "the delta is no valid profile");
}

// The parts of step() with every kernel and both ways of writing.
void check_parts(std::string_view raw) {
  std::string padded(raw);
  padded.append(kPadding, '\0');
  ProfileIndex index;
  if (!index.build(reinterpret_cast<const std::uint8_t*>(padded.data()),
                   static_cast<std::uint32_t>(raw.size())))
    return;
  LocationKeys keys;
  keys.compute(index);
  DeltaWriter writer;
  std::string first_output;
  for (const SampleKernel& kernel : usable_sample_kernels()) {
    DeltaRows rows(1);
    if (!rows.read(index, keys, kernel, nullptr)) return;
    DeltaColumns columns{.count = 1};
    bool fell = false;
    INVAR_CHECK(rows.subtract(columns, 0, DeltaRows::Falls::kReported, fell) != nullptr && !fell,
                "nothing to fall from");
    check_output(writer.write(index, rows, 5, DeltaWriter::Pruning::kAlways));
    const std::string whole(writer.write(index, rows, std::nullopt, DeltaWriter::Pruning::kNever));
    check_output(whole);
    INVAR_CHECK(first_output.empty() || first_output == whole, "kernels differ");
    first_output = whole;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = input.size() * data[0] / 255;
  static DeltaEngine engine;
  DeltaStatePtr state;
  std::string raw;
  for (const std::string_view body : {input.substr(0, cut), input.substr(cut), input.substr(0, cut)}) {
    const auto result = engine.step(body, "memory", state, kLimit);
    if (!invar::codec::is_gzip(body)) {
      INVAR_CHECK(result.has_value() == inspect(body).has_value(),
                  "delta and inspect differ on what is valid");
      check_parts(body);
    }
    if (!result) {
      INVAR_CHECK(result.error().code != invar::ErrorCode::kInternal, "the two readers disagree");
      continue;
    }
    if (!result->body.empty()) {
      INVAR_CHECK(invar::codec::Inflater().gunzip(result->body, 4 * kLimit, raw).has_value(),
                  "the delta does not unpack");
      check_output(raw);
    }
    if (result->next != nullptr) {
      const auto loaded = load_state(save_state(*result->next));
      INVAR_CHECK(loaded && save_state(**loaded) == save_state(*result->next),
                  "the state does not come back");
      state = *loaded;
    }
  }
  (void)load_state(input);
  return 0;
}
