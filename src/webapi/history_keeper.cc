#include "webapi/history_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/proc_file.h"
#include "fs/path.h"
#include "metrics/proc.h"
#include "webapi/reply.h"

namespace invar::webapi {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;

template <std::size_t kSize>
constexpr std::size_t place(const char (&name)[kSize]) {
  for (std::size_t i = 0; i < kSeries.size(); ++i)
    if (kSeries[i].name == name) return i;
  return kSeries.size();
}

}  // namespace

HistoryKeeper::HistoryKeeper(const ApiHost& host)
    : host_(host), path_(fs::join_path(host.storage_path, "history")), timer_(*host.loop) {
  host_.disk_pool->run([files = host_.files, path = path_] { return files->read_file(path, kMostBytes); },
                       alive_.bind([this](const Result<std::string>& text) {
                         if (text) history_ = History::parse(*text, host_.loop->unix_ns());
                         history_.mark(host_.started_unix_ns, History::MarkKind::kStart);
                         config_loaded_ = host_.config().loaded_unix_ns;
                         loaded_ = true;
                         read();
                       }));
}

void HistoryKeeper::read() {
  history_.add(host_.loop->unix_ns(), reading());
  note_reload();
  note_rates();
  if (++readings_ % kSaveEvery == 0) save();
  timer_.arm_after(kEvery, [this] { read(); });
}

void HistoryKeeper::note_reload() {
  const LoadedConfig config = host_.config();
  if (std::exchange(config_loaded_, config.loaded_unix_ns) == config.loaded_unix_ns) return;
  history_.mark(config.loaded_unix_ns,
                config.applied ? History::MarkKind::kReload : History::MarkKind::kRefusedReload);
}

Reading HistoryKeeper::reading() const {
  Reading out{};
  double oldest = 0;
  for (const auto& view : host_.components->list_all()) {
    for (const auto& ledger : view.ledgers) {
      for (const auto& [type, row] : ledger.rows) {
        out[place("taken")] += static_cast<double>(row.taken);
        out[place("sent")] += static_cast<double>(row.sent);
        out[place("refused")] += static_cast<double>(row.refused);
        out[place("expired")] += static_cast<double>(row.expired);
        out[place("dropped")] += static_cast<double>(row.dropped);
        out[place("queued")] += static_cast<double>(row.queued);
      }
    }
    const auto running = host_.components->running(view.id());
    if (!running || running->component == nullptr) continue;
    for (const auto& outlet : running->component->outlets()) {
      oldest = std::max(oldest, to_seconds(outlet.oldest.value_or(Duration::zero())));
      out[place("queue_bytes")] +=
          static_cast<double>(outlet.queued_bytes + (outlet.is_archive ? 0 : outlet.disk_bytes));
    }
    if (const auto* targets = running->component->scraped_targets()) {
      const auto totals = targets->totals();
      out[place("scrapes")] += static_cast<double>(totals.scrapes);
      out[place("scrapes_failed")] += static_cast<double>(totals.failed);
      out[place("targets")] += static_cast<double>(targets->count());
      out[place("targets_failing")] += static_cast<double>(totals.failing);
    }
  }
  out[place("oldest")] = oldest;
  if (const auto stat = metrics::parse_process_stat(read_proc_file("/proc/self/stat"))) {
    out[place("cpu")] = static_cast<double>(stat->user_ticks + stat->system_ticks) /
                        static_cast<double>(::sysconf(_SC_CLK_TCK));
    out[place("rss")] =
        static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  return out;
}

void HistoryKeeper::note_rates() {
  auto before = std::exchange(passed_, {});
  for (const auto& view : host_.components->list_all()) {
    const std::string id = view.id();
    const auto running = host_.components->running(id);
    if (!running) continue;
    auto& readings = passed_[id] = std::move(before[id]);
    const std::uint64_t now = running->tap.profiles();
    if (!readings.empty() && now < readings.back().profiles) readings.clear();  // another of the same name
    readings.push_back({host_.loop->now(), now});
    while (readings.size() > static_cast<std::size_t>(kWindows.back() / kEvery) + 1) readings.pop_front();
  }
}

std::optional<double> HistoryKeeper::rate(const std::string& component, Duration window) const {
  const auto found = passed_.find(component);
  if (found == passed_.end() || found->second.size() < 2) return std::nullopt;
  const auto& readings = found->second;
  const Passed& last = readings.back();
  const auto steps = std::min(readings.size() - 1, static_cast<std::size_t>(window / kEvery));
  const Passed& first = readings[readings.size() - 1 - steps];
  const double passed = to_seconds(last.at - first.at);
  return passed > 0 ? std::optional(static_cast<double>(last.profiles - first.profiles) / passed)
                    : std::nullopt;
}

void HistoryKeeper::save() {
  if (saving_) return;
  saving_ = true;
  host_.disk_pool->run(
      [files = host_.files, path = path_, text = history_.serialize()] {
        return files->write_file_atomically(path, text, 0640, false);
      },
      alive_.bind([this](const Result<>&) { saving_ = false; }));
}

}  // namespace invar::webapi
