#include "symbols/symbol_name.h"

#include <gtest/gtest.h>

namespace invar::symbols {
namespace {

TEST(SymbolName, DropsWhatHidesTheName) {
  const struct {
    const char *full, *want;
  } rows[] = {
      {"main", "main"},
      {"invar::labels::process(invar::Labels const&)", "invar::labels::process"},
      {"std::vector<int, std::allocator<int> >::push_back(int const&)", "std::vector::push_back"},
      {"void std::sort<int*>(int*, int*)", "std::sort"},
      {"invar::(anonymous namespace)::helper(int)", "invar::(anonymous namespace)::helper"},
      {"bool invar::(anonymous namespace)::test<int>(int) const", "invar::(anonymous namespace)::test"},
      {"invar::Labels::operator==(invar::Labels const&) const", "invar::Labels::operator=="},
      {"std::ostream& std::operator<< <char>(std::ostream&, char const*)", "std::operator<<"},
      {"a::B::operator<(a::B const&) const", "a::B::operator<"},
      {"a::B::operator->() const", "a::B::operator->"},
      {"a::B::operator()(int) const", "a::B::operator()"},
      {"operator new(unsigned long)", "operator new"},
      {"a::B::operator bool() const", "a::B::operator bool"},
      {"my_operator_thing(int)", "my_operator_thing"},
      {"f(int)::{lambda(std::vector<int>)#2}::operator()(std::vector<int>) const",
       "f::{lambda#2}::operator()"},
      {"a::f(int) [clone .part.0]", "a::f"},
      {"a::f(int) [clone .isra.0] [clone .cold]", "a::f"},
      {"std::pair<a::B, int> a::g<a::B>(a::B const&) &&", "a::g"},
      {"_start", "_start"},
      {"[libc.so.6]", "[libc.so.6]"},
      {"x<", "x"},
      {"", ""},
      {"{unbalanced", "{unbalanced"},
  };
  for (const auto& row : rows) EXPECT_EQ(short_name(row.full), row.want) << row.full;
}

TEST(SymbolName, DemanglesOnlyCppSymbols) {
  EXPECT_EQ(demangle("_ZN1a1fEi"), "a::f(int)");
  EXPECT_EQ(demangle("_Znotreally"), "_Znotreally");
  EXPECT_EQ(demangle("main"), "main");
}

}  // namespace
}  // namespace invar::symbols
