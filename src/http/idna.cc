#include "http/idna.h"

#include <curl/curl.h>

#include <algorithm>

namespace invar::http {

std::string to_ascii_host(std::string_view host) {
  if (std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(host);
  // The conversion wants a whole name: a leading dot (a no_proxy rule) stays outside.
  const bool dot = host.starts_with('.');
  std::string result(host);
  CURLU* url = curl_url();
  const std::string text = "http://" + std::string(host.substr(dot ? 1 : 0)) + "/";
  char* ascii = nullptr;
  if (curl_url_set(url, CURLUPART_URL, text.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &ascii, CURLU_PUNYCODE) == CURLUE_OK) {
    result = (dot ? "." : "") + std::string(ascii);
  }
  curl_free(ascii);
  curl_url_cleanup(url);
  return result;
}

}  // namespace invar::http
