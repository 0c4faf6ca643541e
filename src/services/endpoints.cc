#include "services/endpoints.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "services/compression.h"

namespace invar::services {
namespace {

http::ServerResponse html_response(std::string body) {
  http::ServerResponse response;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", std::string(kPagePolicy));
  response.headers.set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

// The longest prefix of `path` (cut at slashes) that is a component's id.
bool names_a_component(const component::ComponentDirectory& components, std::string_view path) {
  for (;;) {
    if (components.details(path)) return true;
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return false;
    path = path.substr(0, slash);
  }
}

}  // namespace

void add_endpoints(Router& router, const EndpointHost& host) {
  const auto* components = host.components;
  router.add("/-/healthy", {}, [components](const auto&, const http::ResponderPtr& responder) {
    const auto bad = components->unhealthy_component_names();
    responder->send(bad.empty() ? http::text_response(200, "All Invar components are healthy.")
                                : http::text_response(500, "unhealthy components: " + join(bad, ", ")));
  });
  router.add("/-/ready", {}, [components](const auto&, const http::ResponderPtr& responder) {
    responder->send(components->ready() ? http::text_response(200, "Invar is ready.")
                                        : http::text_response(503, "Invar is not ready."));
  });
  router.add("/-/reload", {"GET", "POST"},
             [reload = host.reload](const auto&, const http::ResponderPtr& responder) {
               reload([responder](const std::string& error) {
                 responder->send(error.empty() ? http::text_response(200, "config reloaded")
                                               : http::text_response(400, error));
               });
             });
  router.add(
      "/metrics", {},
      [registry = host.metrics](const http::ServerRequest& request, const http::ResponderPtr& responder) {
        http::ServerResponse response;
        response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        response.body = registry->collect();
        send_compressed(request, responder, std::move(response));
      });

  // No component of Invar has a handler of its own yet: a known id answers 404, anything else is a bad path.
  constexpr std::string_view kComponents = "/api/v0/component/";
  router.add(
      std::string(kComponents), {},
      [components, kComponents](const http::ServerRequest& request, const http::ResponderPtr& responder) {
        const auto rest = std::string_view(request.path).substr(kComponents.size());
        responder->send(
            names_a_component(*components, rest)
                ? http::ServerResponse{.status = 404, .headers = {}, .body = ""}
                : http::text_response(
                      400, fmt::format("failed to parse URL path {}: invalid path", quote(request.path))));
      });
  router.add("/api/v1/ckit/transport/", {}, [](const auto&, const http::ResponderPtr& responder) {
    responder->send(http::text_response(404, "clustering is disabled"));
  });

  // Every path of the UI has a page, so that links into the reference's UI lead somewhere, too.
  const auto status_page = [status = host.status, head = app_head(host.app, host.prefix)] {
    StatusInput input = status();
    input.app_head = head;
    return render_status_page(input);
  };
  router.add(host.prefix, {},
             [status_page, prefix = host.prefix, app = host.app](const http::ServerRequest& request,
                                                                 const http::ResponderPtr& responder) {
               const bool plain = request.path == prefix || !app.exists();
               send_compressed(
                   request, responder,
                   html_response(plain ? status_page()
                                       : app_document(app, prefix,
                                                      std::string_view(request.path).substr(prefix.size()))));
             });
  add_web_assets(router, host.prefix, host.app);
  const auto nothing = [](const auto&, const http::ResponderPtr& responder) {
    responder->send(http::text_response(404, "404 page not found"));
  };
  for (const char* path : {"/-/", "/api/", "/debug/"}) router.add(path, {}, nothing);
  for (const char* path : {"api/", "favicon.ico"}) router.add(host.prefix + path, {}, nothing);
  router.also_below(host.prefix);
  if (host.prefix != "/") {
    const std::string bare = host.prefix.substr(0, host.prefix.size() - 1);
    router.add(bare, {}, [prefix = host.prefix](const auto&, const http::ResponderPtr& responder) {
      auto response = http::text_response(302, "");
      response.headers.set("Location", prefix);
      responder->send(std::move(response));
    });
  }
}

}  // namespace invar::services
