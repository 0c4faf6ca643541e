#include "cluster_etcd/node_record.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "json/reader.h"
#include "json/writer.h"

namespace invar::cluster_etcd {

std::string write_record(const NodeRecord& record) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object()
      .field("address", record.address)
      .field("state", record.terminating ? "terminating" : "participant")
      .field("view", record.view);
  if (record.by_cost) writer.field("balance", "cost");
  writer.end_object();
  return out;
}

Result<NodeRecord> read_record(std::string_view text) {
  json::Reader in(text);
  NodeRecord record;
  std::string name, state, balance;
  in.enter(json::Kind::kObject);
  while (in.next_member(name)) {
    if (name == "address") in.read(record.address);
    if (name == "state") in.read(state);
    if (name == "view") in.read(record.view);
    if (name == "balance") in.read(balance);
  }
  if (!in.failed()) in.end();
  if (in.failed()) return fail(ErrorCode::kDataLoss, in.error().message);
  record.terminating = state == "terminating";
  record.by_cost = balance == "cost";
  return record;
}

std::string view_id(const cluster::Basis& basis) {
  std::string text;
  for (const std::string& name : basis.names) text += fmt::format("{}:{}", name.size(), name);
  if (basis.by_cost) text += fmt::format("/{}", basis.plan ? basis.plan->id : "");
  return fmt::format("{:016x}", XXH64(text.data(), text.size(), 0));
}

}  // namespace invar::cluster_etcd
