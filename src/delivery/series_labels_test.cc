#include "delivery/series_labels.h"

#include <gtest/gtest.h>

namespace invar::delivery {
namespace {

TEST(SeriesLabels, HiddenLabelsStayBehindOnBothPaths) {
  const Labels in{{"__name__", "cpu"}, {"__delta__", "false"},  {"__address__", "h:1"},
                  {"__meta_a-b", "x"}, {"__param_a b", "\xff"}, {"service_name", "api"},
                  {"env", "dev"}};
  EXPECT_EQ(push_labels(in, {}).value(),
            (Labels{{"__delta__", "false"}, {"__name__", "cpu"}, {"env", "dev"}, {"service_name", "api"}}));
  EXPECT_EQ(ingest_labels(in, {}).value(),
            (Labels{{"__delta__", "false"}, {"__name__", "api"}, {"env", "dev"}, {"service_name", "api"}}));
}

TEST(SeriesLabels, ExternalLabelsOverwriteAndAnEmptyOneRemoves) {
  const Labels in{{"__name__", "cpu"}, {"env", "dev"}, {"zone", "a"}};
  const ExternalLabels external{
      {"env", "prod"}, {"zone", ""}, {"region", "eu"}, {"__hidden__", "sent as is"}};
  EXPECT_EQ(push_labels(in, external).value(),
            (Labels{{"__hidden__", "sent as is"}, {"__name__", "cpu"}, {"env", "prod"}, {"region", "eu"}}));
}

TEST(SeriesLabels, MistakesHaveTheDocumentedTexts) {
  const struct {
    Labels labels;
    const char* text;
  } cases[] = {
      {Labels{}, "service name is required"},
      {Labels{{"__address__", "only hidden"}}, "service name is required"},
      {Labels::from({{"a", "\xff"}}), "invalid label value for a: \xff"},
      {Labels::from({{"", "x"}}), "invalid label name: label name is required"},
      {Labels::from({{"a\xff", "x"}}), "invalid label name: \"a\\xff\" is not UTF-8"},
  };
  for (const auto& c : cases) {
    for (const auto& result : {push_labels(c.labels, {}), ingest_labels(c.labels, {})}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().message, std::string("invalid labels in profile: ") + c.text);
    }
  }
  for (const char* name : {"a.b_C9", "a-b", "größe", "1", "a b", "k={}"})
    EXPECT_TRUE(push_labels(Labels{{name, "grün"}}, {})) << "the server judges " << name;
}

TEST(SeriesLabels, TheIngestNameIsSafeForItsSyntax) {
  const struct {
    Labels labels;
    const char* name;
  } cases[] = {
      {Labels{{"__name__", "svc"}, {"region", "eu"}, {"env", "prod"}}, "svc{env=prod,region=eu}"},
      {Labels{{"__name__", "app"}}, "app{}"},
      {Labels{{"env", "prod"}}, "{env=prod}"},
      {Labels{{"__name__", "app"}, {"a=b,c", "d"}}, "app{a_b_c=d}"},
      {Labels{{"__name__", "a{b"}, {"k", "x,y}z={ w"}}, "a_b{k=x_y_z={ w}"},
  };
  for (const auto& c : cases) EXPECT_EQ(ingest_name(c.labels), c.name);
}

}  // namespace
}  // namespace invar::delivery
