// pyroscope.java: CPU, allocation and lock profiles of JVMs that know nothing of it.   Source: pyroscope-java.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_java {

component::Registration registration();

}  // namespace invar::components::pyroscope_java
