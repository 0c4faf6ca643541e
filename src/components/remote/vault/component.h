// remote.vault: a secret of HashiCorp Vault. Spec: discovery.md 13a.
#pragma once

#include "component/component.h"

namespace invar::components::remote_vault {

component::Registration registration();

}  // namespace invar::components::remote_vault
