// Programs that restart, dip, set their clocks, and share an address with others of their kind: what the deltas sum up to is
// what the programs did, or the result says otherwise.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "codec/gzip.h"
#include "pprof/delta.h"
#include "pprof/delta_state.h"

namespace invar::pprof {
namespace {

using Kind = DeltaResult::Kind;
using Counters = std::vector<std::int64_t>;  // contentions of each stack
constexpr std::size_t kStacks = 24;
constexpr std::int64_t kSecond = 1'000'000'000;

std::string profile_of(const Counters& counters, std::int64_t time) {
  Profile profile;
  profile.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile.time_unix_ns = time;
  for (std::uint64_t i = 0; i < counters.size(); ++i) {
    if (counters[i] == 0) continue;
    profile.locations.push_back({.id = i + 1, .address = 0x1000 * (i + 1)});
    profile.samples.push_back({.location_ids = {i + 1}, .values = {counters[i], 1000 * counters[i]}});
  }
  return serialize(profile);
}

Counters counters_of(const DeltaResult& result) {
  Counters out(kStacks, 0);
  if (result.body.empty()) return out;
  std::string raw;
  EXPECT_TRUE(codec::Inflater().gunzip(result.body, 1 << 20, raw));
  const Result<Profile> profile = parse(raw);
  EXPECT_TRUE(profile);
  std::map<std::uint64_t, std::uint64_t> stacks;
  for (const auto& location : profile->locations) stacks[location.id] = location.address / 0x1000 - 1;
  for (const auto& sample : profile->samples) {
    out[stacks.at(sample.location_ids[0])] = sample.values[0];
    EXPECT_EQ(sample.values[1], 1000 * sample.values[0]);
  }
  return out;
}

class Program {
 public:
  Program(std::mt19937_64& random, int age) : random_(random), rates_(kStacks), total_(kStacks) {
    for (auto& rate : rates_) rate = 1 + static_cast<std::int64_t>(random_() % 50);
    for (int i = 0; i < age; ++i) run();
  }
  void run() {
    for (std::size_t i = 0; i < kStacks; ++i)
      total_[i] += static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * rates_[i]));
  }
  void restart() {
    total_.assign(kStacks, 0);
    counted.clear();
    run();
  }
  // What it reports: with noise, few stacks a little less than is true.
  [[nodiscard]] Counters report(bool noisy) {
    Counters said = total_;
    for (int i = 0; noisy && i < 2; ++i) said[random_() % kStacks] -= 1;
    for (std::int64_t& value : said) value = std::max<std::int64_t>(value, 0);
    return said;
  }

  Counters counted;  // of this life: what deltas or baselines have taken in; empty before it was first seen

 private:
  std::mt19937_64& random_;
  Counters rates_, total_;
};

// One series, as a scraper keeps it, and how its results compare with what happened.
struct Series {
  void scrape(Program& program, bool noisy, std::int64_t time) {
    Counters said = program.report(noisy);
    const bool known = !program.counted.empty();
    Counters before = known ? program.counted : Counters(kStacks, 0);
    Counters did(kStacks);
    for (std::size_t i = 0; i < kStacks; ++i) {
      said[i] = std::max(said[i], noisy ? 0 : said[i]);
      did[i] = std::max<std::int64_t>(0, said[i] - before[i]);
      before[i] = std::max(before[i], said[i]);
    }
    const Result<DeltaResult> result = engine.step(profile_of(said, time), "mutex", state, 1 << 20);
    ASSERT_TRUE(result) << result.error().message;
    state = result->next;
    most_bytes = std::max(most_bytes, state_bytes(*state));
    const Counters sent = counters_of(*result);
    switch (result->kind) {
      case Kind::kBaseline:
        break;
      case Kind::kUnknown:
        ++unknown;
        break;
      case Kind::kReset:
        ++(known ? false_resets : resets);
        EXPECT_EQ(sent, said) << "what stands there is the delta";
        break;
      default:
        ++(sent == did ? exact : result->dips > 0 ? dips : inexact);
    }
    for (std::size_t i = 0; result->kind == Kind::kDelta && i < kStacks; ++i) {
      error += std::abs(sent[i] - did[i]);
      work += did[i];
    }
    program.counted = before;
    late_inexact += result->kind == Kind::kDelta && sent != did && scrapes > 60;  // dips or not
    const bool flagged = result->kind == Kind::kUnknown || (result->kind == Kind::kReset && known);
    late_flagged += flagged && scrapes > 60;
    ++scrapes;
  }

  DeltaEngine engine;
  DeltaStatePtr state;
  int scrapes = 0, exact = 0, dips = 0, inexact = 0, resets = 0, false_resets = 0, unknown = 0,
      late_inexact = 0, late_flagged = 0;
  std::uint64_t most_bytes = 0;
  std::int64_t error = 0, work = 0;  // of deltas
};

TEST(DeltaProcesses, OneProgramWithDipsAndAClockThatIsSetIsExact) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    Program program(random, 100);
    Series series;
    std::int64_t time = 1'000'000 * kSecond;
    for (int i = 0; i < 60; ++i) {
      program.run();
      time += 15 * kSecond;
      if (random() % 7 == 0) time += (static_cast<std::int64_t>(random() % 7200) - 3600) * kSecond;
      series.scrape(program, random() % 3 == 0, time);
      EXPECT_EQ(processes(*series.state), 1U);
    }
    EXPECT_EQ(series.exact, 59) << seed;
  }
}

TEST(DeltaProcesses, EachRestartIsSentWhole) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    Program program(random, 30);
    Series series;
    int restarts = 0;
    for (int i = 0; i < 120; ++i) {
      program.run();
      if (i > 0 && (i % 9 == 8 || random() % 40 == 0)) {
        program.restart();
        ++restarts;
      }
      series.scrape(program, random() % 5 == 0, (i + 1) * 15 * kSecond);
      EXPECT_EQ(processes(*series.state), 1U) << seed << " " << i;
    }
    EXPECT_EQ(series.resets, restarts) << seed;
    EXPECT_EQ(series.inexact + series.false_resets + series.unknown, 0) << seed;
  }
}

TEST(DeltaProcesses, UpToFourReplicasInAnyOrderBecomeExact) {
  for (int replicas = 2; replicas <= 4; ++replicas) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      std::mt19937_64 random(seed * 10 + static_cast<std::uint64_t>(replicas));
      std::vector<Program> programs;
      for (int i = 0; i < replicas; ++i)
        programs.emplace_back(random, 100 + static_cast<int>(random() % 400));
      Series series;
      for (int i = 0; i < 200; ++i) {
        for (auto& program : programs) program.run();
        const auto turn = static_cast<std::size_t>(seed % 2 == 0 ? i : static_cast<int>(random() % 1000));
        series.scrape(programs[turn % programs.size()], random() % 6 == 0, (i + 1) * 15 * kSecond);
      }
      SCOPED_TRACE(testing::Message() << replicas << " replicas, seed " << seed);
      EXPECT_EQ(processes(*series.state), static_cast<std::uint32_t>(replicas));
      EXPECT_EQ(series.late_inexact, 0);
      EXPECT_EQ(series.late_flagged, 0);
      EXPECT_LE(series.inexact, replicas - 1) << "before the second look";
      EXPECT_LE(series.resets + series.false_resets + series.unknown, 2 * replicas);
    }
  }
}

TEST(DeltaProcesses, OfMoreReplicasThanBaselinesMostAreExactAndTheRestIsCounted) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Program> programs;
    for (int i = 0; i < 5; ++i) programs.emplace_back(random, 100 + static_cast<int>(random() % 400));
    Series series;
    for (int i = 0; i < 300; ++i) {
      for (auto& program : programs) program.run();
      const auto turn = static_cast<std::size_t>(seed % 2 == 0 ? i : static_cast<int>(random() % 1000));
      series.scrape(programs[turn % programs.size()], false, (i + 1) * 15 * kSecond);
    }
    SCOPED_TRACE(seed);
    EXPECT_EQ(processes(*series.state), kMaxBaselines);
    EXPECT_EQ(series.late_inexact, 0);
    EXPECT_GE(series.exact, 150);
    EXPECT_EQ(
        series.exact + series.dips + series.inexact + series.resets + series.false_resets + series.unknown,
        299);
  }
}

// A young process may come by where another one was when it ended: then the wrong one is continued, once.
TEST(DeltaProcesses, ReplicasThatRestartStayExactButForCoincidences) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Program> programs;
    for (int i = 0; i < 3; ++i) programs.emplace_back(random, 100 + static_cast<int>(random() % 400));
    Series series;
    for (int i = 0; i < 400; ++i) {
      for (auto& program : programs) program.run();
      if (i > 60 && random() % 40 == 0) programs[random() % 3].restart();
      series.scrape(programs[random() % 3], false, (i + 1) * 15 * kSecond);
    }
    SCOPED_TRACE(seed);
    EXPECT_LE(series.late_inexact, 12);
    EXPECT_LE(30 * series.error, series.work);
    EXPECT_GE(series.exact, 350);
  }
}

// One process again: what was kept beside it goes, and with it the memory.
TEST(DeltaProcesses, ASeriesHoldsOneBaselineInTheUsualCase) {
  std::mt19937_64 random(1);
  Program program(random, 50);
  Series series;
  for (int i = 0; i < 3; ++i) {
    program.run();
    series.scrape(program, false, (i + 1) * 15 * kSecond);
  }
  const std::uint64_t usual = state_bytes(*series.state);
  program.restart();
  series.scrape(program, false, 60 * kSecond);
  EXPECT_GT(state_bytes(*series.state), 3 * usual / 2);
  for (int i = 0; i < kWatchedAfterRestart; ++i) {
    program.run();
    series.scrape(program, false, (75 + 15 * i) * kSecond);
  }
  EXPECT_LE(state_bytes(*series.state), usual);
  EXPECT_EQ(series.state->beside(), nullptr);
}

// A service that crashes at every interval never looks like several, and what it holds is bounded.
TEST(DeltaProcesses, ACrashLoopHoldsNoMoreThanFourBaselines) {
  std::mt19937_64 random(1);
  Program program(random, 50);
  Series series;
  std::uint64_t first = 0;
  for (int i = 0; i < 60; ++i) {
    program.restart();
    for (std::uint64_t j = random() % 3; j > 0; --j) program.run();
    series.scrape(program, false, (i + 1) * 15 * kSecond);
    if (i == 0) first = state_bytes(*series.state);
    EXPECT_EQ(processes(*series.state), 1U);
  }
  EXPECT_LE(series.most_bytes, kMaxBaselines * first + 256);
}

TEST(DeltaProcesses, SeveralBaselinesSurviveARestartOfOurs) {
  std::mt19937_64 random(3);
  std::vector<Program> programs;
  for (int i = 0; i < 2; ++i) programs.emplace_back(random, 100 + 100 * i);
  Series series;
  for (int i = 0; i < 40; ++i) {
    for (auto& program : programs) program.run();
    series.scrape(programs[static_cast<std::size_t>(i % 2)], false, (i + 1) * 15 * kSecond);
    if (i < 30) continue;
    const std::string saved = save_state(*series.state);
    const Result<DeltaStatePtr> loaded = load_state(saved);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(save_state(**loaded), saved);
    EXPECT_EQ(processes(**loaded), 2U);
    series.state = *loaded;
    for (std::size_t size = 0; i == 30 && size < saved.size(); ++size) {
      const Result<DeltaStatePtr> cut = load_state(saved.substr(0, size));
      EXPECT_TRUE(!cut || state_bytes(**cut) < state_bytes(**loaded));
    }
  }
  EXPECT_EQ(series.late_inexact + series.unknown, 0);
}

}  // namespace
}  // namespace invar::pprof
