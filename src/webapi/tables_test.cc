#include "webapi/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

using syntax::BodyValue;
using syntax::Value;
using ::testing::HasSubstr;

BodyValue many_blocks(int count) {
  BodyValue out;
  out.attribute("files", std::uint64_t{7});
  for (int i = 0; i < count; ++i) {
    BodyValue row;
    row.attribute("url", "http://host" + std::to_string(i)).attribute("bytes", std::uint64_t(i));
    out.block("endpoint", "", std::move(row));
  }
  return out;
}

TEST(Tables, ShortListsStayInTheBody) {
  BodyValue body = many_blocks(20);
  EXPECT_TRUE(take_tables("debug_info", body).empty());
  EXPECT_EQ(body.statements.size(), 21u);
}

TEST(Tables, LongOnesAreTakenOut) {
  BodyValue body = many_blocks(21);
  std::vector<Value> targets(30, Value::object({{"__address__", Value("a:1")}}));
  body.attribute("targets", Value(targets));
  const auto tables = take_tables("exports", body);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].name, "exports.endpoint");
  EXPECT_EQ(tables[0].rows.size(), 21u);
  EXPECT_EQ(tables[1].name, "exports.targets");
  EXPECT_EQ(body.statements.size(), 1u);
}

TEST(Tables, APageIsFilteredAndSorted) {
  BodyValue body = many_blocks(30);
  const auto tables = take_tables("debug_info", body);
  const std::string found =
      table_json(tables.at(0), {.find = "HOST2", .sort = "url", .descending = true, .offset = 0, .limit = 2});
  EXPECT_EQ(
      found,
      R"({"total":30,"matched":11,"columns":["url","bytes"],"rows":[["http://host29","29"],["http://host28","28"]]})");
  EXPECT_THAT(table_json(tables.at(0), {.offset = 29}), HasSubstr(R"("rows":[["http://host29","29"]])"));
  EXPECT_THAT(table_json(tables.at(0), {.sort = "no such column", .limit = 1}), HasSubstr("host0"));
}

}  // namespace
}  // namespace invar::webapi
