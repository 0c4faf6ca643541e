// remote.http: the text that a URL answers with, followed by polling.
#pragma once

#include "component/component.h"

namespace invar::components::remote_http {

component::Registration registration();

}  // namespace invar::components::remote_http
