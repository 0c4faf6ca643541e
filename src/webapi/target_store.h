// TargetStore: the jobs of all components that scrape, and the targets that relabel rules left out, collected for pages.
//
// Collecting goes over the loop in short turns, whatever the number of targets; applying rules is the pool's. What was collected is shared
// by all who ask within kFresh, longer when collecting it took long: pages never take more than a twentieth of the loop.
// Threads: loop thread only; what it hands out is immutable. Lifetime: what is given to it outlives it. Source: web-api.md 3.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/worker_pool.h"
#include "component/view.h"

namespace invar::webapi {

struct Collected {
  struct Row {
    component::TargetRow target;
    std::uint32_t component = 0;  // in components
  };
  std::vector<std::string> components;
  std::vector<Row> rows;
};
using CollectedPtr = std::shared_ptr<const Collected>;

class TargetStore {
 public:
  static constexpr Duration kFresh = std::chrono::seconds(1);
  static constexpr std::size_t kRowsPerTurn = 500;  // a fraction of a millisecond
  using Then = std::function<void(const CollectedPtr&)>;

  TargetStore(async::Loop& loop, async::WorkerPool& pool, const component::ComponentDirectory& components)
      : loop_(loop), pool_(pool), components_(components) {}

  void with(Then then);                 // at once, or later
  void forget() { fresh_until_ = {}; }  // something was done that has to be seen

 private:
  struct LeftOut {  // of one component
    component::Relabeling input;
    std::shared_ptr<const std::vector<component::TargetRow>> rows;
  };

  void turn(std::size_t component, std::size_t from);
  void look_for_left_out();
  void finish();
  void note_cost(async::TimePoint since) { cost_ += loop_.now() - since; }

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const component::ComponentDirectory& components_;
  CollectedPtr last_;
  async::TimePoint fresh_until_{};
  std::vector<Then> waiting_;                       // not empty while something is collected
  std::shared_ptr<Collected> current_;              // likewise
  std::vector<std::string> scraping_, relabeling_;  // the components
  Duration cost_{};                                 // of the loop's time
  std::map<std::string, LeftOut> left_out_;
  async::Alive alive_;
};

// The targets that the rules drop, each with the rule that did it. Pure.
std::vector<component::TargetRow> left_out_by(const std::string& component,
                                              const component::Relabeling& relabeling);

}  // namespace invar::webapi
