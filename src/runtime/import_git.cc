#include "runtime/import_git.h"

#include <utility>
#include <vector>

#include "async/run_process.h"
#include "base/strings.h"
#include "fs/clean_path.h"
#include "fs/path.h"
#include "runtime/import_arguments.h"

namespace invar::runtime {
namespace {

constexpr Duration kTimeLimit = std::chrono::minutes(2);

// A helper that git asks for name and password; it answers from the environment, so that they stand in no command line or file.
constexpr const char* kCredentialHelper =
    R"(credential.helper=!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$INVAR_GIT_USERNAME" "$INVAR_GIT_PASSWORD"; }; f)";
// What ssh runs to be told the passphrase of a key.
constexpr const char* kAskPassphrase = "#!/bin/sh\nprintf '%s\\n' \"$INVAR_GIT_PASSPHRASE\"\n";

class Repository {
 public:
  Repository(fs::FileSystem& files, std::string directory, const ImportGitArguments& arguments)
      : files_(files),
        directory_(std::move(directory)),
        clone_(fs::join_path(directory_, "repo")),
        arguments_(arguments) {}

  Result<ImportedText> fetch() {
    INVAR_TRY(files_.make_directories(directory_));
    INVAR_TRY(prepare_credentials());
    INVAR_TRY(bring_up_to_date());
    INVAR_ASSIGN_OR_RETURN(const std::string commit, find_commit());
    INVAR_TRY(git({"--git-dir", fs::join_path(clone_, ".git"), "--work-tree", clone_, "checkout", "--quiet",
                   "--force", "--detach", commit}));
    INVAR_ASSIGN_OR_RETURN(const std::string path, path_in_repository(arguments_.path));
    INVAR_ASSIGN_OR_RETURN(ImportedText text, read_import_file(files_, fs::join_path(clone_, path)));
    text.module_path = clone_;
    return text;
  }

 private:
  Result<std::string> git(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"-c", "credential.helper=",      "-c", "core.hooksPath=/dev/null",
                                 "-c", "protocol.ext.allow=never"};
    if (arguments_.basic_auth) all.insert(all.end(), {"-c", kCredentialHelper});
    all.insert(all.end(), arguments.begin(), arguments.end());
    return async::run_process("git", all, environment_, kTimeLimit);
  }

  Result<> prepare_credentials() {
    environment_ = {{"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}};
    if (const auto& basic = arguments_.basic_auth) {
      environment_["INVAR_GIT_USERNAME"] = basic->username.empty() ? "git" : basic->username;
      environment_["INVAR_GIT_PASSWORD"] = basic->password.value;
    }
    if (!arguments_.ssh_key) return {};
    const GitSshKey& key = *arguments_.ssh_key;
    std::string file = key.key_file;
    if (!key.key.value.empty()) {
      file = fs::join_path(directory_, "key");
      const std::string text = key.key.value.ends_with('\n') ? key.key.value : key.key.value + "\n";
      INVAR_TRY(files_.write_file_atomically(file, text, 0600, false));
    }
    std::string command = "ssh -o BatchMode=" + std::string(key.passphrase.value.empty() ? "yes" : "no");
    // Nobody can be asked whether a server is the right one: its key is kept at the first time, and another one is refused.
    command += " -o StrictHostKeyChecking=accept-new -o " +
               shell_quoted("UserKnownHostsFile=\"" + fs::join_path(directory_, "known_hosts") +
                            "\" ~/.ssh/known_hosts");
    if (!file.empty()) command += " -o IdentitiesOnly=yes -i " + shell_quoted(file);
    if (!key.username.empty()) command += " -l " + shell_quoted(key.username);
    environment_["GIT_SSH_COMMAND"] = command;
    if (key.passphrase.value.empty()) return {};
    const std::string ask = fs::join_path(directory_, "ask");
    INVAR_TRY(files_.write_file_atomically(ask, kAskPassphrase, 0700, false));
    environment_["INVAR_GIT_PASSPHRASE"] = key.passphrase.value;
    environment_["SSH_ASKPASS"] = ask;
    environment_["SSH_ASKPASS_REQUIRE"] = "force";
    return {};
  }

  Result<> bring_up_to_date() {
    if (!files_.stat(fs::join_path(clone_, ".git"))) {
      INVAR_TRY(git({"clone", "--quiet", "--no-checkout", "--", arguments_.repository, clone_}));
      return {};
    }
    INVAR_TRY(git({"--git-dir", fs::join_path(clone_, ".git"), "--work-tree", clone_, "remote", "set-url",
                   "origin", "--", arguments_.repository}));
    INVAR_TRY(
        git({"--git-dir", fs::join_path(clone_, ".git"), "--work-tree", clone_, "fetch", "--quiet", "--force",
             "--prune", "--prune-tags", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"}));
    // Where the default branch points to may have changed; a repository without one is told by what follows.
    (void)git({"--git-dir", fs::join_path(clone_, ".git"), "--work-tree", clone_, "remote", "set-head",
               "origin", "--auto"});
    return {};
  }

  // A tag, a branch of the server, a commit; without any the default branch.
  Result<std::string> find_commit() {
    const std::string& revision = arguments_.revision;
    std::vector<std::string> candidates{"refs/tags/" + revision, "refs/remotes/origin/" + revision, revision};
    if (revision.empty() || revision == "HEAD") candidates = {"refs/remotes/origin/HEAD"};
    for (const std::string& candidate : candidates) {
      const auto found = git({"--git-dir", fs::join_path(clone_, ".git"), "--work-tree", clone_, "rev-parse",
                              "--verify", "--quiet", "--end-of-options", candidate + "^{commit}"});
      if (found) return std::string(trim_space(*found));
    }
    return fail(ErrorCode::kNotFound, revision.empty() ? "the repository has no default branch"
                                                       : "revision " + quote(revision) + " does not exist");
  }

  static std::string shell_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
  }

  fs::FileSystem& files_;
  const std::string directory_, clone_;
  const ImportGitArguments& arguments_;
  std::map<std::string, std::string> environment_;
};

}  // namespace

Result<ImportedText> fetch_with_git(fs::FileSystem& files, const std::string& directory,
                                    const ImportGitArguments& arguments) {
  auto text = Repository(files, directory, arguments).fetch();
  if (!text)
    return std::unexpected(text.error().wrapped("repository " + http::redact_url(arguments.repository)));
  return text;
}

GitFetcher::GitFetcher(const Environment& environment, const std::string& id)
    : environment_(environment), directory_(fs::join_path(environment.storage_path, id)) {}

void GitFetcher::fetch(const syntax::Boxed& arguments, Done done) {
  alive_.emplace();
  environment_.disk_pool->run(
      [files = environment_.files, directory = directory_, arguments = arguments.as<ImportGitArguments>()] {
        return fetch_with_git(*files, directory, arguments);
      },
      alive_->bind(std::move(done)));
}

Duration GitFetcher::interval(const syntax::Boxed& arguments) const {
  return arguments.as<ImportGitArguments>().pull_frequency;
}

std::string GitFetcher::identity(const syntax::Boxed& boxed) const {
  const auto& arguments = boxed.as<ImportGitArguments>();
  return "git " + arguments.repository + " " + arguments.revision + " " + arguments.path;
}

}  // namespace invar::runtime
