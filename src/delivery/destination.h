// Destination: everything that a user says about one server to send to. pyroscope.write makes it of an `endpoint` block, `invar archive
// replay` of its flags.
#pragma once

#include "delivery/endpoint.h"
#include "delivery/series_labels.h"
#include "http/client.h"

namespace invar::delivery {

struct Destination {
  EndpointSettings endpoint;
  http::ClientConfig client;
  ExternalLabels external_labels;
};

}  // namespace invar::delivery
