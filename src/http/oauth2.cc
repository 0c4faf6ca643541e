#include "http/oauth2.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "base/strings.h"
#include "http/answer_body.h"
#include "http/shown_body.h"
#include "http/url.h"
#include "json/reader.h"

namespace invar::http {
namespace {

constexpr auto kFetchLimit = std::chrono::seconds(30);
constexpr std::int64_t kExpirySkewSeconds = 10;
constexpr std::uint64_t kMaxTokenResponse = 1u << 20;
constexpr std::size_t kQuotedBytes = 1024;

std::string without_secret(std::string text, std::string_view secret) {
  if (secret.empty()) return text;
  for (const std::string& form : {std::string(secret), query_escape(secret)}) {
    for (auto at = text.find(form); at != std::string::npos; at = text.find(form, at))
      text.replace(at, form.size(), "xxxxx");
  }
  return text;
}

struct Answer {
  std::string access_token, token_type, error, description, uri;
  std::int64_t expires_in = 0;
};

std::int64_t clamp_expiry(double seconds) {
  constexpr double kMax = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(std::clamp(seconds, -kMax, kMax));
}

Result<Answer> from_form(std::string_view body) {
  Answer answer;
  for (const auto pair : split(body, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    const auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!key || !value) return fail(ErrorCode::kInvalidArgument, "invalid URL escape");
    if (*key == "access_token") answer.access_token = *value;
    if (*key == "token_type") answer.token_type = *value;
    if (*key == "error") answer.error = *value;
    if (*key == "error_description") answer.description = *value;
    if (*key == "error_uri") answer.uri = *value;
    if (*key == "expires_in") answer.expires_in = clamp_expiry(parse_double(*value).value_or(0));
  }
  return answer;
}

bool read_expiry(json::Reader& in, std::optional<double>& seconds) {
  std::string text;
  std::string_view number;
  seconds = 0;  // for what is neither: it does not expire
  if (in.kind() == json::Kind::kNumber && in.read_number(number)) seconds = parse_double(number);
  if (in.kind() == json::Kind::kString && in.read(text) && !text.empty()) seconds = parse_double(text);
  return seconds.has_value() || in.fail("expires_in is not a number");
}

Result<Answer> from_json(std::string_view body) {
  json::Reader in(body, {.max_depth = 64});
  if (in.kind() != json::Kind::kObject && in.skip())
    return fail(ErrorCode::kInvalidArgument, "not an object");
  Answer answer;
  const std::pair<std::string_view, std::string*> texts[] = {{"access_token", &answer.access_token},
                                                             {"token_type", &answer.token_type},
                                                             {"error", &answer.error},
                                                             {"error_description", &answer.description},
                                                             {"error_uri", &answer.uri}};
  std::optional<double> seconds = 0;
  std::string name;
  in.enter(json::Kind::kObject);
  while (in.next_member(name)) {
    if (name == "expires_in" && !read_expiry(in, seconds)) break;
    const auto text = std::ranges::find(texts, name, [](const auto& pair) { return pair.first; });
    if (text == std::end(texts) || in.kind() == json::Kind::kNull) continue;
    if (in.kind() != json::Kind::kString && in.skip()) in.fail(name + " is not a string");
    in.read(*text->second);
  }
  if (!in.end()) return std::unexpected(in.error());
  answer.expires_in = clamp_expiry(*seconds);
  return answer;
}

std::string authorization_of(const Answer& answer) {
  std::string type = answer.token_type;
  if (type.empty() || equals_ignore_case(type, "bearer")) type = "Bearer";
  if (equals_ignore_case(type, "mac")) type = "MAC";
  if (equals_ignore_case(type, "basic")) type = "Basic";
  return type + " " + answer.access_token;
}

}  // namespace

Result<TokenRequest> make_token_request(const OAuth2& config, const std::string& secret, AuthStyle style,
                                        std::string_view user_agent) {
  std::map<std::string, std::string> form = {{"grant_type", "client_credentials"}};
  if (!config.scopes.empty()) form["scope"] = join(config.scopes, " ");
  for (const auto& [key, value] : config.endpoint_params) {
    if (key == "scope" && !config.scopes.empty()) {
      return fail(ErrorCode::kInvalidArgument, "oauth2: cannot overwrite parameter \"scope\"");
    }
    form[key] = value;
  }
  TokenRequest request;
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  if (!user_agent.empty()) request.headers.add("User-Agent", std::string(user_agent));
  if (style == AuthStyle::kHeader) {
    request.headers.add("Authorization",
                        "Basic " + to_base64(query_escape(config.client_id) + ":" + query_escape(secret)));
  } else {
    form["client_id"] = config.client_id;
    form["client_secret"] = secret;
  }
  for (const auto& [key, value] : form) {
    if (!request.body.empty()) request.body.push_back('&');
    request.body += query_escape(key) + "=" + query_escape(value);
  }
  return request;
}

std::expected<Token, std::string> parse_token_response(Response response, std::string_view secret) {
  (void)unpack(response);  // what stays packed is quoted as an answer that cannot be read
  std::string type = to_lower_ascii(response.headers.get("Content-Type"));
  type = trim_space(type.substr(0, type.find(';')));
  const bool form = type == "application/x-www-form-urlencoded" || type == "text/plain";
  const bool refused = response.status < 200 || response.status > 299;
  const auto quoted_status = [&] {
    const std::string body =
        shown_body(without_secret(response.body, secret), response.headers.get("Content-Type"), kQuotedBytes);
    return without_secret(
        fmt::format("oauth2: cannot fetch token: {}\nResponse: {}", response.status_line, body), secret);
  };
  const auto answer = form ? from_form(response.body) : from_json(response.body);
  if (!answer) {
    if (refused) return std::unexpected(quoted_status());
    return std::unexpected(without_secret(
        fmt::format("oauth2: cannot parse {}: {}", form ? "response" : "json", answer.error().message),
        secret));
  }
  if (!answer->error.empty()) {
    std::string text = "oauth2: " + quote(answer->error);
    if (!answer->description.empty()) text += " " + quote(answer->description);
    if (!answer->uri.empty()) text += " " + quote(answer->uri);
    return std::unexpected(without_secret(std::move(text), secret));
  }
  if (refused) return std::unexpected(quoted_status());
  if (answer->access_token.empty()) return std::unexpected("oauth2: server response missing access_token");
  Token token{authorization_of(*answer), answer->expires_in};
  if (!is_header_value(token.authorization))
    return std::unexpected("oauth2: the access_token holds a control character");
  return token;
}

TokenSource::TokenSource(async::Loop& loop, OAuth2 config, std::shared_ptr<FileCache> files,
                         std::unique_ptr<Client> client)
    : loop_(&loop),
      config_(std::move(config)),
      files_(std::move(files)),
      client_(std::move(client)),
      renewal_(loop) {}

Result<std::string> TokenSource::read_secret() {
  if (config_.client_secret_file.empty()) return config_.client_secret.value;
  const auto content = files_->found(config_.client_secret_file);
  if (!content) return std::unexpected(content.error().wrapped("unable to read oauth2 client secret"));
  return std::string(trim_space(**content));
}

bool TokenSource::fresh() const {
  return token_ && (token_->expires_in_seconds == 0 || loop_->now() < renew_at_);
}

void TokenSource::get(std::string_view user_agent, Done done) {
  auto secret = read_secret();
  if (!secret) {
    done(std::unexpected(Failure{FailureKind::kCredentials, secret.error().message}));
    return;
  }
  if (*secret != secret_) {
    // A rotated secret: new token, new probe of the style. A fetch with the old one is of no use.
    secret_ = *std::move(secret);
    token_.reset();
    known_style_.reset();
    call_.reset();
    fetching_ = false;
  }
  if (user_agent_.empty()) user_agent_ = user_agent;
  if (fresh()) {
    used_ = true;
    done(token_->authorization);
    return;
  }
  waiters_.push_back(std::move(done));
  if (!fetching_) fetch(known_style_.value_or(AuthStyle::kHeader));
}

void TokenSource::reject(std::string_view authorization) {
  if (token_ && token_->authorization == authorization) token_.reset();
}

void TokenSource::fetch(AuthStyle style) {
  fetching_ = true;
  auto built = make_token_request(config_, secret_, style, user_agent_);
  if (!built) {
    loop_->post(alive_.bind([this, text = built.error().message] { finish(std::unexpected(text)); }));
    return;
  }
  Request request;
  request.method = "POST";
  request.url = config_.token_url;
  request.headers = std::move(built->headers);
  request.body_head = std::move(built->body);
  request.timeout = kFetchLimit;
  request.max_body_bytes = kMaxTokenResponse;
  call_ =
      client_->send(std::move(request), alive_.bind([this, style](std::expected<Response, Failure> answer) {
        on_answer(style, std::move(answer));
      }));
}

void TokenSource::on_answer(AuthStyle style, std::expected<Response, Failure> answer) {
  std::expected<Token, std::string> outcome;
  if (answer) {
    outcome = parse_token_response(*answer, secret_);
  } else {
    outcome =
        std::unexpected("oauth2: cannot fetch token: " + without_secret(answer.error().message, secret_));
  }
  if (outcome) {
    known_style_ = style;
  } else if (!known_style_ && style == AuthStyle::kHeader) {
    header_refusal_ = std::move(outcome).error();
    fetch(AuthStyle::kBody);
    return;
  } else if (!known_style_ && outcome.error().find("\"invalid_client\"") != std::string::npos) {
    // This style was only a try: what the server said to the other one is nearer to the cause.
    outcome = std::unexpected(header_refusal_);
  }
  finish(std::move(outcome));
}

void TokenSource::finish(std::expected<Token, std::string> outcome) {
  fetching_ = false;
  auto waiters = std::exchange(waiters_, {});
  std::expected<std::string, Failure> result;
  if (outcome) {
    token_ = *std::move(outcome);
    used_ = !waiters.empty();
    const std::int64_t lifetime = token_->expires_in_seconds;
    renew_at_ = loop_->now() + std::chrono::seconds(lifetime - kExpirySkewSeconds);
    if (lifetime > 2 * kExpirySkewSeconds) {
      renewal_.arm_at(renew_at_, [this] { renew_in_background(); });
    }
    result = token_->authorization;
  } else {
    result = std::unexpected(Failure{FailureKind::kCredentials, std::move(outcome).error()});
  }
  // A waiter may destroy this object.
  for (auto& waiter : waiters) waiter(result);
}

void TokenSource::renew_in_background() {
  if (!used_ || fetching_) return;
  fetch(known_style_.value_or(AuthStyle::kHeader));
}

}  // namespace invar::http
