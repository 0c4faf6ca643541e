#include "cluster_etcd/etcd_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cluster/names_in_log.h"
#include "component/hand_over.h"

namespace invar::cluster_etcd {
namespace {

constexpr Duration kReadAfter = std::chrono::milliseconds(50);  // several changes are read at once
constexpr Duration kStopTime = std::chrono::seconds(5);         // for the others to take over
constexpr Duration kHandOverTime = std::chrono::seconds(5);     // and what this node knew of it
constexpr Duration kLongWait = std::chrono::seconds(10);        // for a node to tell a view: a problem
constexpr const char* kPlanKey = "plan";
constexpr const char* kKeeping = "keeping the lease";
constexpr const char* kRegistering = "registering this node";
constexpr const char* kReading = "reading the list of nodes";
constexpr const char* kWriting = "writing to the list of nodes";
constexpr const char* kPlanning = "writing a plan";
constexpr const char* kWatching = "watching the list of nodes";

double share_of(std::uint64_t random) {
  return static_cast<double>(random >> 11) * 0x1p-53;
}

}  // namespace

EtcdCluster::EtcdCluster(Config config, Environment environment)
    : config_(std::move(config)),
      env_(std::move(environment)),
      root_(fmt::format("invar/clusters/{}/", http::path_escape(config_.cluster_name))),
      prefix_(root_ + "nodes/"),
      key_(prefix_ + config_.node_name),
      troubles_(*env_.loop, env_.logger),
      client_(*env_.loop, env_.client, config_.etcd, *env_.metrics),
      lease_(
          *env_.loop, client_, config_.lease, config_.release,
          {.kept = [this] { on_kept(); },
           .uncertain =
               [this] {
                 env_.logger.warn("this node's lease may be over soon: it owns nothing until etcd answers");
                 let_go();
               },
           .over =
               [this] {
                 env_.logger.warn("etcd has ended this node's lease: it joins anew");
                 record_revision_ = 0;
                 let_go();
               },
           .failed = [this](const Error& error) { troubles_.add(kKeeping, error); },
           .random = [this] { return share_of(env_.random()); }}),
      agreement_(config_.node_name),
      minimum_(config_.minimum_size),
      ownership_(std::make_shared<AgreedOwnership>(std::vector<ViewPtr>(), config_.node_name)),
      announcer_(*env_.loop, [this] { note_change(); }),
      read_timer_(*env_.loop),
      release_timer_(*env_.loop),
      minimum_timer_(*env_.loop),
      stop_timer_(*env_.loop) {
  env_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
}

EtcdCluster::~EtcdCluster() = default;

void EtcdCluster::take_part() {
  if (state_ != State::kViewer) return;
  state_ = State::kParticipant;
  if (config_.minimum_size > 0 && config_.minimum_timeout > Duration::zero()) wait_for_size();
  lease_.begin();
}

void EtcdCluster::on_kept() {
  troubles_.over(kKeeping);
  if (record_revision_ == 0 && state_ == State::kParticipant) {
    put_record("");
  } else {
    read();
  }
}

void EtcdCluster::let_go() {
  if (!agreement_.views().empty()) let_go_by_ = env_.loop->now() + config_.release;
  agreement_.forget();
  release_timer_.cancel();
  publish();
}

// One at a time, and only over what we know: so one that comes late changes nothing.
void EtcdCluster::put_record(const std::string& view) {
  if (putting_ || state_ == State::kLeft || !lease_.certain()) return;
  putting_ = true;
  if (agreement_.current() && view == agreement_.current()->id) agreement_.telling();
  const bool terminating = state_ == State::kTerminating;
  const std::string record = write_record({config_.address, terminating, view, config_.by_cost});
  client_.call("/v3/kv/txn", put_request(key_, record, lease_.id(), record_revision_),
               alive_.bind([this, view, terminating, lease = lease_.id()](const Result<std::string>& answer) {
                 putting_ = false;
                 const auto put =
                     answer ? read_put(*answer) : Result<PutResult>(std::unexpected(answer.error()));
                 if (!put) return troubles_.add(kWriting, put.error());  // again when the lease is kept
                 troubles_.over(kWriting);
                 if (lease == lease_.id()) on_put(view, terminating, *put);
               }));
}

void EtcdCluster::on_put(const std::string& view, bool terminating, const PutResult& put) {
  if (put.done) {
    record_revision_ = put.revision;
    told_view_ = view;
    told_leaving_ = terminating;
    if (agreement_.current() && view == agreement_.current()->id) agreement_.told();
  }
  read();
}

void EtcdCluster::read() {
  if (state_ == State::kLeft) return;
  if (std::exchange(reading_, true)) {
    read_again_ = true;
    return;
  }
  read_again_ = false;
  client_.call("/v3/kv/range", range_request(root_),
               alive_.bind([this, at_least = record_revision_](const Result<std::string>& answer) {
                 reading_ = false;
                 const auto snapshot =
                     answer ? read_snapshot(*answer) : Result<Snapshot>(std::unexpected(answer.error()));
                 if (!snapshot)
                   return troubles_.add(kReading, snapshot.error());  // again when the lease is kept
                 on_read(at_least, *snapshot);
                 if (read_again_) read();
               }));
}

// `at_least`: the revision that etcd has told before it was asked.
void EtcdCluster::on_read(std::int64_t at_least, const Snapshot& snapshot) {
  if (state_ == State::kLeft) return;
  const bool other_etcd = !seen_.cluster_id.empty() && seen_.cluster_id != snapshot.header.cluster_id;
  if (other_etcd || snapshot.header.revision < std::max(at_least, seen_.revision)) {
    troubles_.add(kReading, {ErrorCode::kDataLoss, other_etcd ? "the endpoints belong to different etcds"
                                                              : "etcd has lost what it knew before"});
    seen_ = {};
    record_revision_ = 0;
    client_.stop_watch();
    return let_go();
  }
  troubles_.over(kReading);
  seen_ = snapshot.header;
  if (!client_.watches()) watch(snapshot.header.revision + 1);
  // Asked before our record was written: another read is on its way.
  if (snapshot.header.revision >= record_revision_) see(snapshot);
}

void EtcdCluster::watch(std::int64_t from_revision) {
  client_.watch(
      watch_request(root_, from_revision),
      [this](bool changed) {
        troubles_.over(kWatching);
        if (changed && !read_timer_.armed()) read_timer_.arm_after(kReadAfter, [this] { read(); });
      },
      [this](const Error& error) { troubles_.add(kWatching, error); });  // again after the next read
}

void EtcdCluster::see(const Snapshot& snapshot) {
  nodes_.clear();
  basis_ = {.names = {}, .by_cost = config_.by_cost, .plan = basis_.plan};
  for (const auto& [key, value] : snapshot.values) {
    if (!key.starts_with(prefix_)) continue;  // nothing that was asked for
    const std::string name = key.substr(prefix_.size());
    // What cannot be read is a node that tells nothing: nobody takes what may be its.
    const NodeRecord& record = nodes_[name] = read_record(value.value).value_or(NodeRecord{});
    if (record.terminating) continue;
    basis_.names.push_back(name);
    basis_.by_cost = basis_.by_cost && record.by_cost;
  }
  see_plan(snapshot);
  see_size();
  if (see_self(snapshot)) make_view();
}

void EtcdCluster::see_plan(const Snapshot& snapshot) {
  const auto found = snapshot.values.find(root_ + kPlanKey);
  plan_revision_ = found == snapshot.values.end() ? 0 : found->second.revision;
  if (plan_revision_ == 0 || !basis_.by_cost) {
    basis_.plan = nullptr;
    return;
  }
  if (basis_.plan && basis_.plan->bytes == found->second.value) return;
  const auto plan = cluster::decode_plan(found->second.value);
  basis_.plan = plan ? *plan : nullptr;  // all see the same
}

// Whether our record is there, as it has to be.
bool EtcdCluster::see_self(const Snapshot& snapshot) {
  const auto own = snapshot.values.find(key_);
  if (own != snapshot.values.end() && own->second.lease == lease_.id()) {
    troubles_.over(kRegistering);
    record_revision_ = own->second.revision;
    if (state_ != State::kTerminating || told_leaving_) return true;
    put_record(told_view_);
    return false;
  }
  if (record_revision_ != 0) {
    record_revision_ = 0;
    let_go();
  }
  if (own == snapshot.values.end()) {
    if (state_ == State::kParticipant) put_record("");
    return false;
  }
  troubles_.add(
      kRegistering,
      {ErrorCode::kAlreadyExists,
       fmt::format("a node of the name {} is there ({}); after a restart that is this one's own until "
                   "its lease is over, else give each node its own name with --cluster.node-name",
                   config_.node_name, nodes_[config_.node_name].address)});
  return false;
}

void EtcdCluster::wait_for_size() {
  minimum_timer_.arm_after(config_.minimum_timeout, [this] {
    env_.logger.warn("the cluster stays below its minimum size: work begins all the same",
                     {{"minimum", static_cast<std::uint64_t>(config_.minimum_size)}});
    minimum_.time_passed();
    publish();
  });
}

void EtcdCluster::see_size() {
  switch (minimum_.see(nodes_.size())) {
    case cluster::MinimumSize::Then::kStopTimer:
      minimum_timer_.cancel();
      break;
    case cluster::MinimumSize::Then::kStartTimer:
      if (config_.minimum_timeout > Duration::zero() && state_ == State::kParticipant) wait_for_size();
      break;
    case cluster::MinimumSize::Then::kNothing:
      break;
  }
  publish();
}

void EtcdCluster::make_view() {
  if (making_view_) return;
  if (agreement_.current() && agreement_.current()->shares.basis() == basis_) return go_on();
  making_view_ = true;
  env_.pool->run(
      [basis = basis_] { return std::make_shared<const View>(View{view_id(basis), cluster::Shares(basis)}); },
      alive_.bind([this](ViewPtr view) {
        making_view_ = false;
        if (!(view->shares.basis() == basis_)) return make_view();  // it has changed again
        if (!lease_.certain()) return;
        ++views_;
        view_since_ = env_.loop->now();
        if (agreement_.see(std::move(view))) let_go_by_ = env_.loop->now() + config_.release;
        publish();
        go_on();
      }));
}

void EtcdCluster::go_on() {
  if (!agreement_.current() || making_view_ || !lease_.certain()) return;
  if (!agreement_.is_told()) {
    if (env_.loop->now() < let_go_by_) return release_timer_.arm_at(let_go_by_, [this] { go_on(); });
    return put_record(agreement_.current()->id);
  }
  if (agreement_.is_complete() || !waited_for().empty()) return;
  agreement_.complete();
  publish();
  if (state_ == State::kTerminating) finish_stop();
}

std::vector<std::string> EtcdCluster::waited_for() const {
  std::vector<std::string> out;
  for (const auto& [name, record] : nodes_) {
    if (agreement_.current() && record.view != agreement_.current()->id) out.push_back(name);
  }
  return out;
}

cluster::SharesPtr EtcdCluster::shares() const {
  const ViewPtr& view = agreement_.current();
  // A plan must follow the one that is known to be there: it is written over that.
  if (!ready() || !agreement_.is_complete() || !(view->shares.basis() == basis_)) return nullptr;
  return {view, &view->shares};
}

// Whoever wrote a plan meanwhile was first: the next one follows that.
void EtcdCluster::propose(cluster::PlanPtr plan) {
  if (!lease_.certain()) return;
  client_.call("/v3/kv/txn", put_request(root_ + kPlanKey, plan->bytes, "", plan_revision_),
               alive_.bind([this](const Result<std::string>& answer) {
                 const auto put =
                     answer ? read_put(*answer) : Result<PutResult>(std::unexpected(answer.error()));
                 if (!put) return troubles_.add(kPlanning, put.error());
                 troubles_.over(kPlanning);
                 read();
               }));
}

std::vector<std::string> EtcdCluster::not_weighing() const {
  std::vector<std::string> out;
  for (const auto& [name, record] : nodes_) {
    if (!record.terminating && !record.by_cost) out.push_back(name);
  }
  return out;
}

bool EtcdCluster::ready() const {
  return !published_.empty();
}

// Ownership as it is now; who listens hears of it, at most once a second.
void EtcdCluster::publish() {
  auto views = minimum_.lets_work() ? agreement_.views() : std::vector<ViewPtr>();
  if (views == published_) return;
  published_ = std::move(views);
  ownership_ = std::make_shared<AgreedOwnership>(published_, config_.node_name);
  announcer_.announce();
}

void EtcdCluster::note_change() {
  std::vector<std::string> names =
      published_.empty() ? basis_.names : published_.back()->shares.basis().names;
  if (logged_ == names) return;
  logged_ = std::move(names);
  env_.logger.info("peers changed", {{"peers_count", static_cast<std::uint64_t>(logged_.size())},
                                     {"peers", cluster::names_in_log(logged_)},
                                     {"ready", ready()}});
}

void EtcdCluster::stop(async::Task done) {
  if (state_ == State::kViewer) return env_.loop->post(std::move(done));
  state_ = State::kTerminating;
  stopped_ = std::move(done);
  minimum_timer_.cancel();
  let_go();
  if (record_revision_ == 0 || !lease_.certain()) return finish_stop();
  stop_timer_.arm_after(kStopTime, [this] { finish_stop(); });
  put_record(told_view_);
}

// Nothing is scraped here any more. The others take over when all have agreed, or else when the lease is given back.
void EtcdCluster::finish_stop() {
  if (!stopped_) return;
  if (env_.loop->now() < let_go_by_) return stop_timer_.arm_at(let_go_by_, [this] { finish_stop(); });
  state_ = State::kLeft;
  for (async::Timer* timer : {&read_timer_, &release_timer_, &stop_timer_}) timer->cancel();
  client_.stop_watch();
  const auto leave = [this] { lease_.give_back(std::exchange(stopped_, nullptr)); };
  if (hand_over() == nullptr || !lease_.certain()) return leave();
  hand_over()->drain(kHandOverTime, alive_.bind(leave));
}

std::string_view EtcdCluster::state_text() const {
  if (state_ == State::kTerminating || state_ == State::kLeft) return "terminating";
  return record_revision_ == 0 ? "viewer" : "participant";
}

std::vector<component::ClusterPeer> EtcdCluster::peers() const {
  std::vector<component::ClusterPeer> out = {
      {config_.node_name, config_.address, std::string(state_text()), true}};
  for (const auto& [name, record] : nodes_) {
    if (name != config_.node_name)
      out.push_back({name, record.address, record.terminating ? "terminating" : "participant", false});
  }
  std::ranges::sort(out, {}, &component::ClusterPeer::name);
  return out;
}

std::vector<component::Problem> EtcdCluster::problems() const {
  using component::Severity;
  const auto now = env_.loop->now();
  const auto left = std::chrono::ceil<std::chrono::seconds>(lease_.certain_until() - now).count();
  const bool owns = !agreement_.views().empty();
  auto out =
      troubles_.problems(owns ? fmt::format("this node does its work for {} s more unless etcd answers", left)
                              : "this node owns nothing meanwhile");
  if (!owns) {
    for (auto& problem : out) problem.severity = Severity::kFailing;
  }
  if (agreement_.is_complete() || now - view_since_ < kLongWait + config_.release) return out;
  for (const std::string& name : waited_for()) {
    out.push_back(
        {Severity::kDegraded, name,
         "the node has not let go of what others shall own now: nobody owns that until it does, or its "
         "lease is over",
         0});
  }
  return out;
}

void EtcdCluster::collect(std::vector<metrics::Sample>& out) const {
  const auto gauge = [&](const char* name, const char* help, double value, metrics::LabelPairs labels = {}) {
    out.push_back({.name = name, .help = help, .labels = std::move(labels), .value = value});
  };
  std::map<std::string_view, double> by_state = {{"viewer", 0}, {"participant", 0}, {"terminating", 0}};
  for (const auto& peer : peers()) ++by_state[peer.state];
  for (const auto& [state, nodes] : by_state)
    gauge("cluster_node_peers", "Nodes by what they are.", nodes, {{"state", std::string(state)}});
  gauge("cluster_node_info", "What this node is.", 1, {{"state", std::string(state_text())}});
  gauge("cluster_minimum_size", "Nodes that have to be there before work begins.",
        static_cast<double>(config_.minimum_size));
  gauge("cluster_ready_for_traffic", "1 while this node does its part of the work.", ready() ? 1 : 0);
  const auto left = std::chrono::duration<double>(lease_.certain_until() - env_.loop->now()).count();
  gauge("cluster_etcd_lease_seconds",
        "For how long this node may own targets if etcd does not answer any more.",
        lease_.certain() ? left : 0);
  gauge("cluster_etcd_waiting_for_nodes", "Nodes that have not agreed to the present list of nodes yet.",
        static_cast<double>(waited_for().size()));
  out.push_back({.name = "cluster_etcd_views_total",
                 .help = "Changes of the list of nodes that this node has seen.",
                 .kind = metrics::SampleKind::kCounter,
                 .value = static_cast<double>(views_)});
}

}  // namespace invar::cluster_etcd
