// The usual `build` of a Registration: a component made from its options that takes its first arguments as it takes all others.
// Shape:  .build = &component::build_by_update<Relabel>      T(Options), Result<> T::update(const Boxed&)
#pragma once

#include <memory>
#include <utility>

#include "base/error.h"
#include "component/component.h"

namespace invar::component {

template <class T>
Result<std::unique_ptr<Component>> build_by_update(Options options, const Boxed& arguments) {
  auto made = std::make_unique<T>(std::move(options));
  INVAR_TRY(made->update(arguments));
  return made;
}

}  // namespace invar::component
