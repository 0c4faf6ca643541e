// Objects, lists and events in the API's Protobuf encoding, as a server sends them; with fields among them that Invar does not know.
#pragma once

#include <string>
#include <vector>

#include "kube/objects.h"

namespace invar::kube::testing {

std::string encode(const Object& object);  // the message
std::string envelope(const std::string& kind, const std::string& raw);
std::string list(const std::vector<Object>& objects, const std::string& version,
                 const std::string& continues = "");
std::string status(int code, const std::string& reason, const std::string& message);  // in its envelope
std::string event(const std::string& type, const Object& object);                     // a frame
std::string bookmark(const std::string& version);
std::string error_event(int code, const std::string& message);

// A pod with one container and one port, for tests to which the rest does not matter.
Pod simple_pod(const std::string& space, const std::string& name, const std::string& ip,
               const std::string& version);

}  // namespace invar::kube::testing
