// How a kind of discovery is written: a Discoverer publishes groups of targets into a GroupSink; the component around it, its
// exports, its health and its debug info are made here.
//
//   class DnsDiscoverer : public Discoverer { void start(GroupSink& sink) override; ... };      // or PolledDiscoverer (poller.h)
//   Result<std::unique_ptr<Discoverer>> make(const Options& options, const Arguments& arguments);
//   Registration registration() { return discovery_registration<Arguments>({.name = "discovery.dns", ...}, make); }
//
// Life:    made -> started -> destroyed, which cancels everything under way. Other arguments make another discoverer, unless
//          adopt() takes them; if it cannot be made, the running one goes on. The targets stand until the new one knows better.
// Threads: loop thread only. Spec: discovery.md 2; decision 22.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "component/component.h"
#include "component/group_store.h"

namespace invar::component {

// What a discoverer found out. It does not hold the sink longer than it lives.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  // All that is known. The first result of every discoverer: until then the targets of the one before it stand.
  virtual void replace(GroupStore all) = 0;
  // One source has other targets (none: it is gone), or is gone.
  virtual void set(const std::string& source, Targets targets) = 0;
  virtual void remove(std::string_view source) = 0;
  // There is no working connection to what is watched: the targets stay as they are, the component is unhealthy. A sentence that
  // names the server. Taken back by each of the above, and by works().
  virtual void failed(Error error) = 0;
  virtual void works() = 0;
  // It works, but not for everything; "": no longer.
  virtual void remark(std::string sentence) = 0;
};

class Discoverer {
 public:
  virtual ~Discoverer() = default;
  virtual void start(GroupSink& sink) = 0;  // once
  // Goes on with other arguments. false: cannot, make another.
  virtual bool adopt(const Boxed& arguments) {
    (void)arguments;
    return false;
  }
  [[nodiscard]] virtual BodyValue debug_info() const { return {}; }  // besides what every kind shows
};

using MakeDiscoverer = std::function<Result<std::unique_ptr<Discoverer>>(const Options&, const Boxed&)>;

// Completes a registration that has everything but `exports` and `build`.
Registration discovery_registration(Registration registration, MakeDiscoverer make);

template <class Arguments>
Registration discovery_registration(Registration registration,
                                    Result<std::unique_ptr<Discoverer>> (*make)(const Options&,
                                                                                const Arguments&)) {
  return discovery_registration(std::move(registration),
                                [make](const Options& options, const Boxed& arguments) {
                                  return make(options, arguments.as<Arguments>());
                                });
}

}  // namespace invar::component
