#include "components/pyroscope/scrape/moves.h"

#include <algorithm>
#include <utility>

#include "components/pyroscope/scrape/scraped_targets.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::string_view kMovedName = "pyroscope_scrape_moved_jobs_total";
constexpr std::string_view kMovedHelp = "Jobs that began here after another node of the cluster had them.";

JobKey key_of(std::string_view text) {
  const auto parts = parse_row_id(text);
  return parts ? JobKey{parts->first, std::string(parts->second)} : JobKey{};
}

}  // namespace

Moves::Moves(Environment environment, Hooks hooks)
    : env_(std::move(environment)),
      hooks_(std::move(hooks)),
      with_state_(env_.metrics->counter(kMovedName, kMovedHelp, {{"state", "handed_over"}})),
      anew_(env_.metrics->counter(kMovedName, kMovedHelp, {{"state", "none"}})),
      given_away_(env_.metrics->counter("pyroscope_scrape_given_jobs_total",
                                        "Jobs that other nodes of the cluster asked for and go on with.")),
      rest_timer_(*env_.loop),
      trust_timer_(*env_.loop) {
  if (auto* hand_over = env_.cluster->hand_over()) serving_ = hand_over->serve(env_.component, *this);
}

void Moves::note_peers() {
  others_.clear();
  if (env_.cluster->hand_over() == nullptr) return;
  for (const component::ClusterPeer& peer : env_.cluster->peers()) {
    if (!peer.is_self && peer.hands_over) others_.insert(peer.name);
  }
}

void Moves::start_list(std::shared_ptr<const component::Ownership> ownership, std::uint64_t generation) {
  now_ = std::move(ownership);
  generation_ = generation;
  note_peers();
  if (!now_) return;
  for (auto& [key, rest] : resting_) {
    if (!rest.owner.empty() || now_->owns(rest.target_key)) continue;
    rest.owner = now_->owner(rest.target_key);
    rest.since = env_.loop->now();
  }
}

std::optional<Handed> Moves::take(const JobKey& key, const JobPtr& job) {
  bool was_given = false;
  if (const auto given = given_.find(key); given != given_.end()) {
    if (env_.loop->now() - given->second.at < kTrust) {
      given->second.generation = generation_;
      arm_trust();
      return std::nullopt;
    }
    given_.erase(given);
    was_given = true;
  }
  if (const auto awaited = awaited_.find(key); awaited != awaited_.end()) {
    awaited->second.job = job;
    awaited->second.generation = generation_;
    return std::nullopt;
  }
  if (const auto rest = resting_.find(key); rest != resting_.end() && rest->second.owner.empty())
    return std::move(resting_.extract(rest).mapped().handed);
  if (!now_ || (!was_given && before_ && before_->owns(job->target_key))) return Handed{};
  // Whom it was given to may have got it by mistake, and somebody has it now.
  std::string former(before_ && !was_given ? before_->owner(job->target_key) : "");
  if (others_.empty() && former.empty()) return Handed{};
  awaited_.emplace(key, Awaited{job, generation_, std::move(former), false});
  return std::nullopt;
}

void Moves::all_taken() {
  before_ = now_;
}

void Moves::end_list() {
  const auto is_old = [this](const auto& entry) { return entry.second.generation != generation_; };
  std::erase_if(awaited_, is_old);
  std::erase_if(given_, is_old);  // the cluster has said by now that they are another's
  std::map<std::string, std::vector<JobKey>> questions;
  for (auto& [key, awaited] : awaited_) {
    if (!std::exchange(awaited.asked, true)) questions[awaited.former].push_back(key);
  }
  for (auto& [former, keys] : questions) ask(former, std::move(keys));
}

void Moves::ask(const std::string& former, std::vector<JobKey> keys) {
  std::vector<std::string> texts;
  for (const JobKey& key : keys) texts.push_back(row_id(key.identity, key.name));
  const auto round = std::make_shared<Round>(Round{.former = former, .keys = std::move(keys)});
  if (!former.empty() && !others_.contains(former)) {
    round->former_is_gone = true;
    return end_round(round);
  }
  expected_.insert(round->keys.begin(), round->keys.end());
  env_.cluster->hand_over()->take(env_.component, former, std::move(texts),
                                  alive_.bind([this, round](std::vector<component::HandOver::Piece> pieces) {
                                    on_pieces(round, std::move(pieces));
                                  }),
                                  alive_.bind([this, round] {
                                    round->all_said = true;
                                    end_round(round);
                                  }));
}

void Moves::on_pieces(const std::shared_ptr<Round>& round, std::vector<component::HandOver::Piece> pieces) {
  ++round->decoding;
  env_.pool->run(
      [pieces = std::move(pieces)] {
        Decoded decoded;
        for (const auto& piece : pieces) {
          if (auto handed = decode_handed(piece.state)) decoded.emplace_back(piece.key, *std::move(handed));
        }
        return decoded;
      },
      alive_.bind([this, round](Decoded decoded) {
        --round->decoding;
        adopt(*round, std::move(decoded));
        end_round(round);
      }));
}

void Moves::adopt(Round& round, Decoded pieces) {
  for (auto& [text, handed] : pieces) {
    const JobKey key = key_of(text);
    expected_.erase(key);
    auto awaited = awaited_.extract(key);
    if (awaited.empty()) {
      // No longer ours: whose it is will ask for it, if not whose it was.
      if (!round.former.empty()) let_go(key, 0, round.former, std::move(handed));
      continue;
    }
    resting_.erase(awaited.key());
    ++round.with_state;
    with_state_.add();
    hooks_.begin(awaited.key(), std::move(awaited.mapped().job), std::move(handed),
                 awaited.mapped().generation);
  }
}

void Moves::end_round(const std::shared_ptr<Round>& round) {
  if (!round->former_is_gone && (!round->all_said || round->decoding > 0)) return;
  for (const JobKey& key : round->keys) expected_.erase(key);
  env_.logger.info("jobs taken over from another node",
                   {{"from", round->former.empty() ? "any" : round->former},
                    {"jobs", static_cast<std::uint64_t>(round->keys.size())},
                    {"handed_over", static_cast<std::uint64_t>(round->with_state)}});
  begin_rest(round, 0);
}

// What nobody gave begins as we know it: the other may not have begun at all.
void Moves::begin_rest(const std::shared_ptr<Round>& round, std::size_t from) {
  const std::size_t to = std::min(round->keys.size(), from + kJobsATurn);
  for (std::size_t i = from; i < to; ++i) {
    auto awaited = awaited_.extract(round->keys[i]);
    if (awaited.empty()) continue;
    Handed handed;
    auto rest = resting_.extract(awaited.key());
    if (!rest.empty() && !round->former_is_gone) {
      handed = std::move(rest.mapped().handed);
    } else if (!round->former.empty()) {
      anew_.add();
      // The sooner the baseline, the less is lost.
      if (round->former_is_gone && awaited.mapped().job->agent_delta)
        handed.last_unix_ns = env_.loop->unix_ns() - kNoticed.count();
    }
    hooks_.begin(awaited.key(), std::move(awaited.mapped().job), std::move(handed),
                 awaited.mapped().generation);
  }
  if (to < round->keys.size()) env_.loop->post(alive_.bind([this, round, to] { begin_rest(round, to); }));
}

void Moves::let_go(const JobKey& key, std::uint64_t target_key, const std::string& owner, Handed handed) {
  if (!owner.empty() && !others_.contains(owner)) return;  // nobody will ask
  resting_[key] = {std::move(handed), target_key, owner, env_.loop->now()};
  if (!rest_timer_.armed()) rest_timer_.arm_after(kRest, [this] { end_long_rests(); });
}

// What is nobody's waits for as long as it takes.
void Moves::end_long_rests() {
  const auto old = env_.loop->now() - kRest;
  std::erase_if(resting_,
                [&](const auto& entry) { return !entry.second.owner.empty() && entry.second.since <= old; });
  if (!resting_.empty()) rest_timer_.arm_after(kRest, [this] { end_long_rests(); });
}

std::vector<std::pair<JobKey, pprof::DeltaStatePtr>> Moves::resting() const {
  std::vector<std::pair<JobKey, pprof::DeltaStatePtr>> out;
  for (const auto& [key, rest] : resting_) {
    if (rest.owner.empty() && rest.handed.baseline) out.emplace_back(key, rest.handed.baseline);
  }
  return out;
}

std::optional<component::HandOver::Giver::Given> Moves::give(std::string_view text) {
  const JobKey key = key_of(text);
  if (auto rest = resting_.extract(key); !rest.empty()) return given(std::move(rest.mapped().handed));
  auto handed = hooks_.end(key);
  if (!handed) return std::nullopt;
  given_[key] = {env_.loop->now(), generation_};
  arm_trust();
  return given(*std::move(handed));
}

bool Moves::expects(std::string_view text) const {
  return expected_.contains(key_of(text));
}

void Moves::arm_trust() {
  if (trust_timer_.armed()) return;
  trust_timer_.arm_after(kTrust, [this] {
    if (!given_.empty()) hooks_.look_again();
  });
}

Moves::Given Moves::given(Handed handed) {
  given_away_.add();
  const std::size_t bytes =
      sizeof(handed.last_unix_ns) + (handed.baseline ? pprof::state_bytes(*handed.baseline) : 0);
  return {bytes, [handed = std::move(handed)] { return encode(handed); }};
}

std::size_t Moves::waiting() const {
  std::set<std::string> others;
  for (const component::ClusterPeer& peer : env_.cluster->peers()) {
    if (!peer.is_self && peer.hands_over) others.insert(peer.name);
  }
  if (others.empty()) return 0;
  others.emplace();  // what is nobody's yet is about to be somebody's
  const auto rest = std::ranges::count_if(resting_, [&](const auto& entry) {
    const Resting& it = entry.second;
    // Whoever has not asked for so long had it before, as when parts of a cluster meet again.
    const bool is_new = it.owner.empty() || env_.loop->now() - it.since < kTrust;
    return is_new && others.contains(it.owner);
  });
  return static_cast<std::size_t>(rest) + hooks_.still_here(others);
}

}  // namespace invar::components::pyroscope_scrape
