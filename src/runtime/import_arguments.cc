#include "runtime/import_arguments.h"

#include <algorithm>
#include <array>

#include "base/shown_text.h"
#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/url_rule.h"
#include "fs/clean_path.h"

namespace invar::runtime {
namespace {

using syntax::Schema;
using syntax::SchemaBuilder;

Result<> positive(Duration duration, std::string_view name) {
  if (duration <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, std::string(name) + " must be greater than 0");
  return {};
}

std::optional<syntax::DecodeError> check_detector(const ImportFileArguments& arguments) {
  constexpr std::array<std::string_view, 2> kDetectors = {"fsnotify", "poll"};
  return component::check_choice(arguments.detector, "unrecognized detector", kDetectors);
}

Result<> check_file(const ImportFileArguments& arguments) {
  if (arguments.filename.empty()) return fail(ErrorCode::kInvalidArgument, "filename must not be empty");
  return positive(arguments.poll_frequency, "poll_frequency");
}

Result<> check_http(const ImportHttpArguments& arguments) {
  INVAR_TRY(positive(arguments.poll_frequency, "poll_frequency"));
  return positive(arguments.poll_timeout, "poll_timeout");
}

// `git@host:organization/repo.git`, as ssh has it.
bool is_ssh_address(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && colon < text.find('/') && colon + 1 < text.size();
}

// What begins with a host's name, as in `github.com/organization/repo`, and is no path.
bool begins_with_host(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  return slash != std::string_view::npos && !first.starts_with('.') &&
         first.find('.') != std::string_view::npos;
}

std::optional<syntax::DecodeError> check_repository(const ImportGitArguments& arguments) {
  constexpr std::array<std::string_view, 5> kSchemes = {"https", "http", "ssh", "git", "file"};
  constexpr std::string_view kExample = "https://github.com/organization/repo.git";
  const std::string& text = arguments.repository;
  const auto wrong = [&](std::string_view what, std::string_view instead) {
    return syntax::decode_failure(quote(shown_text(http::redact_url(text))) + " " + std::string(what) +
                                  "; write " + quote(http::redact_url(std::string(instead))));
  };
  if (text.empty())
    return syntax::decode_failure("the URL is empty; write the repository's address, as in " +
                                  quote(kExample));
  if (trim_space(text) != text) return wrong("has blanks or line breaks around it", trim_space(text));
  const std::size_t mark = text.find("://");
  if (mark == std::string::npos) {
    if (!is_ssh_address(text) && begins_with_host(text)) return wrong("has no scheme", "https://" + text);
    return std::nullopt;
  }
  if (std::ranges::find(kSchemes, std::string_view(text).substr(0, mark)) == kSchemes.end())
    return wrong("has a scheme that is none of https, http, ssh, git and file", kExample);
  if (mark + 3 == text.size()) return wrong("names no host", kExample);
  return std::nullopt;
}

Result<> check_git(const ImportGitArguments& arguments) {
  for (const std::string_view text : {arguments.repository, arguments.revision, arguments.path})
    if (text.starts_with('-') || text.find('\0') != std::string_view::npos)
      return fail(ErrorCode::kInvalidArgument, quote(text) + " cannot begin with a dash");
  INVAR_TRY(path_in_repository(arguments.path));
  for (const std::string_view name : {"FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD"})
    if (arguments.revision == name)
      return fail(ErrorCode::kInvalidArgument, "revision " + quote(name) + " is not one of a repository");
  if (arguments.pull_frequency < Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "pull_frequency must not be negative");
  if (arguments.basic_auth && arguments.ssh_key)
    return fail(ErrorCode::kInvalidArgument, "at most one of basic_auth and ssh_key may be set");
  if (arguments.ssh_key && !arguments.ssh_key->key.value.empty() && !arguments.ssh_key->key_file.empty())
    return fail(ErrorCode::kInvalidArgument, "at most one of key and key_file may be set");
  return {};
}

const Schema& file_schema() {
  static const Schema schema = SchemaBuilder<ImportFileArguments>()
                                   .attribute("filename", &ImportFileArguments::filename,
                                              "A file, or a directory whose `*.alloy` files form one module.")
                                   .required()
                                   .attribute("detector", &ImportFileArguments::detector,
                                              "How changes are noticed: `fsnotify` or `poll`.")
                                   .valid(&check_detector)
                                   .attribute("poll_frequency", &ImportFileArguments::poll_frequency,
                                              "How often the file is looked at in any case.")
                                   .check(&check_file)
                                   .build();
  return schema;
}

const Schema& string_schema() {
  static const Schema schema =
      SchemaBuilder<ImportStringArguments>()
          .attribute("content", &ImportStringArguments::content, "The text of the module.")
          .required()
          .build();
  return schema;
}

const Schema& http_schema() {
  static const Schema schema =
      SchemaBuilder<ImportHttpArguments>()
          .attribute_with<component::UrlCodec>("url", &ImportHttpArguments::url, "Where the module is.")
          .required()
          .valid([](const ImportHttpArguments& arguments) {
            return component::check_server_url(arguments.url,
                                               {.example = "https://example.com/module.alloy"});
          })
          .attribute("method", &ImportHttpArguments::method, "HTTP method of the request.")
          .attribute("headers", &ImportHttpArguments::headers, "Headers of the request.")
          .valid([](const ImportHttpArguments& arguments) {
            return component::check_headers(arguments.headers);
          })
          .attribute("body", &ImportHttpArguments::body, "Body of the request.")
          .attribute("poll_frequency", &ImportHttpArguments::poll_frequency, "Time between two requests.")
          .attribute("poll_timeout", &ImportHttpArguments::poll_timeout, "Time limit of one request.")
          .block("client", &ImportHttpArguments::client, component::http_client_schema(),
                 "How to connect to the server.")
          .check(&check_http)
          .build();
  return schema;
}

const Schema& basic_auth_schema() {
  static const Schema schema = SchemaBuilder<GitBasicAuth>()
                                   .attribute("username", &GitBasicAuth::username, "Name of the user.")
                                   .attribute("password", &GitBasicAuth::password, "Password, or a token.")
                                   .build();
  return schema;
}

const Schema& ssh_key_schema() {
  static const Schema schema =
      SchemaBuilder<GitSshKey>()
          .attribute("username", &GitSshKey::username, "Name of the user on the server.")
          .attribute("key", &GitSshKey::key, "The private key.")
          .attribute("key_file", &GitSshKey::key_file, "File with the private key.")
          .attribute("passphrase", &GitSshKey::passphrase, "Passphrase of the key.")
          .build();
  return schema;
}

const Schema& git_schema() {
  static const Schema schema =
      SchemaBuilder<ImportGitArguments>()
          .attribute("repository", &ImportGitArguments::repository, "URL of the repository.")
          .required()
          .valid(&check_repository)
          .attribute("revision", &ImportGitArguments::revision,
                     "A tag, branch or commit; without one the repository's default branch.")
          .attribute("path", &ImportGitArguments::path,
                     "A file in the repository, or a directory whose `*.alloy` files form one module.")
          .required()
          .attribute("pull_frequency", &ImportGitArguments::pull_frequency,
                     "How often changes are fetched; 0 means never again.")
          .block("basic_auth", &ImportGitArguments::basic_auth, basic_auth_schema(),
                 "Name and password, or token, for the server.")
          .block("ssh_key", &ImportGitArguments::ssh_key, ssh_key_schema(), "Key for the server.")
          .check(&check_git)
          .build();
  return schema;
}

}  // namespace

Result<std::string> path_in_repository(std::string_view path) {
  const std::string clean = fs::clean_path(path.substr(std::min(path.find_first_not_of('/'), path.size())));
  if (clean == ".." || clean.starts_with("../"))
    return fail(ErrorCode::kInvalidArgument, "path " + quote(path) + " leads out of the repository");
  return clean;
}

const Schema* import_schema(std::string_view block_name) {
  if (block_name == "import.file") return &file_schema();
  if (block_name == "import.string") return &string_schema();
  if (block_name == "import.http") return &http_schema();
  if (block_name == "import.git") return &git_schema();
  return nullptr;
}

}  // namespace invar::runtime
