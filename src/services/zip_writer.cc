#include "services/zip_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "codec/gzip.h"
#include "codec/hash.h"

namespace invar::services {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryHeader = 0x02014b50, kDirectoryEnd = 0x06054b50;
constexpr std::uint16_t kNeedsVersion = 20;           // deflate
constexpr std::uint16_t kMadeByUnix = (3 << 8) | 20;  // so that the attributes below are a mode
constexpr std::uint32_t kRegularFile = 0100644U << 16;
constexpr std::uint16_t kUtf8Names = 1 << 11;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::size_t kMaxSize = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxCount = std::numeric_limits<std::uint16_t>::max();

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8 & 0xff);
}

void put32(std::string& out, std::size_t value) {
  put16(out, value & 0xffff);
  put16(out, value >> 16);
}

}  // namespace

ZipWriter::ZipWriter(UnixNanos modified_unix_ns) {
  const std::time_t seconds = modified_unix_ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const int years = std::clamp(utc.tm_year - 80, 0, 127);  // since 1980, in seven bits
  dos_date_ = static_cast<std::uint16_t>(years << 9 | (utc.tm_mon + 1) << 5 | utc.tm_mday);
  dos_time_ = static_cast<std::uint16_t>(utc.tm_hour << 11 | utc.tm_min << 5 | utc.tm_sec / 2);
}

Result<> ZipWriter::add(std::string_view name, std::string_view data) {
  if (name.size() > kMaxCount || entries_ == kMaxCount || data.size() > kMaxSize) {
    return fail(ErrorCode::kResourceExhausted, "the archive would be too large for the ZIP format");
  }
  const auto packed = codec::deflated(data);
  const std::string_view body = packed ? std::string_view(*packed) : data;
  const std::size_t offset = out_.size();
  if (offset + body.size() + directory_.size() + 3 * name.size() + 256 > kMaxSize) {
    return fail(ErrorCode::kResourceExhausted, "the archive would be too large for the ZIP format");
  }

  // What both headers say, in the same order.
  std::string common;
  put16(common, kNeedsVersion);
  put16(common, valid_utf8(name) ? kUtf8Names : 0);
  put16(common, packed ? kDeflated : kStored);
  put16(common, dos_time_);
  put16(common, dos_date_);
  put32(common, codec::crc32(data));
  put32(common, body.size());
  put32(common, data.size());
  put16(common, name.size());
  put16(common, 0);  // extra field

  put32(out_, kLocalHeader);
  out_ += common;
  out_ += name;
  out_ += body;

  put32(directory_, kDirectoryHeader);
  put16(directory_, kMadeByUnix);
  directory_ += common;
  put16(directory_, 0);  // comment
  put16(directory_, 0);  // disk
  put16(directory_, 0);  // internal attributes
  put32(directory_, kRegularFile);
  put32(directory_, offset);
  directory_ += name;
  ++entries_;
  return {};
}

Result<std::string> ZipWriter::finish() {
  const std::size_t offset = out_.size();
  out_ += directory_;
  put32(out_, kDirectoryEnd);
  put16(out_, 0);  // this disk
  put16(out_, 0);  // disk of the directory
  put16(out_, entries_);
  put16(out_, entries_);
  put32(out_, directory_.size());
  put32(out_, offset);
  put16(out_, 0);  // comment
  directory_.clear();
  entries_ = 0;
  return std::exchange(out_, {});
}

}  // namespace invar::services
