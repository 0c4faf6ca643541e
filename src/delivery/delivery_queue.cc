#include "delivery/delivery_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace invar::delivery {
namespace {

// Written a little before their time, so that neighbours share a sync.
constexpr Duration kSaveEarly = std::chrono::milliseconds(100);

async::TimePoint::duration ticks(Duration d) {
  return std::chrono::duration_cast<async::TimePoint::duration>(d);
}

Outcome expired() {
  return {End::kExpired, "expired", "too old for the server before it could be sent"};
}

}  // namespace

DeliveryQueue::DeliveryQueue(Environment environment, QueueSettings settings, Events events)
    : env_(std::move(environment)), settings_(settings), events_(std::move(events)) {
  if (!env_.disk_pool) return;
  spill_ = std::make_unique<Spill>(
      Spill::Environment{env_.loop, env_.disk_pool, env_.files, env_.directory, env_.destination},
      settings_.max_disk_bytes,
      Spill::Events{[this](auto opened) { on_opened(std::move(opened)); },
                    [this](const auto& numbers, auto first) { on_written(numbers, std::move(first)); },
                    [this](auto number, auto profile) { on_loaded(number, std::move(profile)); },
                    [this](const auto& records) { on_evicted(records); },
                    [this] {
                      if (on_disk_idle_) env_.loop->post(std::exchange(on_disk_idle_, {}));
                    }});
  spill_->open();
}

void DeliveryQueue::update(QueueSettings settings) {
  settings_ = settings;
  if (spill_) {
    spill_->set_max_bytes(settings_.max_disk_bytes);
    open_disk();
  }
  make_room();
}

// ---- in and out

void DeliveryQueue::add(DeliveryPtr delivery) {
  delivery->number = ++last_number_;
  ++known_;
  ++accepted_[age_step(*delivery)];
  account(*delivery);
  const auto refuse = [&](Outcome outcome) { events_.give_up(std::move(delivery), std::move(outcome)); };
  if (time_left(*delivery) < Duration::zero())
    return refuse({End::kExpired, "expired", "older than the server accepts"});
  if (delivery->memory_bytes > settings_.max_memory_bytes)
    return refuse({End::kDropped, "memory full", "one profile is larger than the whole queue"});
  make_room();
  if (memory_bytes_ > settings_.max_memory_bytes)
    return refuse({End::kDropped, "memory full", "profiles that cannot leave it fill the memory"});

  if (!settings_.sync_always || !writes_to_disk()) {
    saved(std::move(delivery));
    if (memory_bytes_ > settings_.max_memory_bytes / 2) sweep();
    return;
  }
  open_disk();
  save(*delivery, true);
  if (delivery->disk == Delivery::Disk::kWriting) {
    place(std::move(delivery), Place::kSaving);
  } else {
    not_saved(std::move(delivery), {ErrorCode::kUnavailable, disk_error_});
  }
}

// The one way into a place; take_out() is the one out of it.
void DeliveryQueue::place(DeliveryPtr delivery, Place where) {
  Delivery& d = *delivery;
  d.place = where;
  switch (where) {
    case Place::kSaving:
      saving_.emplace(d.number, std::move(delivery));
      break;
    case Place::kLive:
      live_.emplace(d.number, std::move(delivery));
      break;
    case Place::kBacklog:
      backlog_.emplace(key_of(d), std::move(delivery));
      break;
    case Place::kWaiting:
      waiting_.emplace(WaitingKey(d.due, d.number), std::move(delivery));
      break;
    case Place::kOut:
      INVAR_CHECK(false, "out is no place in the queue");
  }
  account(d);
}

DeliveryPtr DeliveryQueue::take_out(Delivery& d) {
  DeliveryPtr out;
  const auto extract = [&](auto& from, const auto& key) {
    const auto found = from.find(key);
    out = std::move(found->second);
    from.erase(found);
  };
  switch (d.place) {
    case Place::kSaving:
      extract(saving_, d.number);
      break;
    case Place::kLive:
      extract(live_, d.number);
      break;
    case Place::kBacklog:
      extract(backlog_, key_of(d));
      break;
    case Place::kWaiting:
      extract(waiting_, WaitingKey(d.due, d.number));
      break;
    case Place::kOut:
      break;
  }
  d.place = Place::kOut;
  account(d);
  return out;
}

// Brings memory and indexes in line with what the delivery has become.
void DeliveryQueue::account(Delivery& d) {
  std::uint64_t bytes = Delivery::kOverhead;
  if (d.profile) {
    bytes += d.profile->body_bytes() + d.profile->head.size() + d.profile->tail.size();
  } else if (d.loading) {
    bytes += d.stored_bytes;
  }
  memory_bytes_ += bytes - d.memory_bytes;
  d.memory_bytes = bytes;
  const auto index = [&](auto& map, const auto& key, bool in) {
    in ? void(map.emplace(key, &d)) : void(map.erase(key));
  };
  index(fresh_, d.number, d.disk == Delivery::Disk::kNone);
  index(cached_, key_of(d), d.stored() && d.profile && d.place != Place::kOut);
}

void DeliveryQueue::settled(Delivery& d, End end) {
  --known_;
  if (const auto step = accepted_.find(age_step(d)); --step->second == 0) accepted_.erase(step);
  memory_bytes_ -= std::exchange(d.memory_bytes, 0);
  fresh_.erase(d.number);
  cached_.erase(key_of(d));
  writing_.erase(d.number);  // its record is acknowledged when it is there: on_written()
  loading_.erase(d.number);
  if (!d.stored()) return;
  by_record_.erase(d.record);
  if (end != End::kLeft) spill_->ack(d.record);
}

void DeliveryQueue::give_up(Delivery& d, Outcome outcome) {
  events_.give_up(take_out(d), std::move(outcome));
}

void DeliveryQueue::put_back(DeliveryPtr delivery) {
  if (delivery->disk == Delivery::Disk::kNone) save(*delivery, false);
  place(std::move(delivery), Place::kBacklog);
}

void DeliveryQueue::retry_at(DeliveryPtr delivery, async::TimePoint when) {
  delivery->due = when;
  if (delivery->disk == Delivery::Disk::kNone) save(*delivery, false);
  place(std::move(delivery), Place::kWaiting);
}

DeliveryPtr DeliveryQueue::next(std::size_t ahead) {
  age();
  expire();
  prefetch(ahead);
  for (;;) {
    Delivery* older = nullptr;
    std::size_t seen = 0;
    for (auto it = backlog_.begin(); it != backlog_.end() && seen < ahead && !older; ++it, ++seen)
      if (it->second->profile) older = it->second.get();
    if (live_.empty() && !older) return nullptr;
    bool live = !older;
    if (older && !live_.empty()) {
      const bool hurried = env_.loop->now() - live_.begin()->second->accepted_at >= kLiveSoon;
      live = hurried ? turn_ % 4 != 3 : turn_ % 2 == 0;
      ++turn_;
    }
    DeliveryPtr delivery = take_out(live ? *live_.begin()->second : *older);
    if (time_left(*delivery) >= Duration::zero()) return delivery;
    events_.give_up(std::move(delivery), expired());
  }
}

// ---- time

Duration DeliveryQueue::time_left(const Delivery& delivery) const {
  if (settings_.max_age <= Duration::zero()) return Duration::max();
  return settings_.max_age - Duration(env_.loop->unix_ns() - delivery.taken_unix_ns);
}

void DeliveryQueue::age() {
  const async::TimePoint now = env_.loop->now();
  const Duration live_for = flowing_ ? kLiveAtMost : kLiveFor;
  while (!live_.empty() && now - live_.begin()->second->accepted_at >= live_for)
    place(take_out(*live_.begin()->second), Place::kBacklog);
  while (!waiting_.empty() && waiting_.begin()->first.first <= now)
    place(take_out(*waiting_.begin()->second), Place::kBacklog);
}

void DeliveryQueue::expire() {
  while (!backlog_.empty() && time_left(*backlog_.begin()->second) < Duration::zero())
    give_up(*backlog_.begin()->second, expired());
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Delivery& d = *it++->second;
    if (time_left(d) < Duration::zero()) give_up(d, expired());
  }
}

void DeliveryQueue::sweep() {
  age();
  expire();
  if (!writes_to_disk()) return;
  if (!spill_->is_open()) return open_disk();
  if (!disk_answers()) return;
  const async::TimePoint now = env_.loop->now();
  const bool pressed = memory_bytes_ > settings_.max_memory_bytes / 2;
  for (auto it = fresh_.begin(); it != fresh_.end();) {
    Delivery& d = *it++->second;
    if (!pressed && now - d.accepted_at < kLiveFor - kSaveEarly) break;
    save(d, false);
  }
}

async::TimePoint DeliveryQueue::next_due() const {
  return waiting_.empty() ? async::TimePoint::max() : waiting_.begin()->first.first;
}

async::TimePoint DeliveryQueue::next_sweep() const {
  const async::TimePoint now = env_.loop->now();
  async::TimePoint when = empty() ? async::TimePoint::max() : now + ticks(kSweepPeriod);
  if (writes_to_disk() && !spill_->opening()) {
    // Not more often than this where the disk does not take what waits.
    const async::TimePoint soonest = std::max(now + ticks(kSaveEarly), disk_retry_at_);
    if (!spill_->is_open()) {
      when = std::min(when, soonest);
    } else if (!fresh_.empty()) {
      when = std::min(when, std::max(soonest, fresh_.begin()->second->accepted_at + ticks(kLiveFor)));
    }
  }
  return when;
}

// ---- memory

void DeliveryQueue::unload(Delivery& d) {
  d.profile = nullptr;
  if (d.place == Place::kLive) {
    place(take_out(d), Place::kBacklog);
  } else {
    account(d);
  }
}

// The oldest that is nowhere but in memory and may be dropped; else the oldest of all, when even what is kept of those on
// disk is too much.
Delivery* DeliveryQueue::victim() {
  for (const auto& [number, d] : fresh_)
    if (d->place != Place::kOut) return d;
  if (!backlog_.empty()) return backlog_.begin()->second.get();
  return nullptr;
}

void DeliveryQueue::make_room() {
  while (memory_bytes_ > settings_.max_memory_bytes && !cached_.empty()) unload(*cached_.rbegin()->second);
  while (memory_bytes_ > settings_.max_memory_bytes) {
    Delivery* d = victim();
    if (!d) return;
    give_up(*d, {End::kDropped, "memory full", "the server does not keep up and the queue is full"});
  }
}

// ---- disk

void DeliveryQueue::open_disk() {
  if (!spill_->is_open() && !spill_->opening() && disk_answers()) spill_->open();
}

void DeliveryQueue::save(Delivery& d, bool urgent) {
  if (!writes_to_disk() || d.no_disk || (!spill_->is_open() && !spill_->opening()) || !disk_answers()) return;
  d.disk = Delivery::Disk::kWriting;
  writing_.emplace(d.number, &d);
  account(d);
  spill_->write(d.number, d.profile, urgent);
}

void DeliveryQueue::save_all() {
  if (!spill_) return;
  for (auto it = fresh_.begin(); it != fresh_.end();) save(*it++->second, false);
  spill_->hurry();
}

void DeliveryQueue::saved(DeliveryPtr delivery) {
  delivery->receipt.kept();
  place(std::move(delivery), Place::kLive);
}

// Only with sync_always. A sender that waits to hear keeps the profile itself; for all others memory is better than nothing.
void DeliveryQueue::not_saved(DeliveryPtr delivery, const Error& error) {
  if (!delivery->receipt.awaited()) {
    place(std::move(delivery), Place::kLive);
    return;
  }
  events_.give_up(std::move(delivery), {End::kRefused, "disk", error.message});
}

void DeliveryQueue::on_opened(Result<Spill::Opened> opened) {
  if (!opened) {
    note_disk(&opened.error());
    // What waits for the disk hears that it will not be kept.
    for (auto& [number, d] : std::exchange(writing_, {})) {
      d->disk = Delivery::Disk::kNone;
      account(*d);
    }
    spill_->forget_writes();
    while (!saving_.empty()) not_saved(take_out(*saving_.begin()->second), opened.error());
    return events_.changed();
  }
  note_disk(nullptr);
  for (std::uint64_t i = 0; i < opened->damaged; ++i) env_.recover("unknown").dropped("damaged on disk");
  if (opened->damaged > 0 || opened->unreadable_segments > 0)
    env_.logger.error("a part of the queue on disk is damaged",
                      {{"endpoint", env_.destination},
                       {"profiles", opened->damaged},
                       {"unreadable_files", opened->unreadable_segments}});
  const UnixNanos unix_now = env_.loop->unix_ns();
  for (Spill::Found& found : opened->found) {
    auto delivery = std::make_unique<Delivery>();
    delivery->taken_unix_ns = found.taken_unix_ns;
    delivery->body_bytes = found.body_bytes;
    delivery->protocol = &protocol_of(found.kind);
    delivery->receipt = Receipt(env_.recover(found.type));
    delivery->accepted_at =
        env_.loop->now() - ticks(Duration(std::max<std::int64_t>(0, unix_now - found.taken_unix_ns)));
    delivery->number = ++last_number_;
    delivery->disk = Delivery::Disk::kStored;
    delivery->record = found.record;
    delivery->stored_bytes = found.stored_bytes;
    by_record_.emplace(found.record, delivery.get());
    ++known_;
    ++accepted_[age_step(*delivery)];
    place(std::move(delivery), Place::kBacklog);
  }
  if (!opened->found.empty())
    env_.logger.info("profiles of an earlier run are on disk",
                     {{"endpoint", env_.destination}, {"profiles", std::uint64_t{opened->found.size()}}});
  make_room();
  events_.changed();
}

void DeliveryQueue::on_written(const std::vector<Spill::Number>& numbers, Result<queue::RecordId> first) {
  const bool too_large = !first && first.error().code == ErrorCode::kInvalidArgument;
  if (!too_large) note_disk(first ? nullptr : &first.error());
  queue::RecordId record = first.value_or(0);
  for (const Spill::Number number : numbers) {
    const auto found = writing_.find(number);
    if (found == writing_.end()) {  // ended meanwhile
      if (first) spill_->ack(record++);
      continue;
    }
    Delivery& d = *found->second;
    writing_.erase(found);
    if (first) {
      d.disk = Delivery::Disk::kStored;
      d.record = record++;
      d.stored_bytes = d.memory_bytes;
      by_record_.emplace(d.record, &d);
    } else {
      d.disk = Delivery::Disk::kNone;
      d.no_disk = too_large;
    }
    account(d);
    if (d.place != Place::kSaving) continue;
    first ? saved(take_out(d)) : not_saved(take_out(d), first.error());
  }
  make_room();
  events_.changed();
}

void DeliveryQueue::prefetch(std::size_t ahead) {
  if (!spill_ || !spill_->is_open() || env_.loop->now() < load_retry_at_) return;
  auto it = backlog_.begin();
  for (std::size_t i = 0; i < ahead && it != backlog_.end(); ++i) {
    Delivery& d = *it++->second;
    if (d.profile || d.loading) continue;
    const auto full = [&] { return memory_bytes_ + d.stored_bytes > settings_.max_memory_bytes; };
    while (full() && !cached_.empty() && key_of(d) < cached_.rbegin()->first)
      unload(*cached_.rbegin()->second);
    if (full() && !loading_.empty()) return;  // one always passes
    d.loading = true;
    loading_.emplace(d.number, &d);
    account(d);
    spill_->load(d.number, d.record);
  }
}

void DeliveryQueue::on_loaded(Spill::Number number, Result<OutgoingPtr> profile) {
  const auto found = loading_.find(number);
  if (found == loading_.end()) return;
  Delivery& d = *found->second;
  loading_.erase(found);
  d.loading = false;
  if (profile) d.profile = std::move(*profile);
  account(d);
  if (!profile && profile.error().code == ErrorCode::kUnavailable) {
    note_disk(&profile.error());
    load_retry_at_ = disk_retry_at_;
  } else if (!profile) {
    give_up(d, {End::kDropped, "damaged on disk", profile.error().message});
  }
  events_.changed();
}

void DeliveryQueue::on_evicted(const std::vector<queue::RecordId>& records) {
  for (const queue::RecordId record : records) {
    const auto found = by_record_.find(record);
    if (found == by_record_.end()) continue;
    Delivery& d = *found->second;
    by_record_.erase(found);
    loading_.erase(d.number);
    d.loading = false;
    d.disk = Delivery::Disk::kNone;
    d.no_disk = true;
    account(d);
    if (d.place != Place::kOut)
      give_up(d, {End::kDropped, "disk full", "the server does not keep up and the disk queue is full"});
  }
}

void DeliveryQueue::note_disk(const Error* error) {
  if (!error) {
    disk_retry_at_ = {};
    if (!std::exchange(disk_error_, {}).empty())
      env_.logger.info("profiles are kept on disk again", {{"endpoint", env_.destination}});
    return;
  }
  disk_retry_at_ = env_.loop->now() + ticks(kDiskRetry);
  if (disk_error_ == error->message) return;
  if (disk_error_.empty()) {
    disk_error_since_unix_ns_ = env_.loop->unix_ns();
    env_.logger.error("profiles cannot be kept on disk and wait in memory only",
                      {{"endpoint", env_.destination}, {"err", error->message}});
  }
  disk_error_ = error->message;
}

void DeliveryQueue::when_disk_idle(async::Task done) {
  if (!spill_ || spill_->idle()) return env_.loop->post(std::move(done));
  on_disk_idle_ = std::move(done);
  spill_->hurry();
}

std::uint64_t DeliveryQueue::disk_bytes() const {
  return spill_ ? spill_->stats().disk_bytes : 0;
}

void DeliveryQueue::give_up_all(End end, const std::string& reason) {
  const auto drain = [&](auto& from) {
    while (!from.empty()) {
      Delivery& d = *from.begin()->second;
      give_up(d, {end == End::kLeft && !d.stored() ? End::kDropped : end, reason, "not delivered in time"});
    }
  };
  drain(saving_);
  drain(live_);
  drain(waiting_);
  drain(backlog_);
}

std::vector<std::uint64_t> DeliveryQueue::ages(std::span<const Duration> limits) const {
  std::vector<std::uint64_t> out(limits.size() + 1);
  const async::TimePoint now = env_.loop->now();
  for (const auto& [step, profiles] : accepted_) {
    const Duration age = now.time_since_epoch() - step * kAgeStep;
    out[static_cast<std::size_t>(std::ranges::upper_bound(limits, age) - limits.begin())] += profiles;
  }
  return out;
}

Duration DeliveryQueue::oldest_age() const {
  const async::TimePoint now = env_.loop->now();
  async::TimePoint oldest = now;
  if (!live_.empty()) oldest = std::min(oldest, live_.begin()->second->accepted_at);
  if (!saving_.empty()) oldest = std::min(oldest, saving_.begin()->second->accepted_at);
  if (!backlog_.empty()) oldest = std::min(oldest, backlog_.begin()->second->accepted_at);
  for (const auto& [key, d] : waiting_) oldest = std::min(oldest, d->accepted_at);
  return now - oldest;
}

}  // namespace invar::delivery
