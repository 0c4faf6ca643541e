// What an API server's refusal means, in a sentence that says what to do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/client.h"
#include "kube/watch.h"

namespace invar::kube {

// `server`: in words, ServerPlace::words(). `verb`: "list" or "watch". A 403 ends with the rule that would allow it (decision 22).
Error refusal(std::string_view server, std::string_view verb, const WatchKey& key,
              const http::Response& response);

// The version is too old to go on from, or from before the server lost its data: only a new list helps.
bool needs_new_list(const http::Response& response);

// How long the server asks to be left alone; zero where it does not.
Duration asked_delay(const http::Response& response);

}  // namespace invar::kube
