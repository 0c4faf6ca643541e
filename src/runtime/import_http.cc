#include "runtime/import_http.h"

#include <utility>

#include "base/strings.h"
#include "http/answer_body.h"
#include "runtime/import_arguments.h"
#include "syntax/parser.h"

namespace invar::runtime {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

// Up to the last slash of the path, with it.
std::string directory_of(const std::string& url) {
  const std::size_t path_end = url.find_first_of("?#");
  const std::size_t slash = url.rfind('/', path_end);
  return slash == std::string::npos ? std::string() : url.substr(0, slash + 1);
}

Result<ImportedText> content_of(std::expected<http::Response, http::Failure> answer, const std::string& url) {
  if (!answer) return fail(ErrorCode::kUnavailable, answer.error().message);
  if (answer->status != 200)
    return fail(ErrorCode::kUnavailable,
                "unexpected status " + quote(answer->status_line) + http::what_it_says(*answer));
  INVAR_ASSIGN_OR_RETURN(auto text, http::plain_body(*std::move(answer), kMaxBytes));
  INVAR_TRY(syntax::check_encoding(text));
  return ImportedText{{{http::redact_url(url), std::move(text)}}, directory_of(url)};
}

}  // namespace

void HttpFetcher::fetch(const syntax::Boxed& boxed, Done done) {
  const auto& arguments = boxed.as<ImportHttpArguments>();
  call_.reset();
  alive_.reset();
  if (client_config_ != arguments.client) {
    auto client = environment_.http->make_client(arguments.client, "import.http");
    if (!client) return done(std::unexpected(client.error()));
    client_ = std::move(*client);
    client_config_ = arguments.client;
  }
  http::Request request;
  request.method = arguments.method;
  request.url = arguments.url;
  for (const auto& [name, value] : arguments.headers) request.headers.set(name, value);
  request.body = share(arguments.body);
  request.timeout = arguments.poll_timeout;
  request.max_body_bytes = kMaxBytes;
  // Through the loop: who hears of it may let go of the client.
  alive_.emplace();
  auto tell = alive_->bind(std::move(done));
  call_ = client_->send(
      std::move(request), [loop = environment_.loop, url = arguments.url, tell = std::move(tell)](
                              std::expected<http::Response, http::Failure> answer) mutable {
        loop->post([tell = std::move(tell), content = content_of(std::move(answer), url)]() mutable {
          tell(std::move(content));
        });
      });
}

Duration HttpFetcher::interval(const syntax::Boxed& arguments) const {
  return arguments.as<ImportHttpArguments>().poll_frequency;
}

std::string HttpFetcher::identity(const syntax::Boxed& boxed) const {
  const auto& arguments = boxed.as<ImportHttpArguments>();
  return "http " + arguments.method + " " + arguments.url + " " + arguments.body;
}

}  // namespace invar::runtime
