#include "cluster/plan.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "cluster/messages.h"
#include "cluster/msgpack.h"

namespace invar::cluster {
namespace {

constexpr std::size_t kMostNodes = 10'000;
constexpr std::size_t kNodesOfAByte = 256;
constexpr std::uint64_t kHighestEpoch = std::uint64_t{1} << 62;

PlanPtr finish(Plan plan) {
  plan.id = fmt::format("{:016x}", XXH64(plan.bytes.data(), plan.bytes.size(), 0));
  return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace

PlanPtr make_plan(std::uint64_t epoch, const std::vector<std::string>& owners) {
  Plan plan;
  plan.epoch = epoch;
  plan.nodes = owners;
  std::ranges::sort(plan.nodes);
  const auto twice = std::ranges::unique(plan.nodes);
  plan.nodes.erase(twice.begin(), twice.end());
  std::string table;
  for (const std::string& owner : owners) {
    const auto index =
        static_cast<std::uint16_t>(std::ranges::lower_bound(plan.nodes, owner) - plan.nodes.begin());
    plan.owners.push_back(index);
    if (plan.nodes.size() > kNodesOfAByte) table += static_cast<char>(index >> 8);
    table += static_cast<char>(index & 0xff);
  }
  MsgpackWriter writer(plan.bytes);
  writer.array(3);
  writer.number(epoch);
  writer.array(plan.nodes.size());
  for (const std::string& node : plan.nodes) writer.raw(node);
  writer.raw(table);
  return finish(std::move(plan));
}

Result<PlanPtr> decode_plan(std::string_view bytes) {
  const auto damaged = [] { return fail(ErrorCode::kDataLoss, "damaged plan"); };
  MsgpackReader reader(bytes);
  if (reader.array() != 3) return damaged();
  Plan plan;
  plan.epoch = reader.number();
  const std::size_t nodes = reader.array();
  if (plan.epoch > kHighestEpoch || nodes == 0 || nodes > kMostNodes) return damaged();
  for (std::size_t i = 0; i < nodes && reader.good(); ++i) {
    plan.nodes.emplace_back(reader.raw());
    if (plan.nodes.back().size() > kMaxName) return damaged();
  }
  const std::string_view table = reader.raw();
  const std::size_t width = nodes > kNodesOfAByte ? 2 : 1;
  if (!reader.good() || !reader.rest().empty() || table.size() != kSlots * width) return damaged();
  for (std::size_t i = 0; i < table.size(); i += width) {
    std::uint16_t index = static_cast<unsigned char>(table[i]);
    if (width == 2) index = static_cast<std::uint16_t>(index << 8 | static_cast<unsigned char>(table[i + 1]));
    if (index >= nodes) return damaged();
    plan.owners.push_back(index);
  }
  plan.bytes = bytes;
  return finish(std::move(plan));
}

bool is_newer(const PlanPtr& plan, const PlanPtr& known) {
  return known == nullptr || std::tie(plan->epoch, plan->id) > std::tie(known->epoch, known->id);
}

}  // namespace invar::cluster
