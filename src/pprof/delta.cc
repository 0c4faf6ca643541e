#include "pprof/delta.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <sys/random.h>
#include <xxhash.h>

#include <chrono>
#include <optional>

#include "codec/gzip.h"
#include "pprof/delta_rows.h"
#include "pprof/delta_state.h"
#include "pprof/delta_succession.h"
#include "pprof/delta_table.h"
#include "pprof/delta_writer.h"
#include "pprof/foreign_format.h"
#include "pprof/limits.h"
#include "pprof/profile_check.h"

namespace invar::pprof {
namespace {

// Columns that only ever grow in the process that reports them. Spec: pyroscope-scrape.md 13.
struct CumulativeColumn {
  std::string_view profile_name, type, unit;
};
constexpr CumulativeColumn kCumulative[] = {
    {"memory", "alloc_objects", "count"}, {"memory", "alloc_space", "bytes"},
    {"mutex", "contentions", "count"},    {"mutex", "delay", "nanoseconds"},
    {"block", "contentions", "count"},    {"block", "delay", "nanoseconds"},
};

bool is_cumulative(std::string_view profile_name, std::string_view type, std::string_view unit) {
  for (const auto& column : kCumulative) {
    if (column.profile_name == profile_name && column.type == type && column.unit == unit) return true;
  }
  return false;
}

Result<DeltaColumns> find_columns(const ProfileIndex& index, std::string_view profile_name) {
  DeltaColumns columns;
  for (std::uint32_t i = 0; i < index.columns(); ++i) {
    const std::string_view type = index.string(index.types()[i].type),
                           unit = index.string(index.types()[i].unit);
    if (!is_cumulative(profile_name, type, unit)) continue;
    if (columns.count == DeltaState::kMaxColumns) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("more than {} cumulative columns", DeltaState::kMaxColumns));
    }
    columns.at[columns.count++] = i;
    columns.hash = XXH3_64bits_withSeed(unit.data(), unit.size(),
                                        XXH3_64bits_withSeed(type.data(), type.size(), columns.hash));
  }
  return columns;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed)) return seed;
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

struct DeltaEngine::Impl {
  codec::Inflater inflater;
  codec::Deflater deflater{&delta_table()};
  std::string raw, packed;
  ProfileIndex index;
  LocationKeys keys;
  SampleCheck check;
  DeltaRows rows{random_seed()};
  DeltaWriter writer;
  const SampleKernel* kernel = &best_sample_kernel();

  Result<> unpack(std::string_view body, std::uint64_t limit_bytes);
  Result<DeltaResult> compute(std::string_view profile_name, const DeltaStatePtr& previous);
  bool subtract_from(const DeltaState* old, const DeltaColumns& columns, DeltaRows::Falls falls, bool& fell,
                     std::shared_ptr<DeltaState>& next);
  bool settle(const DeltaStatePtr& previous, const DeltaColumns& columns, DeltaResult& result,
              const DeltaState*& continued);
  Result<DeltaResult> pass_through();
  std::unexpected<Error> refuse() const;
  void release_if_large();
};

DeltaEngine::DeltaEngine() : impl_(std::make_unique<Impl>()) {}
DeltaEngine::~DeltaEngine() = default;

bool has_delta_columns(std::string_view profile_name) {
  return profile_name == "memory" || profile_name == "mutex" || profile_name == "block";
}

// Leaves the uncompressed profile in `raw`, with kPadding zeros behind it.
Result<> DeltaEngine::Impl::unpack(std::string_view body, std::uint64_t limit_bytes) {
  const std::uint64_t limit = std::min<std::uint64_t>(limit_bytes, kMaxRawBytes);
  if (codec::is_gzip(body)) {
    if (Result<> done = inflater.gunzip(body, limit, raw); !done) {
      return std::unexpected(done.error().wrapped("decompressing profile"));
    }
  } else {
    if (body.size() > limit) {
      return fail(ErrorCode::kResourceExhausted, fmt::format("larger than {} bytes", limit_bytes));
    }
    raw.assign(body);
  }
  raw.append(kPadding, '\0');
  return {};
}

std::unexpected<Error> DeltaEngine::Impl::refuse() const {
  const Result<Summary> words = inspect(std::string_view(raw).substr(0, raw.size() - kPadding));
  if (!words) return std::unexpected(words.error());
  return fail(ErrorCode::kInternal, "the two profile readers disagree");
}

Result<DeltaResult> DeltaEngine::Impl::pass_through() {
  DeltaResult result{.kind = DeltaResult::Kind::kPassThrough, .summary = index.summary()};
  if (!check.run(index, keys, *kernel, result.summary)) return refuse();
  result.input_samples = result.summary.samples;
  result.any_positive = result.summary.any_positive_value;
  return result;
}

Result<DeltaResult> DeltaEngine::Impl::compute(std::string_view profile_name, const DeltaStatePtr& previous) {
  if (!index.build(reinterpret_cast<const std::uint8_t*>(raw.data()),
                   static_cast<std::uint32_t>(raw.size() - kPadding))) {
    return refuse();
  }
  keys.compute(index);
  INVAR_ASSIGN_OR_RETURN(const DeltaColumns columns, find_columns(index, profile_name));
  if (columns.count == 0) return pass_through();

  // A baseline of other columns is of another program.
  const DeltaState* old = previous != nullptr && previous->header().column_hash == columns.hash &&
                                  previous->header().columns == columns.count
                              ? previous.get()
                              : nullptr;
  DeltaResult result{.kind = old != nullptr ? DeltaResult::Kind::kDelta : DeltaResult::Kind::kBaseline};
  const DeltaState* continued = old;
  bool fell = true;
  if (old == nullptr || old->beside() == nullptr) {
    std::shared_ptr<DeltaState> next;
    if (!subtract_from(old, columns, DeltaRows::Falls::kReported, fell, next)) return refuse();
    result.next = std::move(next);
  }
  if (old != nullptr && fell && !settle(previous, columns, result, continued)) return refuse();
  result.summary = index.summary();
  result.any_positive = result.summary.any_positive_value = rows.any_positive();
  result.summary.samples = result.input_samples = index.samples().size();
  result.evicted = rows.evicted();
  if (result.kind == DeltaResult::Kind::kBaseline || result.kind == DeltaResult::Kind::kUnknown)
    return result;

  const std::int64_t time = index.time_ns(),
                     old_time = continued != nullptr ? continued->header().time_ns : 0;
  std::optional<std::int64_t> duration;
  if (time != 0 && old_time != 0 && time >= old_time) duration = time - old_time;
  result.clock_went_back = time != 0 && time < old_time;
  const std::string_view out = writer.write(index, rows, duration, DeltaWriter::Pruning::kWhereItPays);
  deflater.gzip(out, packed);
  result.body = packed;  // a copy of just the size: bodies wait in queues
  result.summary.samples = rows.emitted().size();
  result.summary.raw_bytes = out.size();
  if (duration) result.summary.duration_ns = *duration;
  return result;
}

bool DeltaEngine::Impl::subtract_from(const DeltaState* old, const DeltaColumns& columns,
                                      DeltaRows::Falls falls, bool& fell, std::shared_ptr<DeltaState>& next) {
  if (!rows.read(index, keys, *kernel, old)) return false;
  next = rows.subtract(columns, index.time_ns(), falls, fell);
  return true;
}

// The rare way: counters fell, or the series has more than one baseline. The profile is compared with each of them.
bool DeltaEngine::Impl::settle(const DeltaStatePtr& previous, const DeltaColumns& columns,
                               DeltaResult& result, const DeltaState*& continued) {
  const auto* const beside = previous->beside();
  std::vector<const DeltaState*> baselines = {previous.get()};
  if (beside != nullptr) {
    for (const auto& other : beside->others) baselines.push_back(other.state.get());
  }
  std::vector<Fit> fits;
  for (const DeltaState* const baseline : baselines) {
    if (!rows.read(index, keys, *kernel, baseline)) return false;
    fits.push_back(rows.compare(columns));
  }
  const Choice choice = choose(fits, beside != nullptr && beside->several);
  switch (choice.is) {
    case Choice::Is::kContinued:
      continued = baselines[choice.baseline];
      result.kind = DeltaResult::Kind::kDelta;
      result.dips = fits[choice.baseline].fallen_stacks;
      break;
    case Choice::Is::kRestarted:
      continued = nullptr;
      result.kind = DeltaResult::Kind::kReset;
      break;
    case Choice::Is::kUnknown:
      continued = nullptr;
      result.kind = DeltaResult::Kind::kUnknown;
      break;
  }
  auto others = beside_next(previous, choice);
  // Before several were known, the counters of one may have been taken for those of another.
  const auto falls = others && others->several ? DeltaRows::Falls::kFollowed : DeltaRows::Falls::kTolerated;
  bool fell = false;
  std::shared_ptr<DeltaState> next;
  if (!subtract_from(continued, columns, falls, fell, next)) return false;
  if (others) {
    next->set_beside(std::move(*others));
    result.next = std::move(next);
  } else {
    result.next = one_profile_older(*previous);
  }
  return true;
}

void DeltaEngine::Impl::release_if_large() {
  const std::size_t held = raw.capacity() + packed.capacity() + index.held_bytes() + keys.held_bytes() +
                           check.held_bytes() + rows.held_bytes() + writer.held_bytes();
  if (held <= kKeptScratchBytes) return;
  std::string().swap(raw);
  std::string().swap(packed);
  index.release();
  keys.release();
  check.release();
  rows.release();
  writer.release();
}

Result<DeltaResult> DeltaEngine::step(std::string_view body, std::string_view profile_name,
                                      const DeltaStatePtr& previous, std::uint64_t limit_bytes) {
  INVAR_TRY(impl_->unpack(body, limit_bytes));
  Result<DeltaResult> result = impl_->compute(profile_name, previous);
  const std::string_view foreign =
      result ? "" : foreign_format(std::string_view(impl_->raw).substr(0, impl_->raw.size() - kPadding));
  impl_->release_if_large();
  if (!foreign.empty()) return fail(ErrorCode::kInvalidArgument, std::string(foreign));
  if (!result) return std::unexpected(result.error().wrapped("computing delta"));
  return result;
}

}  // namespace invar::pprof
