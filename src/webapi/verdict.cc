#include "webapi/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/build_info.h"
#include "webapi/reply.h"

namespace invar::webapi {
namespace {

using component::HealthState;
using component::Severity;
using component::TargetState;

constexpr std::size_t kMostNamed = 5;

std::uint64_t count(const StateCounts& counts, TargetState state) {
  return counts[static_cast<std::size_t>(state)];
}

std::uint64_t jobs(const StateCounts& counts) {
  return counts[0] + counts[1] + counts[2] + counts[3];
}

std::string targets(std::uint64_t number) {
  return fmt::format("{} target{}", number, number == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
    out += parts[i];
  }
  return out;
}

// Sentences of one component that are equal are one cause.
void add_cause(std::vector<Cause>& causes, std::map<std::pair<std::string, std::string>, std::size_t>& places,
               Cause cause) {
  const auto [place, added] = places.try_emplace({cause.component, cause.text}, causes.size());
  if (added) return causes.push_back(std::move(cause));
  Cause& known = causes[place->second];
  ++known.count;
  known.failing = known.failing || cause.failing;
  if (cause.since_unix_ns != 0 && (known.since_unix_ns == 0 || cause.since_unix_ns < known.since_unix_ns))
    known.since_unix_ns = cause.since_unix_ns;
  for (std::string& what : cause.what)
    if (known.what.size() < kMostNamed) known.what.push_back(std::move(what));
}

std::vector<component::Problem> problems_of(const component::ComponentView& view,
                                            const component::RunningComponent* running) {
  std::vector<component::Problem> out;
  // The jobs of one that scrapes are looked at elsewhere, in short turns.
  if (running != nullptr && running->component != nullptr)
    out = running->component->problems(
        running->component->scraped_targets() != nullptr ? Severity::kFailing : Severity::kDegraded);
  const bool bad = view.health.state == HealthState::kUnhealthy || view.health.state == HealthState::kExited;
  const bool said =
      std::ranges::any_of(out, [&](const auto& problem) { return problem.sentence == view.health.message; });
  if (bad && !said) out.push_back({Severity::kFailing, "", view.health.message, view.health.updated_unix_ns});
  return out;
}

}  // namespace

Surroundings look_at(const ApiHost& host) {
  Surroundings out;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (const auto& view : host.components->list_all()) {
    ++out.components;
    if (view.health.state == HealthState::kUnhealthy || view.health.state == HealthState::kExited)
      ++out.unhealthy;
    for (const auto& ledger : view.ledgers) {
      for (const auto& [type, row] : ledger.rows) {
        out.taken += row.taken;
        out.delivered += row.sent;
        out.queued += row.queued;
      }
    }
    const std::string id = view.id();
    const auto running = host.components->running(id);
    bool has_outlets = false;
    if (running && running->component != nullptr) {
      for (const auto& outlet : running->component->outlets()) {
        has_outlets = true;
        ++out.outlets;
        if (outlet.waits) ++out.refusing_outlets;
      }
      const bool source = running->registration->exports == nullptr && running->tap.profiles() > 0;
      if (source && running->component->scraped_targets() == nullptr) out.receives = true;
    }
    for (auto& problem : problems_of(view, running ? &*running : nullptr)) {
      Cause cause{.failing = problem.severity == Severity::kFailing || has_outlets,
                  .kind = has_outlets ? "endpoint" : "component",
                  .component = id,
                  .text = std::move(problem.sentence),
                  .since_unix_ns = problem.since_unix_ns};
      if (!problem.what.empty()) cause.what.push_back(std::move(problem.what));
      add_cause(out.causes, places, std::move(cause));
    }
  }
  const LoadedConfig config = host.config();
  if (!config.error.empty())
    out.causes.push_back({.kind = "configuration",
                          .text = config.error,
                          .since_unix_ns = config.loaded_unix_ns,
                          .what = {config.path}});
  for (auto& problem : host.cluster().problems) {
    Cause cause{.failing = problem.severity == Severity::kFailing,
                .kind = "cluster",
                .text = std::move(problem.sentence),
                .since_unix_ns = problem.since_unix_ns};
    if (!problem.what.empty()) cause.what.push_back(std::move(problem.what));
    add_cause(out.causes, places, std::move(cause));
  }
  return out;
}

TargetQuery query_of_causes() {
  return {.selector = {}, .by = GroupBy::kCause};
}

std::vector<Cause> all_causes(const TargetView& by_cause, const Surroundings& around) {
  std::vector<Cause> out = around.causes;
  std::map<std::string, std::uint64_t> jobs_of;
  for (const auto& row : by_cause.base->rows)
    if (row.target.state != TargetState::kLeftOut) ++jobs_of[by_cause.base->components[row.component]];
  for (const TargetGroup& group : by_cause.groups) {
    if (group.state != TargetState::kFailing && group.state != TargetState::kLate) continue;
    out.push_back({.failing = group.state == TargetState::kFailing,
                   .kind = "targets",
                   .component = group.component,
                   .cause = group.key,
                   .text = group.text,
                   .count = group.count,
                   .of = jobs_of[group.component],
                   .since_unix_ns = group.since_unix_ns,
                   .what = group.first});
  }
  std::ranges::stable_sort(out, [](const Cause& a, const Cause& b) {
    return std::tuple(!a.failing, b.count) < std::tuple(!b.failing, a.count);
  });
  return out;
}

Verdict judge(const StateCounts& counts, const Surroundings& around) {
  const std::uint64_t all = jobs(counts), failing = count(counts, TargetState::kFailing),
                      late = count(counts, TargetState::kLate);
  std::vector<std::string> wrong;
  if (failing > 0 && failing < all)
    wrong.push_back(
        fmt::format("{} of {} {} nothing", failing, targets(all), failing == 1 ? "delivers" : "deliver"));
  if (around.refusing_outlets > 0)
    wrong.push_back(around.refusing_outlets == around.outlets && around.outlets == 1
                        ? "the one place they go to takes none"
                        : fmt::format("{} of {} places they go to take{} none", around.refusing_outlets,
                                      around.outlets, around.refusing_outlets == 1 ? "s" : ""));
  if (around.unhealthy > 0)
    wrong.push_back(fmt::format("{} of {} components {} not work", around.unhealthy, around.components,
                                around.unhealthy == 1 ? "does" : "do"));
  if (std::ranges::any_of(around.causes, [](const Cause& c) { return c.kind == "cluster" && c.failing; }))
    wrong.emplace_back("this node has no part in the cluster's work");
  if (around.components == 0) return {"empty", "Nothing is collected: the configuration has no components."};
  if (all > 0 && failing == all && !around.receives) {
    std::string text = all == 1 ? "No profile arrives: the one target fails"
                                : fmt::format("No profile arrives: all {} fail", targets(all));
    if (!wrong.empty()) text += ", and " + joined(wrong);
    return {"failing", text + "."};
  }
  if (!wrong.empty()) {
    const bool arriving = around.taken > 0 || count(counts, TargetState::kOk) + late > 0;
    std::string text = joined(wrong);
    if (arriving) return {"failing", "Profiles are arriving, but " + text + "."};
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return {"failing", text + "."};
  }
  if (all == 0 && !around.receives) return {"empty", "Nothing is collected yet: there is no target."};
  if (count(counts, TargetState::kOk) + late == 0 && !around.receives)
    return {"empty", fmt::format("{} {} for the first scrape.", targets(all), all == 1 ? "waits" : "wait")};
  if (late > 0)
    return {"late",
            fmt::format("Profiles are arriving, but {} {} slower than {}.", targets(late),
                        late == 1 ? "answers" : "answer", late == 1 ? "its interval" : "their interval")};
  if (around.outlets == 0)
    return {"late", "Profiles are collected and go nowhere: nothing sends or stores them."};
  if (around.queued > around.delivered / 10 && around.queued > 1000)
    return {"late",
            fmt::format("Profiles are arriving; {} of them still wait to be delivered.", around.queued)};
  if (all == 0) return {"ok", "Profiles are received, and what was taken is delivered."};
  return {"ok", fmt::format("All is well: {} {} profiled, and what was taken is delivered.", targets(all),
                            all == 1 ? "is" : "are")};
}

std::string verdict_json(const StateCounts& counts, const Surroundings& around, const ApiHost& host) {
  const Verdict verdict = judge(counts, around);
  std::string text;
  json::Writer out(text);
  out.begin_object().field("state", verdict.state).field("text", verdict.text).key("counts");
  write_counts(out, counts);
  out.field("targets", jobs(counts)).key("delivered");
  if (around.taken == 0) {
    out.null();
  } else {
    out.value(static_cast<double>(around.delivered) / static_cast<double>(around.taken));
  }
  out.field("started", to_ms(host.started_unix_ns)).field("version", build_info().version);
  out.field("components", around.components)
      .field("unhealthy", around.unhealthy)
      .field("instance", host.instance);
  out.end_object();
  return text;
}

std::string problems_json(const std::vector<Cause>& causes, std::size_t limit) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", causes.size()).key("problems").begin_array();
  for (std::size_t i = 0; i < std::min(limit, causes.size()); ++i) {
    const Cause& cause = causes[i];
    out.begin_object().field("severity", cause.failing ? "failing" : "degraded").field("kind", cause.kind);
    out.field("component", cause.component).field("cause", cause.cause).field("text", cause.text);
    out.field("count", cause.count).field("of", cause.of);
    write_time(out, "since", cause.since_unix_ns);
    out.key("what").list(cause.what).end_object();
  }
  out.end_array().end_object();
  return text;
}

}  // namespace invar::webapi
