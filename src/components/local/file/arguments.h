// The arguments and exports of local.file. Spec: discovery.md 13.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "syntax/schema.h"

namespace invar::components::local_file {

enum class Detector { kFsnotify, kPoll };
// Errors: `unrecognized detector "x", expected fsnotify or poll`.
Result<Detector> parse_detector(std::string_view text);
std::string_view to_string(Detector detector);

struct Arguments {
  std::string filename;
  Detector detector = Detector::kFsnotify;
  Duration poll_frequency = std::chrono::minutes(1);
  bool is_secret = false;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  syntax::OptionalSecretText content;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::local_file

namespace invar::syntax {
template <>
struct Codec<components::local_file::Detector>
    : TextCodec<components::local_file::Detector, components::local_file::parse_detector,
                components::local_file::to_string> {};
}  // namespace invar::syntax
