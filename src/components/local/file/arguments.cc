#include "components/local/file/arguments.h"

#include <array>

#include "base/choice.h"

namespace invar::components::local_file {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.filename.empty()) return fail(ErrorCode::kInvalidArgument, "filename must not be empty");
  if (arguments.poll_frequency <= Duration::zero()) {
    return fail(ErrorCode::kInvalidArgument, "poll_frequency must be greater than 0");
  }
  return {};
}

}  // namespace

Result<Detector> parse_detector(std::string_view text) {
  if (text == "fsnotify") return Detector::kFsnotify;
  if (text == "poll") return Detector::kPoll;
  constexpr std::array<std::string_view, 2> kDetectors = {"fsnotify", "poll"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("unrecognized detector", text, kDetectors));
}

std::string_view to_string(Detector detector) {
  return detector == Detector::kPoll ? "poll" : "fsnotify";
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("filename", &Arguments::filename, "Path of the file.")
          .required()
          .attribute("detector", &Arguments::detector,
                     "How changes are noticed: `fsnotify` (at once) or `poll` (at `poll_frequency`).")
          .default_text("\"fsnotify\"")
          .attribute("poll_frequency", &Arguments::poll_frequency,
                     "How often the file is read again, with either detector.")
          .attribute("is_secret", &Arguments::is_secret,
                     "Marks the content as a secret, which is never shown.")
          .check(check)
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("content", &Exports::content, "The bytes of the file as text, as they are.")
          .build();
  return schema;
}

}  // namespace invar::components::local_file
