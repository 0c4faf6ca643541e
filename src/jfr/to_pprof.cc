#include "jfr/to_pprof.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "jfr/chunk.h"
#include "jfr/constants.h"
#include "jfr/label_sets.h"
#include "jfr/limits.h"
#include "jfr/profile_builder.h"
#include "jfr/profile_kind.h"
#include "jfr/settings.h"
#include "jfr/spans.h"
#include "jfr/stack_table.h"
#include "jfr/tally.h"

namespace invar::jfr {
namespace {

constexpr std::int64_t kDefaultWallInterval = 50'000'000;  // async-profiler's

enum Slot : std::uint8_t {
  kStack,
  kThread,
  kState,
  kAmount,
  kSamples,
  kContext,
  kSpan,
  kSpanName,
  kTime,
  kSlots
};
enum SpanSlot : std::uint8_t { kSpanStart, kSpanLength, kSpanThread, kSpanTag, kSpanTagKey, kSpanSlots };
enum SettingSlot : std::uint8_t { kId, kName, kValue, kSettingSlots };

// How events of one type are read.
struct Plan {
  Layout layout;
  EventKind kind = EventKind::kExecution;
  bool is_ticks = false, has_samples = false;
};

std::vector<Binding> bindings_of(const EventShape& event, bool with_time) {
  std::vector<Binding> bindings = {
      {"stackTrace", kStack}, {"sampledThread", kThread}, {"eventThread", kThread}, {"state", kState},
      {"samples", kSamples},  {"contextId", kContext},    {"spanId", kSpan},        {"spanName", kSpanName}};
  if (with_time) bindings.push_back({"startTime", kTime});
  if (!event.amount.empty()) bindings.push_back({event.amount, kAmount});
  return bindings;
}

class ChunkConverter {
 public:
  ChunkConverter(const Chunk& chunk, const Metadata& metadata, const ConvertOptions& options,
                 LabelSets& labels, Report& report)
      : chunk_(chunk),
        constants_(chunk, metadata, report),
        options_(options),
        labels_(labels),
        report_(report) {
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) plan(metadata, static_cast<EventKind>(kind));
    if (options.span_labels) read_spans(metadata);
    if (const Class* const type = metadata.find("jdk.ActiveSetting")) {
      setting_type_ = type->id;
      settings_ = Layout::compile(
          metadata, *type,
          std::array<Binding, 3>{{{"id", kId}, {"name", kName, kText}, {"value", kValue, kText}}});
    }
  }

  void read(Settings& settings, std::uint64_t& events_left, std::array<std::uint64_t, kEventKinds>& events) {
    chunk_.for_each_event([&](std::uint64_t type, Cursor fields, EventRef) {
      const std::uint32_t plan = plan_of_.find(type);
      if (plan == IdMap::kNone && type != setting_type_) return;
      if (events_left == 0) {
        ++report_.over_limit;
        return;
      }
      --events_left;
      if (plan != IdMap::kNone) {
        ++events[static_cast<std::size_t>(plans_[plan].kind)];
        return add_sample(plans_[plan], fields);
      }
      if (settings_) note_setting(settings, fields);
    });
  }

  // What was read goes into the profiles.
  void finish(const Settings& settings, StackTable& stacks, ProfileBuilder& profiles) {
    StackTable::OfChunk resolver(stacks, constants_);
    const std::int64_t execution =
        settings.execution_interval > 0 ? settings.execution_interval : options_.sample_interval_ns;
    const std::int64_t default_wall =
        settings.execution_interval > 0 ? settings.execution_interval : kDefaultWallInterval;
    const std::int64_t wall = settings.wall_interval > 0 ? settings.wall_interval : default_wall;
    const auto move = [&](const Tally& tally, ProfileKind kind, std::int64_t interval) {
      profiles.use(kind, interval);
      const bool is_time = kind == ProfileKind::kCpu || kind == ProfileKind::kWall;
      for (const Tally::Row& row : tally.rows()) {
        const std::uint32_t stack = resolver.stack(row.key.stack);
        if (stack == StackTable::kNone) continue;
        const std::uint64_t first = is_time ? row.count * static_cast<std::uint64_t>(interval) : row.count;
        if (!profiles.add(kind, {stack, row.key.labels}, first, row.amount)) ++report_.over_limit;
      }
    };
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      ProfileKind kind = event_shapes()[i].profile;
      if (kind == ProfileKind::kLive && options_.live_bytes) kind = ProfileKind::kLiveSized;
      if (tallies_[i].rows().empty()) continue;
      switch (kind) {
        case ProfileKind::kCpu:
          move(tallies_[i], kind, execution);
          break;
        case ProfileKind::kWall:
          move(tallies_[i], kind, wall);
          break;
        case ProfileKind::kInNewTlab:
        case ProfileKind::kOutsideTlab:
        case ProfileKind::kAllocationSample:
          move(tallies_[i], kind, settings.allocation_interval);
          break;
        case ProfileKind::kMalloc:
          move(tallies_[i], kind, settings.malloc_interval);
          break;
        case ProfileKind::kLive:
        case ProfileKind::kLiveSized:
        case ProfileKind::kMonitor:
        case ProfileKind::kPark:
        case ProfileKind::kNativeLock:
          move(tallies_[i], kind, 1);
      }
    }
    if (settings.event == "wall") {
      for (const Tally* const tally :
           {&tallies_[static_cast<std::size_t>(EventKind::kExecution)], &sleeping_}) {
        if (!tally->rows().empty()) move(*tally, ProfileKind::kWall, default_wall);
      }
    }
  }

 private:
  static constexpr auto kText = Binding::Kind::kText;

  void plan(const Metadata& metadata, EventKind kind) {
    if (kind == EventKind::kNativeLock && !options_.native_locks) return;
    const EventShape& event = event_shapes()[static_cast<std::size_t>(kind)];
    const Class* const type = metadata.find(event.event);
    if (type == nullptr) return;
    const std::vector<Binding> bindings = bindings_of(event, options_.span_labels);
    auto layout = Layout::compile(metadata, *type, bindings);
    if (!layout) {
      ++report_.damaged_chunks;
      return;
    }
    plan_of_.set(type->id, static_cast<std::uint32_t>(plans_.size()));
    plans_.push_back({std::move(*layout), kind, event.is_ticks, kind == EventKind::kWallClock});
  }

  void read_spans(const Metadata& metadata) {
    const Class* const type = metadata.find("profiler.Span");
    if (type == nullptr) return;
    const auto layout = Layout::compile(metadata, *type,
                                        std::array<Binding, kSpanSlots>{{{"startTime", kSpanStart},
                                                                         {"duration", kSpanLength},
                                                                         {"eventThread", kSpanThread},
                                                                         {"tag", kSpanTag, kText},
                                                                         {"tag", kSpanTagKey}}});
    if (!layout) {
      ++report_.damaged_chunks;
      return;
    }
    chunk_.for_each_event([&](std::uint64_t id, Cursor fields, EventRef) {
      if (id != type->id) return;
      std::array<std::uint64_t, kSpanSlots> slots{};
      layout->read(fields, slots.data());
      if (fields.failed()) return;  // counted with the other events
      const std::string name = slots[kSpanTagKey] != 0
                                   ? constants_.pooled_text(slots[kSpanTagKey], kMaxSettingBytes)
                                   : constants_.text(slots[kSpanTag], kMaxSettingBytes);
      const std::uint32_t tag = labels_.name(name);
      if (tag != 0 && !spans_.add(slots[kSpanThread], slots[kSpanStart], slots[kSpanLength], tag))
        ++report_.over_limit;
    });
    spans_.sort();
  }

  void add_sample(const Plan& plan, Cursor& fields) {
    std::array<std::uint64_t, kSlots> slots{};
    plan.layout.read(fields, slots.data());
    if (fields.failed()) [[unlikely]] {
      ++report_.damaged_events;
      return;
    }
    const std::uint32_t stack = constants_.stack(slots[kStack]);
    if (stack == IdMap::kNone) [[unlikely]] {
      ++report_.without_stack;
      return;
    }
    std::uint32_t labels = 0;
    if (options_.labels != nullptr || options_.thread_labels || options_.span_labels)
      labels = labels_of(slots);
    const std::uint64_t count = plan.has_samples ? slots[kSamples] : 1;
    std::uint64_t amount = slots[kAmount];
    if (plan.is_ticks) amount = static_cast<std::uint64_t>(chunk_.nanoseconds(amount));
    Tally& tally = plan.kind == EventKind::kExecution && is_sleeping(slots[kState])
                       ? sleeping_
                       : tallies_[static_cast<std::size_t>(plan.kind)];
    if (!tally.add({stack, labels}, count, amount)) ++report_.over_limit;
  }

  std::uint32_t labels_of(const std::array<std::uint64_t, kSlots>& slots) {
    LabelSets::Origin origin{.context = slots[kContext], .span = slots[kSpan], .span_name = slots[kSpanName]};
    if (options_.thread_labels) {
      std::uint32_t thread = threads_.find(slots[kThread]);
      if (thread == IdMap::kNone) {
        thread = labels_.name(constants_.thread_name(slots[kThread]));
        threads_.set(slots[kThread], thread);
      }
      origin.thread = thread;
    }
    if (options_.span_labels) origin.tag = spans_.tag_at(slots[kThread], slots[kTime]);
    const std::uint32_t labels = labels_.set(origin);
    if (labels != LabelSets::kFull) return labels;
    ++report_.over_limit;
    return 0;
  }

  bool is_sleeping(std::uint64_t state) {
    if (state != last_state_) {
      last_state_ = state;
      last_is_sleeping_ = constants_.state_name(state) == "STATE_SLEEPING";
    }
    return last_is_sleeping_;
  }

  void note_setting(Settings& settings, Cursor& fields) {
    std::array<std::uint64_t, kSettingSlots> slots{};
    settings_->read(fields, slots.data());
    if (fields.failed()) {
      ++report_.damaged_events;
      return;
    }
    const std::uint32_t plan = plan_of_.find(slots[kId]);
    const bool of_execution = plan != IdMap::kNone && plans_[plan].kind == EventKind::kExecution;
    settings.note(constants_.text(slots[kName], kMaxSettingBytes),
                  constants_.text(slots[kValue], kMaxSettingBytes), of_execution);
  }

  const Chunk& chunk_;
  const Constants constants_;
  const ConvertOptions& options_;
  LabelSets& labels_;
  Spans spans_;
  Report& report_;

  std::vector<Plan> plans_;
  IdMap plan_of_;  // by type
  std::uint64_t setting_type_ = 0;
  std::optional<Layout> settings_;

  std::array<Tally, kEventKinds> tallies_;
  Tally sleeping_;  // of kExecution
  IdMap threads_;   // key -> number of a label
  std::uint64_t last_state_ = 0;
  bool last_is_sleeping_ = false;
};

}  // namespace

Result<Conversion> to_pprof(std::string_view recording, const ConvertOptions& options) {
  if (recording.size() > kMaxFileBytes) {
    return fail(ErrorCode::kResourceExhausted, "a JFR recording of more than 256 MiB");
  }
  Conversion conversion;
  Report& report = conversion.report;
  Settings settings;
  LabelSets labels(options.labels);
  StackTable stacks(report);
  ProfileBuilder profiles;
  std::uint64_t events_left = kMaxEvents;
  UnixNanos end = 0;
  do {
    const auto chunk = next_chunk(recording, report);
    if (!chunk && report.chunks == 0) return std::unexpected(chunk.error());
    if (!chunk) {
      ++report.truncated_chunks;
      break;
    }
    if (conversion.start_unix_ns == 0) conversion.start_unix_ns = chunk->start_unix_ns;
    end = std::max(end, chunk->end_unix_ns());
    if (chunk->metadata.empty()) {
      ++report.damaged_chunks;
      continue;
    }
    const auto metadata = Metadata::parse(chunk->cursor(chunk->metadata.back()));
    if (!metadata) {
      ++report.damaged_chunks;
      continue;
    }
    ChunkConverter converter(*chunk, *metadata, options, labels, report);
    converter.read(settings, events_left, conversion.events);
    converter.finish(settings, stacks, profiles);
  } while (!recording.empty());
  conversion.event = settings.event;
  if (end > conversion.start_unix_ns) conversion.duration_ns = end - conversion.start_unix_ns;
  conversion.profiles = profiles.write(stacks, labels, conversion.start_unix_ns, conversion.duration_ns);
  return conversion;
}

}  // namespace invar::jfr
