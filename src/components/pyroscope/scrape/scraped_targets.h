// The loops of a ScrapePool as rows for pages: component::ScrapedTargets.
// An id is the loop's key: 16 hexadecimal digits of its identity, `~`, its names. Targets that cannot be scraped have `bad~` and a number.
// Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include "component/inspection.h"
#include "components/pyroscope/scrape/scrape_loop.h"

namespace invar::components::pyroscope_scrape {

std::string row_id(std::uint64_t identity, std::string_view names);
// The identity and the names; nothing for what is no such id.
std::optional<std::pair<std::uint64_t, std::string_view>> parse_row_id(std::string_view id);

component::TargetRow row_of(const ScrapeLoop& loop, std::uint64_t identity, std::string_view names,
                            Duration interval);
component::TargetDetail detail_of(const ScrapeLoop& loop, component::TargetRow row);
// Of a target that cannot be scraped as configured: its labels are not known any more but as text.
component::TargetRow bad_row(std::size_t number, const std::string& target, const std::string& message);

}  // namespace invar::components::pyroscope_scrape
