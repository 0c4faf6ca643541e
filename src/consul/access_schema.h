// The arguments that every component of Consul has, as schema: squashed into the component's.
#pragma once

#include "consul/client.h"
#include "syntax/schema.h"

namespace invar::consul {

const syntax::Schema& access_schema();  // server, scheme, token, datacenter

}  // namespace invar::consul
