// What readelf and c++filt make of the same: unwind rows of real libraries of both architectures, names of a real library.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/strings.h"
#include "ebpf/cfi.h"
#include "ebpf/demangle.h"
#include "ebpf/elf_file.h"
#include "ebpf/testing/real_program.h"

namespace invar::ebpf {
namespace {

using namespace ebpf::testing;

std::string text_of_file(const std::string& path) {
  const FileBytes file(UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)));
  return file.bytes(0, file.size());
}

// "rsp+16" and "c-8": a register and an offset; nullopt for expressions, and what is not saved.
std::optional<std::int64_t> offset_from(std::string_view text, std::string_view base) {
  if (!text.starts_with(base)) return std::nullopt;
  text.remove_prefix(base.size());
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto number = parse_uint(text.substr(1));
  if (!number) return std::nullopt;
  const auto value = static_cast<std::int64_t>(*number);
  return text[0] == '-' ? -value : value;
}

struct Registers {
  std::string_view sp, fp;
};

// What readelf says at one address, against a rule; "" when they agree or it is an expression.
std::string difference(const std::map<std::string, std::string>& said, const bpf::rule& rule,
                       const Registers& names, Machine machine) {
  if (rule.cfa > bpf::kCfaFp) return {};  // signal frames, stops, expressions
  const std::string& cfa = said.at("CFA");
  const auto sp = offset_from(cfa, names.sp), fp = offset_from(cfa, names.fp);
  if (!sp && !fp) return {};
  const bool too_far = (sp ? *sp : *fp) > std::numeric_limits<std::int16_t>::max();
  if (rule.cfa == bpf::kCfaNone && too_far) return {};
  if (rule.cfa != (sp ? bpf::kCfaSp : bpf::kCfaFp) || rule.cfa_offset != (sp ? *sp : *fp))
    return "CFA " + cfa;
  const auto column = [&](const std::string& name) {
    const auto at = said.find(name);
    return at == said.end() ? std::string("u") : at->second;
  };
  const std::string ra = column("ra"), saved_fp = column(std::string(names.fp));
  if (const auto at = offset_from(ra, "c"); at && (rule.ra != bpf::kRaAtCfa || rule.ra_offset != *at))
    return "ra " + ra;
  if (ra == "u" && machine == Machine::kAarch64 && rule.ra != bpf::kRaInLink) return "ra " + ra;
  if (const auto at = offset_from(saved_fp, "c"); at && (rule.fp != bpf::kFpAtCfa || rule.fp_offset != *at))
    return "frame pointer " + saved_fp;
  if (saved_fp == "u" && rule.fp != bpf::kFpSame) return "frame pointer " + saved_fp;
  return {};
}

std::vector<UnwindRow> rows_of(const std::string& library, Machine machine) {
  auto elf =
      ElfFile::open(std::make_unique<FileBytes>(UniqueFd(open(library.c_str(), O_RDONLY | O_CLOEXEC))));
  EXPECT_TRUE(elf);
  const Section* section = (*elf)->section(".eh_frame");
  EXPECT_NE(section, nullptr);
  const std::string bytes = (*elf)->contents(*section, std::size_t{64} << 20);
  auto rows = read_cfi({.bytes = bytes, .address = section->header.sh_addr}, machine).rows;
  std::ranges::stable_sort(rows, {},
                           [](const UnwindRow& row) { return std::pair(row.address, !row.function_end); });
  return rows;
}

class UnwindRowsOf : public ::testing::TestWithParam<std::pair<std::string, Machine>> {};

TEST_P(UnwindRowsOf, AreThoseOfReadelf) {
  const auto& [library, machine] = GetParam();
  if (access(library.c_str(), R_OK) != 0) GTEST_SKIP() << library << " is not installed";
  if (run({"readelf", "--version"}) != 0) GTEST_SKIP() << "readelf is not installed";
  const Registers names = machine == Machine::kX86_64 ? Registers{"rsp", "rbp"} : Registers{"sp", "x29"};
  const TemporaryFolder folder;
  ASSERT_EQ(run({"sh", "-c", "readelf -wF " + library + " >" + (folder / "frames") + " 2>/dev/null; true"}),
            0);
  const auto rows = rows_of(library, machine);
  std::vector<std::string> columns, differences;
  std::size_t compared = 0;
  const std::string text = text_of_file(folder / "frames");
  bool of_function = false;
  for (const std::string_view line : split(text, '\n')) {
    if (line.find(" FDE ") != std::string_view::npos || line.find(" CIE ") != std::string_view::npos)
      of_function = line.find(" FDE ") != std::string_view::npos;
    std::vector<std::string> words;
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) words.emplace_back(word);
    if (!words.empty() && words[0] == "LOC") columns = words;
    const auto address = words.empty() ? std::nullopt : parse_uint(words[0], 16);
    if (!of_function || !address || words.size() != columns.size() || words[0].size() != 16) continue;
    const auto behind = std::ranges::upper_bound(rows, *address, {}, &UnwindRow::address);
    if (behind == rows.begin()) continue;
    std::map<std::string, std::string> said;
    for (std::size_t i = 1; i < words.size(); ++i) said[columns[i]] = words[i];
    ++compared;
    if (const std::string wrong = difference(said, std::prev(behind)->rule, names, machine); !wrong.empty())
      differences.push_back(words[0] + ": " + wrong);
  }
  EXPECT_GT(compared, 5000u);
  EXPECT_EQ(differences.size(), 0u) << "the first: " << (differences.empty() ? "" : differences[0]);
}

INSTANTIATE_TEST_SUITE_P(
    Libraries, UnwindRowsOf,
    ::testing::Values(std::pair(std::string("/lib/x86_64-linux-gnu/libc.so.6"), Machine::kX86_64),
                      std::pair(std::string("/usr/lib/x86_64-linux-gnu/libcrypto.so.3"), Machine::kX86_64),
                      std::pair(std::string("/usr/aarch64-linux-gnu/lib/libc.so.6"), Machine::kAarch64)),
    [](const auto& info) { return "Library" + std::to_string(info.index); });

TEST(Demangle, IsThatOfCxxfiltForAWholeLibrary) {
  const TemporaryFolder folder;
  const std::string names = folder / "names", full = folder / "full", templates = folder / "templates";
  const std::string library = "$(cc -print-file-name=libstdc++.so)";
  if (run({"sh", "-c",
           "nm -D --defined-only -P " + library + " | cut -d' ' -f1 | cut -d@ -f1 | grep ^_Z >" + names}) !=
          0 ||
      run({"sh", "-c",
           "c++filt -i <" + names + " >" + full + " && c++filt -i -p <" + names + " >" + templates}) != 0)
    GTEST_SKIP() << "binutils are not installed";
  const std::string texts[] = {text_of_file(names), text_of_file(full), text_of_file(templates)};
  const auto mangled = split(texts[0], '\n'), wanted = split(texts[1], '\n'), without = split(texts[2], '\n');
  ASSERT_GT(mangled.size(), 3000u);
  ASSERT_EQ(mangled.size(), wanted.size());
  for (std::size_t i = 0; i < mangled.size(); ++i) {
    if (wanted[i].size() > kMaxName) continue;
    ASSERT_EQ(demangled(mangled[i], Demangling::kFull), wanted[i]);
    ASSERT_EQ(demangled(mangled[i], Demangling::kTemplates), without[i]);
    ASSERT_EQ(demangled(mangled[i], Demangling::kNone), mangled[i]);
  }
}

}  // namespace
}  // namespace invar::ebpf
