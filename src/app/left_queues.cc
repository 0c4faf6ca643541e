#include "app/left_queues.h"

#include <utility>

#include "delivery/left_queues.h"

namespace invar::app {
namespace {

std::set<std::string> ids_of(const component::ComponentDirectory& components) {
  std::set<std::string> out;
  for (const component::ComponentView& view : components.list_all()) out.insert(view.id());
  return out;
}

}  // namespace

LeftQueues::LeftQueues(Environment environment) : env_(std::move(environment)), timer_(*env_.loop) {
  env_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) {
    for (const services::LeftQueue& left : found())
      out.push_back({.name = "invar_left_on_disk_profiles",
                     .help = "Profiles on disk of a pyroscope.write component that is not configured.",
                     .labels = {{"component", left.component}},
                     .value = static_cast<double>(left.profiles)});
  }));
}

void LeftQueues::look_after(Duration wait) {
  timer_.arm_after(wait, [this] { look(); });
}

void LeftQueues::look() {
  look_after(kEvery);
  if (std::exchange(looking_, true)) return;
  env_.disk_pool->run(
      [files = env_.files, storage = env_.storage_path, configured = ids_of(*env_.components)] {
        return delivery::find_left_queues(*files, storage, configured);
      },
      alive_.bind([this](std::vector<delivery::LeftQueue> left) {
        looking_ = false;
        found_.clear();
        std::set<std::string> told;
        for (auto& one : left) {
          told.insert(one.component_id);
          if (!told_.contains(one.component_id))
            env_.logger.warn("profiles on disk wait for a component that is not configured any more",
                             {{"component", one.component_id},
                              {"profiles", one.profiles},
                              {"bytes", one.bytes},
                              {"directory", one.directory}});
          found_.push_back({std::move(one.component_id), std::move(one.directory), one.profiles, one.bytes,
                            one.oldest_unix_ns});
        }
        told_ = std::move(told);
      }));
}

std::vector<services::LeftQueue> LeftQueues::found() const {
  if (found_.empty()) return {};
  const std::set<std::string> configured = ids_of(*env_.components);
  std::vector<services::LeftQueue> out;
  for (const services::LeftQueue& left : found_)
    if (!configured.contains(left.component)) out.push_back(left);
  return out;
}

}  // namespace invar::app
