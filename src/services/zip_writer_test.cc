// Archives are judged by other programs: Python's zipfile and, where installed, unzip.
#include "services/zip_writer.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

namespace invar::services {
namespace {

constexpr UnixNanos kTime = 1'767'225'784'000'000'000;  // 2026-01-01T00:03:04Z

class ZipFile {
 public:
  explicit ZipFile(const std::string& bytes) {
    std::array<char, 32> name{"/tmp/invar-zip-XXXXXX"};
    close(mkstemp(name.data()));
    path_ = name.data();
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~ZipFile() { std::filesystem::remove(path_); }

  struct Output {
    int status;
    std::string text;
  };
  [[nodiscard]] Output run(const std::string& before, const std::string& after = "") const {
    FILE* pipe = popen((before + " " + path_ + " " + after + " 2>&1").c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer;
    for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      text.append(buffer.data(), n);
    return {pclose(pipe), text};
  }

 private:
  std::string path_;
};

constexpr const char* kList = R"(python3 -c '
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(z.testzip())
for i in z.infolist():
    print(i.filename, i.file_size, i.compress_type, i.date_time, oct(i.external_attr >> 16), z.read(i)[:5])
')";

TEST(ZipWriter, OthersReadWhatItWrites) {
  ZipWriter zip(kTime);
  std::string noise(2000, '\0');
  std::mt19937 random(1);  // NOLINT: the same every time
  for (char& c : noise) c = static_cast<char>(random());
  ASSERT_TRUE(zip.add("folder/a.txt", std::string(5000, 'a')));
  ASSERT_TRUE(zip.add("empty", ""));
  ASSERT_TRUE(zip.add("noise", "noise" + noise));
  ASSERT_TRUE(zip.add("folder/grün.txt", "x"));
  const auto bytes = zip.finish();
  ASSERT_TRUE(bytes);
  EXPECT_LT(bytes->size(), 2600U);

  const ZipFile file(*bytes);
  const auto listed = file.run(kList);
  EXPECT_EQ(listed.status, 0);
  EXPECT_EQ(listed.text,
            "None\n"
            "folder/a.txt 5000 8 (2026, 1, 1, 0, 3, 4) 0o100644 b'aaaaa'\n"
            "empty 0 0 (2026, 1, 1, 0, 3, 4) 0o100644 b''\n"
            "noise 2005 0 (2026, 1, 1, 0, 3, 4) 0o100644 b'noise'\n"
            "folder/grün.txt 1 0 (2026, 1, 1, 0, 3, 4) 0o100644 b'x'\n");
  if (std::filesystem::exists("/usr/bin/unzip")) {
    const auto tested = file.run("unzip -t");
    EXPECT_EQ(tested.status, 0) << tested.text;
  }
}

TEST(ZipWriter, AnEmptyArchiveIsOneToo) {
  ZipWriter zip(0);  // before 1980, where the format's time begins
  const ZipFile file(*zip.finish());
  EXPECT_EQ(file.run(kList).text, "None\n");
}

TEST(ZipWriter, TheFormatsLimitsAreErrors) {
  ZipWriter zip(kTime);
  EXPECT_FALSE(zip.add(std::string(65536, 'n'), ""));
  for (int i = 0; i < 65535; ++i) ASSERT_TRUE(zip.add("n", ""));
  const auto one_more = zip.add("n", "");
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace invar::services
