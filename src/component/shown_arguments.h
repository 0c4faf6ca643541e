// What pages and the API show as the arguments of a component: what was written, and what it adds to them by itself.
// Threads: loop thread only. Source: cli-http-ui.md 6.2.
#pragma once

#include "component/component.h"

namespace invar::component {

// A component that works with more than was written.
class AddsToArguments {
 public:
  virtual ~AddsToArguments() = default;
  // `written` with what is added, of the same schema.
  [[nodiscard]] virtual Boxed with_additions(const Boxed& written) const = 0;
};

// `component` may be null: it is not built yet. `written` is not empty. The first makes no text of values, which may be long.
Boxed all_arguments(const Component* component, const Boxed& written);
BodyValue shown_arguments(const Component* component, const Boxed& written);

}  // namespace invar::component
