#include "archive_tool/contained.h"

#include <utility>

#include "archive_tool/pushed.h"
#include "jfr/ingest_body.h"
#include "jfr/profile_kind.h"

namespace invar::archive_tool {
namespace {

Result<jfr::Conversion> converted(const archive::Meta& meta, std::string_view body) {
  if (ingest_format(meta) == IngestFormat::kJfr) {
    const auto& types = meta.ingest_content_types;
    return jfr::convert_ingest_body(meta.ingest_query, types.empty() ? std::string_view() : types.front(),
                                    body);
  }
  INVAR_ASSIGN_OR_RETURN(jfr::ConvertedProfile profile, pushed_profile(meta, body));
  jfr::Conversion out;
  out.profiles.push_back(std::move(profile));
  return out;
}

}  // namespace

bool holds_profiles(const archive::Meta& meta) {
  return ingest_format(meta) != IngestFormat::kOther;
}

std::vector<std::string_view> contained_names(const archive::Meta& meta) {
  if (ingest_format(meta) != IngestFormat::kJfr) return {kPushedNames.begin(), kPushedNames.end()};
  const auto names = jfr::profile_names();
  return {names.begin(), names.end()};
}

Result<jfr::Conversion> contained_profiles(const Item& item, std::string_view body) {
  auto conversion = converted(item.meta, body);
  if (!conversion) return std::unexpected(conversion.error().wrapped(item.path));
  return conversion;
}

}  // namespace invar::archive_tool
