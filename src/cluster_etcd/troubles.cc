#include "cluster_etcd/troubles.h"

#include <fmt/format.h>

namespace invar::cluster_etcd {

void Troubles::add(const std::string& doing, const Error& error) {
  auto& trouble = troubles_[doing];
  if (trouble.message.empty()) trouble.since = loop_.unix_ns();
  if (trouble.message != error.message) logger_.warn("trouble with etcd", {{"doing", doing}, {"err", error}});
  trouble.message = error.message;
}

void Troubles::over(const std::string& doing) {
  if (troubles_.erase(doing) > 0) logger_.info("trouble with etcd is over", {{"doing", doing}});
}

std::vector<component::Problem> Troubles::problems(const std::string& consequence) const {
  std::vector<component::Problem> out;
  for (const auto& [doing, trouble] : troubles_) {
    out.push_back({component::Severity::kDegraded, "",
                   fmt::format("{}: {}; {}", doing, trouble.message, consequence), trouble.since});
  }
  return out;
}

}  // namespace invar::cluster_etcd
