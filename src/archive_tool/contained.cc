#include "archive_tool/contained.h"

#include "jfr/ingest_body.h"

namespace invar::archive_tool {

bool holds_jfr(const archive::Meta& meta) {
  return meta.kind == archive::Kind::kIngest && jfr::is_jfr_ingest(meta.ingest_query);
}

Result<jfr::Conversion> contained_profiles(const Item& item, std::string_view body) {
  const auto& types = item.meta.ingest_content_types;
  auto conversion = jfr::convert_ingest_body(item.meta.ingest_query,
                                             types.empty() ? std::string_view() : types.front(), body);
  if (!conversion) return std::unexpected(conversion.error().wrapped(item.path));
  return conversion;
}

}  // namespace invar::archive_tool
