// import.git against the git program and repositories on the disk: modules.md 3.
#include "runtime/import_git.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "async/run_process.h"
#include "fs/path.h"
#include "runtime/import_arguments.h"

namespace invar::runtime {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class Git : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!async::run_process("git", {"--version"}, {}, seconds(60))) GTEST_SKIP() << "there is no git program";
    std::string name = "/tmp/invar-git-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    origin_ = root_ + "/origin";
    git({"init", "--quiet", "--initial-branch=trunk", origin_});
    commit("lib.alloy", "one");
  }
  void TearDown() override {
    if (!root_.empty()) (void)async::run_process("rm", {"-rf", "--", root_}, {}, seconds(60));
  }

  std::string git(const std::vector<std::string>& arguments) {
    const auto out = async::run_process("git", arguments,
                                        {{"GIT_AUTHOR_NAME", "t"},
                                         {"GIT_AUTHOR_EMAIL", "t@example.org"},
                                         {"GIT_COMMITTER_NAME", "t"},
                                         {"GIT_COMMITTER_EMAIL", "t@example.org"}},
                                        seconds(60));
    EXPECT_TRUE(out) << out.error().message;
    return out.value_or("");
  }
  void commit(const std::string& file, const std::string& text) {
    ASSERT_TRUE(files_->write_file_atomically(origin_ + "/" + file, text, 0644, false));
    git({"-C", origin_, "add", "."});
    git({"-C", origin_, "commit", "--quiet", "-m", text});
  }
  ImportGitArguments arguments(const std::string& revision = "", const std::string& path = "lib.alloy") {
    ImportGitArguments out;
    out.repository = origin_;
    out.revision = revision;
    out.path = path;
    return out;
  }
  // The text of the file, or the error.
  std::string fetch(const ImportGitArguments& arguments) {
    const auto text = fetch_with_git(*files_, root_ + "/storage", arguments);
    if (!text) return text.error().message;
    return text->files.empty() ? "no file" : text->files.front().text;
  }

  std::shared_ptr<fs::FileSystem> files_ = fs::posix();
  std::string root_, origin_;
};

TEST_F(Git, TheDefaultBranchIsFollowed) {
  EXPECT_EQ(fetch(arguments()), "one");
  commit("lib.alloy", "two");
  EXPECT_EQ(fetch(arguments()), "two");
  const auto text = fetch_with_git(*files_, root_ + "/storage", arguments());
  EXPECT_EQ(text->module_path, root_ + "/storage/repo");
}

TEST_F(Git, APathThatBeginsWithASlashBeginsAtTheRoot) {
  EXPECT_EQ(fetch(arguments("", "/lib.alloy")), "one");
}

TEST_F(Git, ARevisionIsATagABranchOrACommit) {
  git({"-C", origin_, "tag", "v1"});
  const std::string first = git({"-C", origin_, "rev-parse", "--short", "HEAD"});
  git({"-C", origin_, "checkout", "--quiet", "-b", "feature/x"});
  commit("lib.alloy", "two");
  git({"-C", origin_, "checkout", "--quiet", "trunk"});
  EXPECT_EQ(fetch(arguments("feature/x")), "two");
  EXPECT_EQ(fetch(arguments("v1")), "one");
  EXPECT_EQ(fetch(arguments(first.substr(0, 7))), "one");
  git({"-C", origin_, "tag", "--force", "v1", "feature/x"});
  EXPECT_EQ(fetch(arguments("v1")), "two") << "a moved tag is followed";
  EXPECT_THAT(fetch(arguments("none")), HasSubstr("revision \"none\" does not exist"));
}

TEST_F(Git, AnotherRepositoryIsAnotherContent) {
  EXPECT_EQ(fetch(arguments()), "one");
  ImportGitArguments other = arguments();
  other.repository = root_ + "/other";
  git({"clone", "--quiet", origin_, other.repository});
  std::swap(origin_, other.repository);
  commit("lib.alloy", "another");
  std::swap(origin_, other.repository);
  EXPECT_EQ(fetch(other), "another");
  EXPECT_EQ(fetch(arguments()), "one");
}

TEST_F(Git, SaysWhatIsWrongWithoutCredentials) {
  EXPECT_THAT(fetch(arguments("", "none.alloy")), HasSubstr("none.alloy: no such file or directory"));
  EXPECT_THAT(fetch(arguments("", "../../x")), HasSubstr("leads out of the repository"));
  EXPECT_THAT(fetch(arguments("", "/../x")), HasSubstr("leads out of the repository"));
  ImportGitArguments gone = arguments();
  gone.repository = root_ + "/gone";
  EXPECT_THAT(fetch(gone), HasSubstr("repository " + root_ + "/gone: "));
  ImportGitArguments secret = arguments();
  secret.repository = "http://127.0.0.1:1/x.git";
  secret.basic_auth = GitBasicAuth{"user", {"s3cret"}};
  EXPECT_THAT(fetch(secret), ::testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace invar::runtime
