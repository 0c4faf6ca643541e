#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "ebpf/python_layout.h"
#include "ebpf/python_process.h"
#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace ebpf::testing;

TEST(PythonVersion, IsInTheNameOfTheFile) {
  EXPECT_EQ(python_version("python3.8"), 8);
  EXPECT_EQ(python_version("libpython3.11.so.1.0"), 11);
  EXPECT_EQ(python_version("python3.13t"), std::nullopt);
  EXPECT_EQ(python_version("python3"), std::nullopt);
  EXPECT_EQ(python_version("python2.7"), std::nullopt);
  EXPECT_EQ(python_layout(7), nullptr);
  EXPECT_EQ(python_layout(14), nullptr);
}

TEST(PythonLine, CountsBytesAndLinesUpTo39) {
  const std::string table("\x06\x01\x08\x02\x04\xff", 6);
  EXPECT_EQ(python_line(table, 9, 10, 0), 10);
  EXPECT_EQ(python_line(table, 9, 10, 6), 11);
  EXPECT_EQ(python_line(table, 9, 10, 14), 13);
  EXPECT_EQ(python_line(table, 9, 10, 18), 12);
}

TEST(PythonLine, GoesByRangesIn310) {
  const std::string table("\x04\x01\x06\x80\x04\x02", 6);
  EXPECT_EQ(python_line(table, 10, 10, 2), 11);
  EXPECT_EQ(python_line(table, 10, 10, 4), 0) << "a range without a line";
  EXPECT_EQ(python_line(table, 10, 10, 12), 13);
  EXPECT_EQ(python_line(table, 10, 10, 99), 0);
}

TEST(PythonLine, GoesByPlacesFrom311On) {
  // short form, 2 units; one line further; by 5 lines without columns; none.
  const std::string table("\x81\x12\xd8\x01\x02\xe8\x0a\xf8", 8);
  EXPECT_EQ(python_line(table, 11, 10, 0), 10);
  EXPECT_EQ(python_line(table, 11, 10, 4), 11);
  EXPECT_EQ(python_line(table, 12, 10, 6), 16);
  EXPECT_EQ(python_line(table, 13, 10, 8), 0);
  EXPECT_EQ(python_line(std::string_view(table).substr(0, 4), 13, 10, 8), 0) << "cut off";
}

std::vector<std::string> merged(int minor, const std::string& native, std::vector<PythonFrame> frames) {
  PythonMerger merger(*python_layout(minor), std::move(frames));
  std::vector<std::string> out;
  for (const char c : native) {
    if (c != 'E') {
      out.emplace_back(1, c);
      continue;
    }
    std::vector<Frame> group;
    merger.loop_frame(group);
    for (const Frame& frame : group) out.push_back(frame.place->lines[0].name);
    if (merger.finished()) break;
  }
  return out;
}
PythonFrame named(const char* name, bool entered = false) {
  return {std::make_shared<Place>(Place{.lines = {{.name = name, .system_name = name}}}), entered};
}

TEST(PythonMerger, PutsFunctionsWhereTheLoopRanThem) {
  EXPECT_THAT(merged(9, "mEcEs", {named("f"), named("g")}), ElementsAre("m", "f", "c", "g"));
  EXPECT_THAT(merged(11, "mEcEs", {named("f"), named("g", true), named("h", true)}),
              ElementsAre("m", "f", "g", "c", "h"));
  EXPECT_THAT(merged(12, "mEcEs", {named("f"), named("g"), {nullptr, true}, named("h"), {nullptr, true}}),
              ElementsAre("m", "f", "g", "c", "h"));
}

constexpr const char* kShop = R"(
import functools, sys, threading

class Shop:
    def total(self, n):
        s = 0
        for i in range(2000):
            s += i * i     # line 8
        return s

    def deep(self, n):
        if n == 0:
            while True:
                self.total(3)              # line 14
        return self.deep(
            n - 1)                         # 3.8 on: line 15

def key(x):
    Shop().deep(DEPTH)    # line 19

def main():
    sorted([2], key=key)      # C between two runs of Python: line 22

DEPTH = int(sys.argv[1])
sys.setrecursionlimit(100000)
main()
)";

class PythonPrograms : public ::testing::TestWithParam<const char*> {
 protected:
  // "" when that version is not installed.
  static std::string interpreter(const std::string& version) {
    for (const std::string& folder : {std::string("/usr/bin"), std::string("/usr/local/bin")})
      if (access((folder + "/python" + version).c_str(), X_OK) == 0) return folder + "/python" + version;
    // Versions beside the machine's own, as pyenv keeps them.
    const std::string versions = home() + "/.pyenv/versions";
    std::string path;
    if (DIR* folder = opendir(versions.c_str())) {
      while (const dirent* entry = readdir(folder))
        if (std::string_view(entry->d_name).starts_with(version + "."))
          path = versions + "/" + entry->d_name + "/bin/python" + version;
      closedir(folder);
    }
    return path;
  }
  static std::string home() {
    const passwd* user = getpwuid(getuid());
    return user != nullptr ? user->pw_dir : "";
  }
};

TEST_P(PythonPrograms, HaveExactLines) {
  if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  const std::string version = GetParam();
  const std::string python = interpreter(version);
  if (python.empty()) GTEST_SKIP() << "Python " << version << " is not installed";
  const TemporaryFolder folder;
  write_file(folder / "shop.py", kShop);
  const RealProgram running({python, folder / "shop.py", "20"});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}});
  sampling.run(running, 0.3);
  const bool qualified = version != "3.8" && version != "3.9" && version != "3.10";
  const std::string shop = qualified ? "Shop." : "";
  const std::string stack = sampling.stack_with(running.pid(), shop + "total:8");
  EXPECT_THAT(stack, HasSubstr(";" + shop + "deep:14;" + shop + "deep:15;")) << stack;
  EXPECT_THAT(stack, HasSubstr(";key:19;"));
  EXPECT_THAT(stack, ::testing::EndsWith("main:22;<module>:26;"));
  EXPECT_THAT(stack, Not(HasSubstr("_PyEval_EvalFrameDefault")));
  EXPECT_THAT(stack, Not(HasSubstr(";key:19;main:22;"))) << "C between two runs of Python stays";
  std::size_t deep = 0;
  for (std::size_t at = stack.find(shop + "deep:15"); at != std::string::npos;
       at = stack.find(shop + "deep:15", at + 1))
    ++deep;
  EXPECT_EQ(deep, 20u);
}

constexpr const char* kMixed = R"(
import sys, threading, time

def work():
    s = 0
    for i in range(2000):
        s += i * i           # line 7

def numbers():
    while True:
        work()               # line 11
        yield 1

def consume():
    for n in numbers():      # line 15
        pass

def deep(n):
    if n == 0:
        consume()            # line 20
    else:
        deep(n - 1)          # line 22

def sleeper():
    time.sleep(600)

def spin():
    while True:
        work()               # line 29

sys.setrecursionlimit(100000)
threading.stack_size(16 << 20)
if sys.argv[1] == "deep":
    t = threading.Thread(target=deep, args=(400,))
    t.start()
    t.join()
for i in range(300):
    threading.Thread(target=sleeper, daemon=True).start()
spin()
)";

TEST_P(PythonPrograms, ShowThreadsGeneratorsAndDeepRecursion) {
  if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  const std::string python = interpreter(GetParam());
  if (python.empty()) GTEST_SKIP() << "Python " << GetParam() << " is not installed";
  const TemporaryFolder folder;
  write_file(folder / "mixed.py", kMixed);
  const RealProgram running({python, folder / "mixed.py", "deep"});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}});
  sampling.run(running, 0.3);
  const std::string stack = sampling.stack_with_text(running.pid(), "work:7;numbers:11;");
  EXPECT_THAT(stack, HasSubstr(";consume:15;deep:20;deep:22;")) << "up to 3.11 C calls generators";
  EXPECT_EQ(frames_named(stack, "deep:22;"), 400u) << stack;
  EXPECT_THAT(stack, Not(HasSubstr("[unknown]")));
}

// The main thread stands behind three hundred others in the interpreter's list.
TEST_P(PythonPrograms, GiveNoThreadTheFunctionsOfAnother) {
  if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  const std::string python = interpreter(GetParam());
  if (python.empty()) GTEST_SKIP() << "Python " << GetParam() << " is not installed";
  const TemporaryFolder folder;
  write_file(folder / "mixed.py", kMixed);
  const RealProgram running({python, folder / "mixed.py", "threads"});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}});
  sampling.run(running, 0.6);
  EXPECT_GT(sampling.engine().status().losses[bpf::kCountPythonLost], 0u);
  for (const Stack& one : sampling.all())
    if (one.tid == running.pid()) {
      EXPECT_THAT(text_of(one), Not(HasSubstr(";sleeper")));
    }
}

constexpr const char* kExtension = R"(
static volatile unsigned long sum;
__attribute__((noinline)) static void fast_work(void) { for (int i = 0; i < 1000000; ++i) sum += i * sum; }
static PyObject* fast_spin(PyObject* self, PyObject* none) { fast_work(); Py_RETURN_NONE; }
__attribute__((noinline)) static PyObject* fast_apply(PyObject* f) { PyObject* r = PyObject_CallObject(f, 0); sum++; return r; }
static PyObject* fast_call(PyObject* self, PyObject* f) { PyObject* r = fast_apply(f); sum++; return r; }
static PyMethodDef methods[] = {{"spin", fast_spin, METH_NOARGS, ""}, {"call", fast_call, METH_O, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", "", -1, methods};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
)";
constexpr const char* kUsesExtension = R"(
import sys
sys.path.insert(0, sys.argv[1])
import fast

def inner():
    while True:
        fast.spin()        # line 8

def outer():
    fast.call(inner)       # line 11

outer()                    # line 13
)";

TEST_P(PythonPrograms, KeepTheFunctionsOfAnExtensionInTheirPlace) {
  if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  const std::string version = GetParam();
  const std::string python = interpreter(version);
  if (python.empty()) GTEST_SKIP() << "Python " << version << " is not installed";
  const std::string headers = python.substr(0, python.rfind("/bin/")) + "/include/python" + version;
  if (access((headers + "/Python.h").c_str(), R_OK) != 0)
    GTEST_SKIP() << "Python " << version << " has no headers";
  const TemporaryFolder folder;
  compile(folder, "fast.so", kExtension,
          {"-O2", "-fPIC", "-shared", "-fno-optimize-sibling-calls", "-I" + headers, "-include", "Python.h"});
  write_file(folder / "uses.py", kUsesExtension);
  const RealProgram running({python, folder / "uses.py", folder / ""});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}});
  sampling.run(running, 0.3);
  EXPECT_THAT(sampling.stack_with(running.pid(), "inner:8"),
              ::testing::MatchesRegex(
                  "fast_work;fast_spin;.*inner:8;.*fast_apply;fast_call;.*outer:11;<module>:13;"));
}

INSTANTIATE_TEST_SUITE_P(Versions, PythonPrograms,
                         ::testing::Values("3.8", "3.9", "3.10", "3.11", "3.12", "3.13"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[1] = '_';
                           return name;
                         });

}  // namespace
}  // namespace invar::ebpf
