#include "aws/profile.h"

#include <fmt/format.h>

#include <map>

#include "base/strings.h"

namespace invar::aws {
namespace {

constexpr std::uint64_t kMostBytes = 1u << 20;
constexpr std::string_view kMetadata = "http://169.254.169.254";
constexpr std::string_view kContainerHost = "http://169.254.170.2";

using Profile = std::map<std::string, std::string, std::less<>>;
using Profiles = std::map<std::string, Profile, std::less<>>;

// An INI file; sections of the config file are "profile NAME" but for "default".
void read_profiles(std::string_view text, Profiles& into) {
  Profile* current = nullptr;
  for (std::string_view line : split(text, '\n')) {
    const bool nested = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    line = trim_space(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.ends_with(']')) {
      std::string_view name = trim_space(line.substr(1, line.size() - 2));
      if (name.starts_with("profile ")) name = trim_space(name.substr(8));
      current = &into[std::string(name)];
      continue;
    }
    const auto at = line.find('=');
    if (current == nullptr || at == std::string_view::npos || nested) continue;
    current->insert_or_assign(to_lower_ascii(trim_space(line.substr(0, at))),
                              std::string(trim_space(line.substr(at + 1))));
  }
}

std::string value_of(const Profile& profile, std::string_view name) {
  const auto found = profile.find(name);
  return found == profile.end() ? "" : found->second;
}

class Settling {
 public:
  Settling(const Identity& identity, fs::FileSystem& files, const Environment& environment)
      : identity_(identity), files_(files), environment_(environment) {}

  Result<Settled> run() {
    read_files();
    settled_.region = identity_.region;
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
      if (settled_.region.empty()) settled_.region = environment_(name);
    }
    settled_.metadata_endpoint = metadata_endpoint(environment_);
    INVAR_TRY(find_keys());
    if (settled_.region.empty()) settled_.region = value_of(chosen_, "region");
    if (!identity_.role_arn.empty()) settled_.role_arn = identity_.role_arn;
    return std::move(settled_);
  }

 private:
  void read_files() {
    const std::string home = environment_("HOME");
    for (const auto& [variable, name] : {std::pair("AWS_CONFIG_FILE", "/.aws/config"),
                                         std::pair("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")}) {
      std::string path = environment_(variable);
      if (path.empty() && !home.empty()) path = home + name;
      if (path.empty()) continue;
      if (const auto text = files_.read_file(path, kMostBytes)) read_profiles(*text, profiles_);
    }
  }

  std::string first_of(const char* one, const char* other) {
    std::string value = environment_(one);
    return value.empty() ? environment_(other) : value;
  }

  Result<> find_keys() {
    if (!identity_.access_key.empty() && !identity_.secret_key.value.empty()) {
      settled_.keys = Credentials{identity_.access_key, identity_.secret_key, {}, 0};
      return {};
    }
    std::string name = identity_.profile;
    if (name.empty()) {
      if (from_environment()) return {};
      name = first_of("AWS_PROFILE", "AWS_DEFAULT_PROFILE");
    }
    const bool named = !name.empty();
    const auto found = profiles_.find(named ? name : "default");
    if (found == profiles_.end() && named)
      return fail(ErrorCode::kNotFound, "no profile " + quote(name) + " in the shared AWS files");
    if (found != profiles_.end()) {
      chosen_ = found->second;
      INVAR_ASSIGN_OR_RETURN(const bool done, from_profile(found->first, chosen_, true));
      if (done) return {};
      if (named)
        return fail(ErrorCode::kNotFound,
                    "the AWS profile " + quote(name) +
                        " has no keys, no role_arn with source_profile, and no web identity");
    }
    from_container();
    return {};
  }

  bool from_environment() {
    const std::string key = environment_("AWS_ACCESS_KEY_ID");
    const std::string secret = environment_("AWS_SECRET_ACCESS_KEY");
    if (!key.empty() && !secret.empty()) {
      settled_.keys = Credentials{key, {secret}, {environment_("AWS_SESSION_TOKEN")}, 0};
      return true;
    }
    const auto from = web_identity(environment_("AWS_WEB_IDENTITY_TOKEN_FILE"), environment_("AWS_ROLE_ARN"));
    return from.value_or(false);
  }

  Result<bool> from_profile(const std::string& name, const Profile& profile, bool may_refer) {
    const std::string key = value_of(profile, "aws_access_key_id");
    const std::string secret = value_of(profile, "aws_secret_access_key");
    const std::string source = value_of(profile, "source_profile");
    const std::string role = value_of(profile, "role_arn");
    if (!role.empty() && !source.empty()) {
      const auto of = profiles_.find(source);
      if (of == profiles_.end() || !may_refer)
        return fail(ErrorCode::kNotFound, "the source_profile " + quote(source) + " of the AWS profile " +
                                              quote(name) +
                                              (may_refer ? " is not there" : " is one too many"));
      settled_.role_arn = role;
      settled_.external_id = value_of(profile, "external_id");
      return from_profile(source, of->second, source == name);
    }
    if (!key.empty() && !secret.empty()) {
      settled_.keys = Credentials{key, {secret}, {value_of(profile, "aws_session_token")}, 0};
      return true;
    }
    return web_identity(value_of(profile, "web_identity_token_file"), role);
  }

  Result<bool> web_identity(const std::string& file, const std::string& role) {
    if (file.empty() || role.empty()) return false;
    auto token = files_.read_file(file, kMostBytes);
    if (!token) return std::unexpected(token.error().wrapped("web identity token"));
    settled_.web_identity = {role, std::string(trim_space(*token))};
    return true;
  }

  void from_container() {
    std::string url = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (const std::string path = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
      url = std::string(kContainerHost) + path;
    if (url.empty()) return;
    std::string authorization = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const std::string file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
      if (const auto text = files_.read_file(file, kMostBytes)) authorization = trim_space(*text);
    }
    settled_.container = {std::move(url), std::move(authorization)};
  }

  const Identity& identity_;
  fs::FileSystem& files_;
  const Environment& environment_;
  Profiles profiles_;
  Profile chosen_;
  Settled settled_;
};

}  // namespace

std::string endpoint(std::string_view service, std::string_view region, const Environment& environment) {
  std::string name = fmt::format("AWS_ENDPOINT_URL_{}", service);
  for (char& c : name) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  std::string url = environment(name.c_str());
  if (url.empty()) url = environment("AWS_ENDPOINT_URL");
  if (url.empty()) {
    url =
        fmt::format("https://{}.{}.amazonaws.com{}", service, region, region.starts_with("cn-") ? ".cn" : "");
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string metadata_endpoint(const Environment& environment) {
  std::string place = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (place.empty()) place = kMetadata;
  while (place.ends_with('/')) place.pop_back();
  return place;
}

Result<Settled> settle(const Identity& identity, fs::FileSystem& files, const Environment& environment) {
  return Settling(identity, files, environment).run();
}

}  // namespace invar::aws
