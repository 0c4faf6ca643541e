// Serves the web app: its files under PREFIX/assets/, and on every other path of the UI a document that starts it. The plain status
// page stays at PREFIX; it starts the app, too, where scripts run.
// Threads: loop thread only. Spec: cli-http-ui.md 7.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "services/router.h"
#include "services/web_assets.h"

namespace invar::services {

struct WebApp {
  std::span<const WebAsset> assets;  // none: there is no app, every path shows the status page
  std::string_view head;
  [[nodiscard]] bool exists() const { return !assets.empty(); }
};
inline WebApp built_web_app() {
  return {web_assets(), web_app_head()};
}

// What a document of Invar may load: its own files, nothing inline.
inline constexpr std::string_view kPagePolicy =
    "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'none'";

// What stands in a document's head for the app; "" when there is none.
std::string app_head(const WebApp& app, std::string_view prefix);
// The document of a path that only the app can show; it loads the script of that page with the app's own. `path`: below the prefix.
std::string app_document(const WebApp& app, std::string_view prefix, std::string_view path);

// Files keep for good: another content has another name. `prefix` ends in '/'.
void add_web_assets(Router& router, const std::string& prefix, const WebApp& app);

}  // namespace invar::services
