#include "components/discovery/kubernetes/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "components/discovery/kubernetes/feeds.h"
#include "components/discovery/kubernetes/references.h"
#include "components/discovery/kubernetes/roles.h"
#include "http/proxy.h"

namespace invar::components::discovery_kubernetes {
namespace {

using kube::Change;
using kube::Resource;

constexpr const char* kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
constexpr std::size_t kSlice = 200;  // objects, of 30 µs each
constexpr auto kRetryNamespace = std::chrono::seconds(5);

// "pods/shop/web-1": how an object is named in References.
std::string object_name(Resource resource, std::string_view key) {
  return fmt::format("{}/{}", kube::name_of(resource).plural, key);
}

// Looks into the feeds, and notes what was looked at.
class FeedLookup final : public Lookup {
 public:
  FeedLookup(const std::vector<std::unique_ptr<Feed>>& feeds) : feeds_(feeds) {}

  const kube::Service* service(std::string_view space, std::string_view name) override {
    return find<kube::Service>(Resource::kServices, space, name);
  }
  const kube::Pod* pod(std::string_view space, std::string_view name) override {
    return find<kube::Pod>(Resource::kPods, space, name);
  }
  const kube::Node* node(std::string_view name) override {
    return find<kube::Node>(Resource::kNodes, "", name);
  }
  const kube::Namespace* name_space(std::string_view name) override {
    return find<kube::Namespace>(Resource::kNamespaces, "", name);
  }
  // Without the right to see nodes there are targets without their labels, instead of none.
  bool wants_nodes() const override {
    return std::ranges::any_of(
        feeds_, [](const auto& feed) { return feed->key.resource == Resource::kNodes && feed->synced; });
  }
  std::vector<std::string> take_seen() { return std::exchange(seen_, {}); }

 private:
  template <class Kind>
  const Kind* find(Resource resource, std::string_view space, std::string_view name) {
    const std::string key = space.empty() ? std::string(name) : fmt::format("{}/{}", space, name);
    bool watched = false;
    const Kind* found = nullptr;
    for (const auto& feed : feeds_) {
      if (feed->key.resource != resource || (!feed->key.space.empty() && feed->key.space != space)) continue;
      watched = true;
      const auto& objects = feed->subscription->watch().objects();
      if (const auto object = objects.find(key); object != objects.end())
        found = &std::get<Kind>(*object->second);
    }
    if (watched) seen_.push_back(object_name(resource, key));
    return found;
  }

  const std::vector<std::unique_ptr<Feed>>& feeds_;
  std::vector<std::string> seen_;
};

class KubernetesDiscoverer final : public component::Discoverer {
 public:
  KubernetesDiscoverer(std::shared_ptr<kube::Hub> hub, const component::Options& options,
                       const Arguments& arguments)
      : hub_(std::move(hub)),
        arguments_(arguments),
        role_(role_of(arguments)),
        host_{options.loop, options.disk_pool, options.files, options.http, http::process_environment()},
        failures_(options.metrics->counter("prometheus_sd_kubernetes_failures_total",
                                           "Lists and watches that failed.")),
        added_(events(*options.metrics, "add")),
        updated_(events(*options.metrics, "update")),
        deleted_(events(*options.metrics, "delete")),
        retry_(*options.loop) {}

  void start(component::GroupSink& sink) override {
    sink_ = &sink;
    connection_ =
        hub_->connection(host_, {arguments_.kubeconfig_file, arguments_.api_server, arguments_.client});
    if (arguments_.namespaces.own_namespace) {
      find_own_namespace();
    } else {
      watch(arguments_.namespaces.names);
    }
  }

  component::BodyValue debug_info() const override {
    component::BodyValue body;
    for (const auto& feed : feeds_) {
      component::BodyValue watch;
      const kube::WatchKey& key = feed->key;
      if (!key.space.empty()) watch.attribute("namespace", syntax::Value(key.space));
      watch.attribute("objects",
                      syntax::Value(static_cast<double>(feed->subscription->watch().objects().size())));
      if (feed->error) watch.attribute("error", syntax::Value(feed->error->message));
      body.block("watch", std::string(kube::name_of(key.resource).plural), std::move(watch));
    }
    return body;
  }

 private:
  metrics::Counter& events(metrics::Scope& scope, const std::string& event) const {
    return scope.counter("prometheus_sd_kubernetes_events_total", "Objects that came, changed and went.",
                         {{"role", std::string(to_string(role_))}, {"event", event}});
  }

  // ---- what is watched

  void find_own_namespace() {
    host_.disk_pool->run([files = host_.files] { return files->read_file(kNamespaceFile, 4096); },
                         alive_.bind([this](auto text) {
                           const std::string name = text ? std::string(trim_space(*text)) : "";
                           if (name.empty()) {
                             failed_without_namespace(text ? "could not read own namespace name (empty file)"
                                                           : "could not determine the pod's namespace: " +
                                                                 text.error().message);
                             return;
                           }
                           auto names = arguments_.namespaces.names;
                           if (std::ranges::find(names, name) == names.end()) names.push_back(name);
                           watch(names);
                         }));
  }

  void failed_without_namespace(std::string why) {
    failures_.add();
    sink_->failed({ErrorCode::kUnavailable, std::move(why)});
    retry_.arm_after(kRetryNamespace, [this] { find_own_namespace(); });
  }

  void watch(const std::vector<std::string>& spaces) {
    for (const auto& key : watches_of(arguments_, spaces)) {
      Feed& feed = *feeds_.emplace_back(std::make_unique<Feed>());
      feed.key = key;
      feed.subscription =
          hub_->watch(connection_, key)
              ->subscribe({.synced = [this, &feed] { synced(feed); },
                           .changed = [this, &feed](const std::string& k, Change c) { changed(feed, k, c); },
                           .failed = [this, &feed](const Error& e) { failed(feed, e); },
                           .works = [this, &feed] { works(feed); }});
    }
  }

  [[nodiscard]] bool is_own(const Feed& feed) const { return feed.key.resource == resource_of(role_); }

  // ---- what they say

  void synced(Feed& feed) {
    feed.synced = true;
    feed.error.reset();
    if (is_own(feed)) added_.add(static_cast<double>(feed.subscription->watch().objects().size()));
    publish_all();
  }

  void failed(Feed& feed, const Error& error) {
    failures_.add();
    const bool first = !feed.reported();
    feed.error = error;
    if (first) publish_all();
    say_how_it_goes();
  }

  void works(Feed& feed) {
    feed.error.reset();
    say_how_it_goes();
  }

  void changed(Feed& feed, const std::string& key, Change change) {
    if (is_own(feed)) {
      (change == Change::kAdded ? added_ : change == Change::kUpdated ? updated_ : deleted_).add();
    }
    if (!published_) return;
    if (is_own(feed)) publish(key);
    for (const auto& group : references_.groups_of(object_name(feed.key.resource, key))) publish(group);
    // To publish says that it works.
    if (std::ranges::any_of(feeds_, [](const auto& f) { return f->error.has_value(); })) say_how_it_goes();
  }

  // No connection to any of the role's own objects is a failure; anything less is a remark.
  void say_how_it_goes() {
    std::vector<std::string> lacking;
    const Feed* broken = nullptr;
    bool one_works = false;
    for (const auto& feed : feeds_) {
      if (feed->error && std::ranges::find(lacking, feed->error->message) == lacking.end()) {
        lacking.push_back(feed->error->message);
      }
      if (!is_own(*feed)) continue;
      if (feed->error && !broken) broken = feed.get();
      one_works = one_works || (feed->synced && !feed->error);
    }
    if (broken && !one_works) {
      sink_->failed(*broken->error);
    } else if (published_ && !building_) {
      sink_->works();
      sink_->remark(join(lacking, "; "));
    }
  }

  // ---- targets

  void publish_all() {
    if (!std::ranges::all_of(feeds_, [](const auto& feed) { return feed->reported(); })) return;
    const bool any = std::ranges::any_of(feeds_, [this](const auto& f) { return is_own(*f) && f->synced; });
    if (!any) return say_how_it_goes();
    published_ = true;
    building_ = std::make_unique<Building>();
    for (const auto& feed : feeds_) {
      if (!is_own(*feed)) continue;
      for (const auto& [key, object] : feed->subscription->watch().objects())
        building_->keys.emplace_back(feed.get(), key);
    }
    build_slice();
  }

  // There may be more objects than one task of the loop can make targets of in good time. What changes meanwhile goes into the
  // groups, too.
  void build_slice() {
    auto& [keys, next, groups, alive] = *building_;
    for (const std::size_t end = std::min(next + kSlice, keys.size()); next < end; ++next)
      publish(keys[next].second, object_of(*keys[next].first, keys[next].second));
    if (next < keys.size()) return host_.loop->post(alive.bind([this] { build_slice(); }));
    const std::unique_ptr<Building> built = std::move(building_);
    sink_->replace(std::move(groups));
    say_how_it_goes();
  }

  static const kube::Object* object_of(const Feed& feed, const std::string& key) {
    const auto& objects = feed.subscription->watch().objects();
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : found->second.get();
  }

  void publish(const std::string& key) {
    const kube::Object* object = nullptr;
    for (const auto& feed : feeds_) {
      if (!is_own(*feed)) continue;
      if (const kube::Object* found = object_of(*feed, key)) object = found;
    }
    publish(key, object);
  }

  void publish(const std::string& key, const kube::Object* object) {
    const std::string source = source_of(role_, key);
    if (!object) references_.set(key, {});
    if (building_ && object) {
      building_->groups.set(source, make(key, *object));
    } else if (building_) {
      building_->groups.remove(source);
    } else if (object) {
      sink_->set(source, make(key, *object));
    } else {
      sink_->remove(source);
    }
  }

  component::Targets make(const std::string& key, const kube::Object& object) {
    FeedLookup lookup(feeds_);
    auto targets = targets_of(object, lookup);
    references_.set(key, lookup.take_seen());
    return targets;
  }

  // All groups while they are made.
  struct Building {
    std::vector<std::pair<const Feed*, std::string>> keys;
    std::size_t next = 0;
    component::GroupStore groups;
    async::Alive alive;
  };

  const std::shared_ptr<kube::Hub> hub_;
  const Arguments arguments_;
  const Role role_;
  const kube::Host host_;
  metrics::Counter& failures_;
  metrics::Counter &added_, &updated_, &deleted_;

  component::GroupSink* sink_ = nullptr;
  std::shared_ptr<kube::Connection> connection_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  References references_;
  bool published_ = false;  // or about to be: building_
  std::unique_ptr<Building> building_;
  async::Timer retry_;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const std::shared_ptr<kube::Hub>& hub,
                                                               const component::Options& options,
                                                               const Arguments& arguments) {
  return std::make_unique<KubernetesDiscoverer>(hub, options, arguments);
}

}  // namespace invar::components::discovery_kubernetes
