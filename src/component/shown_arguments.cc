#include "component/shown_arguments.h"

namespace invar::component {

BodyValue shown_arguments(const Component* component, const Boxed& written) {
  const auto* adds = dynamic_cast<const AddsToArguments*>(component);
  const Boxed shown = adds != nullptr ? adds->with_additions(written) : written;
  return shown.schema()->to_body(shown.object());
}

}  // namespace invar::component
