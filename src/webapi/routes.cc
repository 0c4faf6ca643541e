#include "webapi/routes.h"

#include <utility>

#include "webapi/origin.h"

namespace invar::webapi {

void Routes::add(const std::string& path, std::vector<std::string> methods, Handler handler) {
  router_.add(base_ + path, std::move(methods),
              [handler = std::move(handler)](const http::ServerRequest& request,
                                             const http::ResponderPtr& responder) {
                const bool changes = request.method != "GET" && request.method != "HEAD";
                if (changes) {
                  if (const auto refused = refuse_origin(request.headers))
                    return responder->send(error_response(*refused));
                  const auto wrong = request.method == "POST" ? refuse_type(request.headers) : std::nullopt;
                  if (wrong) return responder->send(error_response(*wrong));
                }
                handler(request, responder);
              });
}

void Routes::get(const std::string& path, Handler handler) {
  add(path, {"GET", "HEAD"}, std::move(handler));
}

void Routes::get_and_post(const std::string& path, Handler handler) {
  add(path, {"GET", "HEAD", "POST"}, std::move(handler));
}

void Routes::post(const std::string& path, Handler handler) {
  add(path, {"POST"}, std::move(handler));
}

void Routes::get_below(const std::string& path, TailHandler handler) {
  any_below(path, {"GET", "HEAD"}, std::move(handler));
}

void Routes::any_below(const std::string& path, std::vector<std::string> methods, TailHandler handler) {
  add(path, std::move(methods),
      [skip = base_.size() + path.size(), handler = std::move(handler)](const http::ServerRequest& request,
                                                                        const http::ResponderPtr& responder) {
        // A path that was cleaned may lack the slash at the end.
        const std::string_view whole = request.path;
        handler(request, responder, skip <= whole.size() ? whole.substr(skip) : std::string_view());
      });
}

}  // namespace invar::webapi
