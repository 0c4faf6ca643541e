// Bounds that keep a hostile recording from costing more than a small multiple of its size. What goes beyond one is counted
// (report.h), never silently left out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace invar::jfr {

inline constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;  // offsets are 32 bits wide
inline constexpr std::uint64_t kMaxEvents = std::uint64_t{16} << 20;
inline constexpr std::uint32_t kMaxStackDepth = 2048;
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxThreadNameBytes = 1024;
inline constexpr std::size_t kMaxSettingBytes = 256;  // names and values that are read
inline constexpr std::size_t kMaxMetadataStrings = std::size_t{1} << 17;
inline constexpr std::size_t kMaxClasses = std::size_t{1} << 14;
inline constexpr std::size_t kMaxFields = std::size_t{1} << 17;
inline constexpr std::size_t kMaxLayoutSteps = 4096;  // fields of one class, with all that is nested in it
inline constexpr unsigned kMaxNesting = 16;
inline constexpr std::size_t kMaxConstants = std::size_t{4} << 20;  // of all pools of one chunk
inline constexpr std::size_t kMaxLocations = std::size_t{4} << 20;
inline constexpr std::size_t kMaxLabelSets = std::size_t{1} << 20;
inline constexpr std::size_t kMaxNames = std::size_t{1} << 16;       // of threads and spans
inline constexpr std::size_t kMaxStacks = std::size_t{1} << 20;      // different ones of one recording
inline constexpr std::size_t kMaxNameBytes = std::size_t{64} << 20;  // of all functions of one recording
inline constexpr std::size_t kMaxRows = std::size_t{1} << 20;        // different samples of one profile

inline constexpr std::size_t kMaxSpans = std::size_t{1} << 20;  // a chunk

}  // namespace invar::jfr
