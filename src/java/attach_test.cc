// Attaching, against peers made here: this process plays the JVM, children play what is none.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "java/attach.h"
#include "java/library.h"
#include "java/session.h"
#include "java/target_root.h"

namespace invar::java {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/invar-java-test.XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~Folder() { (void)!system(("rm -rf " + path).c_str()); }
  std::string path;
};

void write_file(const std::string& path, std::string_view text, int mode = 0644) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode));
  ASSERT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// This process as a target, and what the socket of a JVM would do in it.
class FakeJvm : public ::testing::Test {
 protected:
  FakeJvm()
      : process_(*Process::open(getpid())),
        facts_(*process_.facts()),
        root_(*TargetRoot::of(process_, facts_)) {}
  ~FakeJvm() override {
    if (peer_.joinable()) peer_.join();
    unlink(path_.c_str());
  }

  void serve(std::function<void(int)> conversation) {
    server_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "{}", path_);
    unlink(path_.c_str());
    ASSERT_EQ(bind(server_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(server_.get(), 1), 0);
    peer_ = std::thread([this, conversation = std::move(conversation)] {
      const UniqueFd client(accept(server_.get(), nullptr, nullptr));
      conversation(client.get());
    });
  }
  Outcome<std::string> load() {
    return Attach(process_, facts_, root_, cancelled_).command({"load", "/x.so", "true", "start,log=/tmp/l"});
  }

  Process process_;
  ProcessFacts facts_;
  TargetRoot root_;
  std::atomic<bool> cancelled_ = false;
  const std::string path_ = fmt::format("/tmp/.java_pid{}", getpid());
  UniqueFd server_;
  std::thread peer_;
};

TEST_F(FakeJvm, IsToldACommandAndAnswers) {
  std::string told;
  serve([&told](int client) {
    std::array<char, 256> part;
    told.assign(part.data(),
                static_cast<std::size_t>(std::max<ssize_t>(0, recv(client, part.data(), part.size(), 0))));
    (void)!write(client, "0\nreturn ", 9);
    (void)!write(client, "code: 0\n", 8);
  });
  EXPECT_EQ(load(), "0\nreturn code: 0\n");
  peer_.join();
  EXPECT_EQ(told, std::string("1\0load\0/x.so\0true\0start,log=/tmp/l\0", 35));
}

TEST_F(FakeJvm, ThatClosesTheConnectionIsEnding) {
  serve([](int) {});
  const auto answer = load();
  EXPECT_TRUE(!answer || read_load_answer(*answer).error().kind == TroubleKind::kGone);
}

TEST_F(FakeJvm, ThatIsSilentIsLeftWhenWeStop) {
  serve([this](int client) {
    std::array<char, 256> part;
    (void)!recv(client, part.data(), part.size(), 0);
    cancelled_ = true;
    (void)!recv(client, part.data(), part.size(), 0);  // until we go
  });
  const auto answer = load();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, TroubleKind::kNoAnswer);
}

TEST_F(FakeJvm, ThatTalksWithoutEndIsCutOff) {
  serve([](int client) {
    const std::string page(4096, 'x');
    while (send(client, page.data(), page.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const auto answer = load();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().sentence, "JVM does not answer: its answer is too long");
}

TEST_F(FakeJvm, ItsSocketMayBeNoLinkAndNoFile) {
  write_file(path_, "");
  EXPECT_EQ(load().error().sentence, path_ + " is not a socket of the JVM's user");
  unlink(path_.c_str());
  ASSERT_EQ(symlink("/tmp", path_.c_str()), 0);
  EXPECT_FALSE(load());
}

// SIGQUIT would kill the child.
TEST(Driver, NeverSignalsWhatIsNoJvm) {
  const pid_t child = fork();
  if (child == 0) {
    execlp("sleep", "sleep", "60", nullptr);
    _exit(1);
  }
  Plan plan;
  plan.library = make_library("no library");
  plan.first_directory = "/tmp";
  plan.cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto begun = make_driver()->begin(child, plan);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().kind, TroubleKind::kNotJvm);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WNOHANG), 0) << "it died of signal " << WTERMSIG(status);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  EXPECT_EQ(make_driver()->begin(child, plan).error().kind, TroubleKind::kGone);
}

class Root : public ::testing::Test {
 protected:
  Root()
      : process_(*Process::open(getpid())),
        facts_(*process_.facts()),
        root_(*TargetRoot::of(process_, facts_)) {}
  std::string at(const std::string& name) { return folder_.path + "/" + name; }

  Folder folder_;
  Process process_;
  ProcessFacts facts_;
  TargetRoot root_;
};

TEST_F(Root, FilesAreReadUpToALimit) {
  write_file(at("a"), "recording");
  EXPECT_EQ(root_.read(at("a"), 9), "recording");
  EXPECT_EQ(root_.read(at("a"), 8).error().kind, TroubleKind::kRecordingRefused);
  EXPECT_FALSE(root_.read(at("b"), 8));
}

TEST_F(Root, LinksAreNotFollowed) {
  write_file(at("secret"), "secret");
  ASSERT_EQ(symlink(at("secret").c_str(), at("link").c_str()), 0);
  EXPECT_EQ(root_.read(at("link"), 100).error().sentence, at("link") + " is a link, which is not followed");
  ASSERT_EQ(symlink(folder_.path.c_str(), at("way").c_str()), 0);
  EXPECT_FALSE(root_.read(at("way/secret"), 100));
  EXPECT_FALSE(root_.install(at("way"), "folder", "lib.so", "x"));
  root_.remove(at("way/secret"));
  EXPECT_EQ(root_.read(at("secret"), 100), "secret");
}

TEST_F(Root, OnlyRegularFilesAreRead) {
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0644), 0);
  EXPECT_EQ(root_.read(at("pipe"), 100).error().kind, TroubleKind::kRecordingRefused);
}

TEST_F(Root, TheLibraryIsWrittenOnceAndCompared) {
  ASSERT_TRUE(root_.install(folder_.path, "folder", "lib.so", "content"));
  ASSERT_TRUE(root_.install(folder_.path, "folder", "lib.so", "content"));
  struct stat status{};
  ASSERT_EQ(stat(at("folder/lib.so").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
  EXPECT_EQ(root_.install(folder_.path, "folder", "lib.so", "another").error().sentence,
            "file " + folder_.path + "/folder/lib.so already exists and is different");
  EXPECT_EQ(root_.list(at("folder"), "").size(), 3U) << "a draft was left";  // with . and ..
}

TEST_F(Root, AFolderThatOthersWriteToIsNotUsed) {
  ASSERT_EQ(mkdir(at("open").c_str(), 0755), 0);
  ASSERT_EQ(chmod(at("open").c_str(), 0777), 0);
  EXPECT_EQ(root_.check_directory(at("open"), false).error().kind, TroubleKind::kNoDirectory);
  EXPECT_FALSE(root_.install(folder_.path, "open", "lib.so", "x"));
  ASSERT_EQ(chmod(at("open").c_str(), 01777), 0);
  EXPECT_TRUE(root_.check_directory(at("open"), true));
  EXPECT_FALSE(root_.check_directory(at("none"), true));
}

}  // namespace
}  // namespace invar::java
