#include "component/shown_arguments.h"

namespace invar::component {

Boxed all_arguments(const Component* component, const Boxed& written) {
  const auto* adds = dynamic_cast<const AddsToArguments*>(component);
  return adds != nullptr ? adds->with_additions(written) : written;
}

BodyValue shown_arguments(const Component* component, const Boxed& written) {
  const Boxed shown = all_arguments(component, written);
  return shown.schema()->to_body(shown.object());
}

}  // namespace invar::component
