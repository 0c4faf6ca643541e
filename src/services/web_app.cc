#include "services/web_app.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/html.h"
#include "codec/gzip.h"
#include "services/compression.h"
#include "services/page_style.h"

namespace invar::services {
namespace {

constexpr std::uint64_t kLargestAsset = 8 << 20;

http::ServerResponse asset_response(std::string_view type) {
  http::ServerResponse response;
  response.headers.set("Content-Type", std::string(type));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

void send_asset(const WebAsset& asset, const http::ServerRequest& request,
                const http::ResponderPtr& responder) {
  auto response = asset_response(asset.type);
  response.headers.set("Vary", "Accept-Encoding");
  if (accepts_gzip(request.headers.get("Accept-Encoding"))) {
    response.headers.set("Content-Encoding", "gzip");
    response.body = asset.gzip;
  } else if (!codec::Inflater().gunzip(asset.gzip, kLargestAsset, response.body)) {
    response = http::text_response(500, "the file cannot be unpacked");
  }
  responder->send(std::move(response));
}

// The build names scripts of pages PAGE-HASH.js.
std::string page_script(const WebApp& app, std::string_view path) {
  const std::string start = std::string(path.substr(0, path.find('/'))) + "-";
  const auto script = std::ranges::find_if(app.assets, [&](const WebAsset& asset) {
    return asset.name.starts_with(start) && asset.name.ends_with(".js") &&
           asset.name.find('-', start.size()) == std::string_view::npos;
  });
  if (script == app.assets.end()) return "";
  return fmt::format("<link rel=\"modulepreload\" href=\"assets/{}\">", script->name);
}

}  // namespace

std::string app_head(const WebApp& app, std::string_view prefix) {
  if (!app.exists()) return "";
  return fmt::format("<base href=\"{}\">{}", escape_html(prefix), app.head);
}

std::string app_document(const WebApp& app, std::string_view prefix, std::string_view path) {
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">"
      "<title>Invar</title>{}{}</head><body class=\"app\"><noscript><p>This page needs scripts. "
      "<a href=\"{}\">The status page</a> does without.</p></noscript></body></html>\n",
      app_head(app, prefix), page_script(app, path), escape_html(prefix));
}

void add_web_assets(Router& router, const std::string& prefix, const WebApp& app) {
  const std::string folder = prefix + "assets/";
  router.add(folder, {"GET", "HEAD"},
             [assets = app.assets, skip = folder.size()](const http::ServerRequest& request,
                                                         const http::ResponderPtr& responder) {
               const auto name = std::string_view(request.path).substr(skip);
               const auto asset = std::ranges::find(assets, name, &WebAsset::name);
               if (asset == assets.end()) {
                 responder->send(http::text_response(404, "404 page not found"));
                 return;
               }
               send_asset(*asset, request, responder);
             });
  router.add(folder + std::string(kPageStyleName), {"GET", "HEAD"},
             [](const http::ServerRequest& request, const http::ResponderPtr& responder) {
               auto response = asset_response("text/css; charset=utf-8");
               response.headers.set("Cache-Control", "no-cache");
               response.body = kPageStyle;
               send_compressed(request, responder, std::move(response));
             });
}

}  // namespace invar::services
