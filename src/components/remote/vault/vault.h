// The component that reads a secret of Vault: logs in, keeps the token alive, reads the secret, and reads it again.
// Threads: loop thread only; the service account's file is read on the disk pool. Spec: discovery.md 13a.
#pragma once

#include "component/component.h"
#include "components/remote/vault/cloud.h"
#include "http/client.h"

namespace invar::components::remote_vault {

// `tls`: how the server is verified, as the environment says.
Result<std::unique_ptr<component::Component>> build(const http::ClientConfig& tls, Environment environment,
                                                    component::Options options,
                                                    const component::Boxed& arguments);

}  // namespace invar::components::remote_vault
