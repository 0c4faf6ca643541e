// remote.vault: a secret of HashiCorp Vault as an export. User's page: docs/reference/components/remote.vault.md.
// Inside:   vault.h keeps token and secret alive; login.h has the ways in, api.h asks.
// Threads:  loop thread; the token of a service account is read on the disk pool.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13a.
#pragma once

#include "component/component.h"

namespace invar::components::remote_vault {

component::Registration registration();

}  // namespace invar::components::remote_vault
