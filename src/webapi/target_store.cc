#include "webapi/target_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "component/relabel_schema.h"

namespace invar::webapi {

using component::TargetRow;

void TargetStore::with(Then then) {
  if (last_ && loop_.now() < fresh_until_) return then(last_);
  waiting_.push_back(std::move(then));
  if (current_) return;
  const auto began = loop_.now();
  current_ = std::make_shared<Collected>();
  if (last_) current_->rows.reserve(last_->rows.size());
  cost_ = Duration::zero();
  scraping_.clear();
  relabeling_.clear();
  for (const auto& view : components_.list_all()) {
    const auto running = components_.running(view.id());
    if (!running || running->component == nullptr) continue;
    if (running->component->scraped_targets() != nullptr) scraping_.push_back(view.id());
    if (running->component->relabeling()) relabeling_.push_back(view.id());
  }
  current_->components = scraping_;
  current_->components.insert(current_->components.end(), relabeling_.begin(), relabeling_.end());
  note_cost(began);
  turn(0, 0);
}

void TargetStore::turn(std::size_t component, std::size_t from) {
  const auto began = loop_.now();
  if (component == scraping_.size()) return look_for_left_out();
  std::vector<TargetRow> rows;
  std::size_t next = 0;
  // It may have gone since.
  const auto running = components_.running(scraping_[component]);
  if (running && running->component != nullptr) {
    if (const auto* targets = running->component->scraped_targets())
      next = targets->rows(from, kRowsPerTurn, rows);
  }
  for (TargetRow& row : rows)
    current_->rows.push_back({std::move(row), static_cast<std::uint32_t>(component)});
  note_cost(began);
  loop_.post(alive_.bind(
      [this, component = next == 0 ? component + 1 : component, next] { turn(component, next); }));
}

void TargetStore::look_for_left_out() {
  const auto began = loop_.now();
  std::erase_if(left_out_, [&](const auto& known) {
    return std::ranges::find(relabeling_, known.first) == relabeling_.end();
  });
  std::vector<std::pair<std::string, component::Relabeling>> changed;
  for (const std::string& id : relabeling_) {
    const auto running = components_.running(id);
    auto relabeling =
        running && running->component != nullptr ? running->component->relabeling() : std::nullopt;
    if (!relabeling) continue;
    const auto known = left_out_.find(id);
    const bool same = known != left_out_.end() && known->second.input.rules == relabeling->rules &&
                      known->second.input.targets == relabeling->targets;
    if (!same) changed.emplace_back(id, std::move(*relabeling));
  }
  note_cost(began);
  if (changed.empty()) return finish();
  using Results = std::vector<std::pair<std::string, LeftOut>>;
  pool_.run(
      [changed = std::move(changed)]() mutable {
        Results results;
        for (auto& [id, relabeling] : changed) {
          auto rows = std::make_shared<const std::vector<TargetRow>>(left_out_by(id, relabeling));
          results.emplace_back(id, LeftOut{std::move(relabeling), std::move(rows)});
        }
        return results;
      },
      alive_.bind([this](Results results) {
        for (auto& [id, left_out] : results) left_out_[id] = std::move(left_out);
        finish();
      }));
}

// What rules left out is added on the pool, and whoever holds the last collection last frees all its rows: the loop has no time for that.
void TargetStore::finish() {
  const auto began = loop_.now();
  std::vector<std::pair<std::shared_ptr<const std::vector<TargetRow>>, std::uint32_t>> left_out;
  for (std::size_t i = 0; i < relabeling_.size(); ++i)
    if (const auto found = left_out_.find(relabeling_[i]); found != left_out_.end())
      left_out.emplace_back(found->second.rows, static_cast<std::uint32_t>(scraping_.size() + i));
  pool_.submit(
      [old = std::move(last_), current = current_, left_out = std::move(left_out)]() mutable {
        old.reset();
        for (const auto& [rows, component] : left_out)
          for (const TargetRow& row : *rows) current->rows.push_back({row, component});
      },
      alive_.bind([this] {
        last_ = std::exchange(current_, nullptr);
        fresh_until_ = loop_.now() + std::max<Duration>(kFresh, 20 * cost_);
        for (const Then& then : std::exchange(waiting_, {})) then(last_);
      }));
  note_cost(began);
}

std::vector<TargetRow> left_out_by(const std::string& component, const component::Relabeling& relabeling) {
  std::vector<TargetRow> out;
  const relabel::Rules rules = component::compile_rules(relabeling.rules);
  for (const component::Target& target : relabeling.targets) {
    const Labels before = target.to_labels();
    LabelsBuilder labels(before);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (rules[i].apply(labels)) continue;
      TargetRow row;
      row.id = fmt::format("out~{:016x}", target.fingerprint());
      row.labels = before;
      row.state = component::TargetState::kLeftOut;
      row.cause = fmt::format("rule_{}", i + 1);
      row.text = fmt::format("left out by rule {} ({}) of {}", i + 1, to_string(rules[i].config().action),
                             component);
      out.push_back(std::move(row));
      break;
    }
  }
  return out;
}

}  // namespace invar::webapi
