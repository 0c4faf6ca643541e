#include "archive_tool/replay_state.h"

#include <fmt/format.h>

#include "json/writer.h"
#include "syntax/json.h"

namespace invar::archive_tool {
namespace {

constexpr std::int64_t kVersion = 1;

std::unexpected<Error> damaged() {
  return fail(ErrorCode::kDataLoss, "is not the state of a replay");
}

}  // namespace

std::string replay_state_json(const ReplayState& state) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("version", kVersion).field("sent", state.sent);
  out.field("shift_ns", state.shift.count())
      .field("up_to", state.up_to)
      .key("also")
      .list(state.also)
      .end_object();
  return text + '\n';
}

Result<ReplayState> parse_replay_state(std::string_view json) {
  const auto parsed = syntax::parse_json(json, {.integers = true});
  if (!parsed || parsed->type() != syntax::Type::kObject) return damaged();
  const auto field = [&](std::string_view name, syntax::Type type) {
    const syntax::Value* value = parsed->as_object().find(name);
    return value != nullptr && value->type() == type ? value : nullptr;
  };
  const auto* version = field("version", syntax::Type::kNumber);
  const auto* sent = field("sent", syntax::Type::kNumber);
  const auto* shift = field("shift_ns", syntax::Type::kNumber);
  const auto* up_to = field("up_to", syntax::Type::kString);
  const auto* also = field("also", syntax::Type::kArray);
  if (!version || version->as_int() != kVersion || !sent || !shift || !up_to || !also) return damaged();
  ReplayState state{.up_to = up_to->as_string(), .shift = Duration(shift->as_int()), .sent = sent->as_uint()};
  for (const syntax::Value& path : also->as_array()) {
    if (path.type() != syntax::Type::kString) return damaged();
    state.also.insert(path.as_string());
  }
  return state;
}

}  // namespace invar::archive_tool
