#include "services/router.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::services {

void Router::add(std::string path, std::vector<std::string> methods, http::Handler handler) {
  auto& routes = path.ends_with('/') ? prefixes_ : exact_;
  routes.insert_or_assign(std::move(path), Route{std::move(methods), std::move(handler)});
}

void Router::add_exact(std::string path, std::vector<std::string> methods, http::Handler handler) {
  exact_.insert_or_assign(std::move(path), Route{std::move(methods), std::move(handler)});
}

const Router::Route* Router::find(std::string_view path) const {
  if (auto it = exact_.find(path); it != exact_.end()) return &it->second;
  for (std::string_view prefix = path; !prefix.empty(); prefix.remove_suffix(1)) {
    const auto slash = prefix.rfind('/');
    if (slash == std::string_view::npos) break;
    prefix = prefix.substr(0, slash + 1);
    if (auto it = prefixes_.find(prefix); it != prefixes_.end()) return &it->second;
  }
  return nullptr;
}

// Nothing, or the route of the whole prefix, which takes what no other takes.
bool Router::is_fallback(const Route* route) const {
  const auto whole = prefixes_.find(below_);
  return route == nullptr || (whole != prefixes_.end() && route == &whole->second);
}

void Router::handle(http::ServerRequest request, const http::ResponderPtr& responder) const {
  const Route* route = find(request.path);
  if (below_.size() > 1 && request.path.starts_with(below_) && is_fallback(route)) {
    const std::string inner = request.path.substr(below_.size() - 1);
    if (const Route* found = find(inner); found != nullptr && inner != "/") {
      request.path = inner;
      route = found;
    }
  }
  if (route == nullptr) {
    responder->send(http::text_response(404, "404 page not found"));
    return;
  }
  const auto& methods = route->methods;
  if (!methods.empty() && std::ranges::find(methods, request.method) == methods.end()) {
    auto response = http::text_response(405, "method not allowed");
    response.headers.set("Allow", join(methods, ", "));
    responder->send(std::move(response));
    return;
  }
  route->handler(std::move(request), responder);
}

}  // namespace invar::services
