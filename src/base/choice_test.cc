#include "base/choice.h"

#include <gtest/gtest.h>

#include <array>

namespace invar {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};

TEST(Choice, SaysWhatThereIsAndWhatWasMeant) {
  const struct {
    const char* written;
    const char* meant;
  } rows[] = {
      {"inof", "info"}, {"WARN", "warn"}, {"warning", "warn"}, {"trace", ""}, {"", ""},
  };
  for (const auto& row : rows) {
    const std::string meant = *row.meant != '\0' ? " (did you mean \"" + std::string(row.meant) + "\"?)" : "";
    EXPECT_EQ(wrong_choice("unknown level", row.written, kLevels),
              "unknown level \"" + std::string(row.written) + "\"; it is one of debug, info, warn and error" +
                  meant);
  }
}

TEST(Choice, DoesNotGuessAmongMany) {
  EXPECT_EQ(
      wrong_choice("unknown version", "TLS14", std::array<std::string_view, 3>{"TLS11", "TLS12", "TLS13"}),
      "unknown version \"TLS14\"; it is one of TLS11, TLS12 and TLS13");
}

TEST(Choice, ShowsNothingThatSteersATerminal) {
  EXPECT_EQ(wrong_choice("unknown level", "\x1b[2J", std::array<std::string_view, 1>{"info"}),
            "unknown level \"\\\\x1b[2J\"; it can only be info");
}

TEST(Choice, ListsWords) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed(std::array<std::string_view, 1>{"a"}), "a");
  EXPECT_EQ(listed(kLevels, " or "), "debug, info, warn or error");
}

}  // namespace
}  // namespace invar
