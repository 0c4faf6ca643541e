// remote.http: the text that a URL answers with, followed by polling. User's page: docs/reference/components/remote.http.md.
// Inside:   One class in component.cc over component/polled_export.h.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_http {

component::Registration registration();

}  // namespace invar::components::remote_http
