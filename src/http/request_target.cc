#include "http/request_target.h"

#include "http/response_head.h"
#include "http/url.h"

namespace invar::http {

bool split_target(ServerRequest& request) {
  std::string_view target = request.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target == "*") {
    request.path = "*";
    return true;
  }
  if (!target.starts_with('/')) return false;
  const auto question = target.find('?');
  if (!percent_decode(target.substr(0, question), false)) return false;
  request.path = clean_path(target.substr(0, question));
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  return true;
}

}  // namespace invar::http
