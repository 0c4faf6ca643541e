// The files of the web app (ui/app) as the build packed them: ui/build.mjs writes web_assets.cc. A build without npm has none.
// Names carry a hash of their content. Threads: any; constant.
#pragma once

#include <span>
#include <string_view>

namespace invar::services {

struct WebAsset {
  std::string_view name, type;  // type: Content-Type
  std::string_view gzip;
};

std::span<const WebAsset> web_assets();
std::string_view web_app_head();  // links and script for the head of a document; relative to PREFIX

}  // namespace invar::services
