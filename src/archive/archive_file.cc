#include "archive/archive_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "codec/hash.h"

namespace invar::archive {
namespace {

// gzip, RFC 1952 2.3.
constexpr std::size_t kGzipHeader = 10;
constexpr std::uint8_t kFlagHcrc = 2, kFlagExtra = 4, kFlagName = 8, kFlagComment = 16, kFlagReserved = 0xe0;
constexpr std::string_view kEmptyDeflate{"\x03\x00\0\0\0\0\0\0\0\0", 10};  // empty final block, CRC 0, size 0
constexpr std::size_t kMaxExtra = 65535;

// Our subfield: 'I' 'v', length, then version, flags, CRC-32 of the records, records.
// docs/formats/archive.md.
constexpr char kSubfield1 = 'I', kSubfield2 = 'v';
constexpr std::size_t kSubfieldHeader = 4, kPreamble = 6;
constexpr std::size_t kMaxRecords = kMaxExtra - kSubfieldHeader - kPreamble;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kContinued = 1;  // flag: the records go on in the next member

enum Tag : std::uint8_t {
  kLabel = 1,
  kTaken = 2,
  kOrigin = 3,
  kSampleId = 4,
  kKind = 5,
  kForm = 6,
  kGzipHead = 7,
  kIngestPath = 8,
  kIngestQuery = 9,
  kIngestType = 10,
};
enum Form : std::uint8_t {
  kPlainHeader = 0,  // arrived gzipped with a bare ten-byte header: the file's own, without the extra field
  kOtherHeader = 1,  // arrived gzipped; kGzipHead holds its header
  kCompressed = 2,   // arrived in another form; we compressed it
};

void put_u16(std::string& out, std::uint32_t v) {
  out += static_cast<char>(v);
  out += static_cast<char>(v >> 8);
}
void put_u32(std::string& out, std::uint32_t v) {
  put_u16(out, v);
  put_u16(out, v >> 16);
}
std::uint32_t get_u16(std::string_view in) {
  return static_cast<std::uint8_t>(in[0]) | static_cast<std::uint32_t>(static_cast<std::uint8_t>(in[1])) << 8;
}
std::uint32_t get_u32(std::string_view in) {
  return get_u16(in) | get_u16(in.substr(2)) << 16;
}

void put_varint(std::string& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  out += static_cast<char>(v);
}
std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t v = 0;
  for (int shift = 0; shift < 63 && !in.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return v;
  }
  return std::nullopt;
}

void put_record(std::string& out, Tag tag, std::string_view data) {
  out += static_cast<char>(tag);
  put_varint(out, data.size());
  out += data;
}

// Where the parts of one gzip member's header are.
struct Header {
  std::size_t size = 0;
  std::string_view extra;
};
enum class HeaderError { kShort, kNotGzip };

std::expected<Header, HeaderError> parse_header(std::string_view in) {
  if (in.size() >= 2 && !codec::is_gzip(in)) return std::unexpected(HeaderError::kNotGzip);
  if (in.size() < kGzipHeader) return std::unexpected(HeaderError::kShort);
  const auto flags = static_cast<std::uint8_t>(in[3]);
  if (in[2] != 8 || flags & kFlagReserved) return std::unexpected(HeaderError::kNotGzip);
  Header header{kGzipHeader, {}};
  if (flags & kFlagExtra) {
    if (in.size() < header.size + 2) return std::unexpected(HeaderError::kShort);
    const std::size_t length = get_u16(in.substr(header.size));
    if (in.size() < header.size + 2 + length) return std::unexpected(HeaderError::kShort);
    header.extra = in.substr(header.size + 2, length);
    header.size += 2 + length;
  }
  for (const std::uint8_t flag : {kFlagName, kFlagComment}) {
    if (!(flags & flag)) continue;
    const std::size_t end = in.find('\0', header.size);
    if (end == std::string_view::npos) return std::unexpected(HeaderError::kShort);
    header.size = end + 1;
  }
  if (flags & kFlagHcrc) header.size += 2;
  if (in.size() < header.size) return std::unexpected(HeaderError::kShort);
  return header;
}

// The data of our subfield, or nullopt. Other programs' subfields are skipped.
std::optional<std::string_view> find_subfield(std::string_view extra) {
  while (extra.size() >= kSubfieldHeader) {
    const std::size_t length = get_u16(extra.substr(2));
    if (extra.size() < kSubfieldHeader + length) return std::nullopt;
    if (extra[0] == kSubfield1 && extra[1] == kSubfield2) return extra.substr(kSubfieldHeader, length);
    extra.remove_prefix(kSubfieldHeader + length);
  }
  return std::nullopt;
}

std::string records_of(const Meta& meta, Form form, std::string_view gzip_head) {
  std::string out, label;
  out += static_cast<char>(kKind);
  out += '\1';
  out += meta.kind == Kind::kIngest ? '\1' : '\0';
  out += static_cast<char>(kForm);
  out += '\1';
  out += static_cast<char>(form);
  out += static_cast<char>(kTaken);
  out += '\10';
  put_u32(out, static_cast<std::uint32_t>(meta.taken_unix_ns));
  put_u32(out, static_cast<std::uint32_t>(static_cast<std::uint64_t>(meta.taken_unix_ns) >> 32));
  for (const Label& l : meta.labels) {
    label.clear();
    put_varint(label, l.name.size());
    label += l.name;
    label += l.value;
    put_record(out, kLabel, label);
  }
  const auto text = [&](Tag tag, std::string_view value) {
    if (!value.empty()) put_record(out, tag, value);
  };
  text(kOrigin, meta.origin);
  text(kSampleId, meta.sample_id);
  text(kGzipHead, gzip_head);
  text(kIngestPath, meta.ingest_path);
  text(kIngestQuery, meta.ingest_query);
  for (const std::string& type : meta.ingest_content_types) put_record(out, kIngestType, type);
  return out;
}

// One gzip header with our subfield. `fixed` are MTIME, XFL and OS.
void put_member_header(std::string& out, std::string_view fixed, std::string_view records, bool continued) {
  out += "\x1f\x8b\x08";
  out += static_cast<char>(kFlagExtra);
  out += fixed;
  put_u16(out, static_cast<std::uint32_t>(kSubfieldHeader + kPreamble + records.size()));
  out += kSubfield1;
  out += kSubfield2;
  put_u16(out, static_cast<std::uint32_t>(kPreamble + records.size()));
  out += static_cast<char>(kVersion);
  out += continued ? static_cast<char>(kContinued) : '\0';
  put_u32(out, codec::crc32(records));
  out += records;
}

// The chain of members that carry metadata.
struct Parsed {
  std::string_view single;      // the records, when one member holds them
  std::string joined;           // else
  std::string_view last_fixed;  // MTIME, XFL, OS of the member with the body
  std::size_t body_offset = 0;  // where that member's deflate stream starts
  [[nodiscard]] std::string_view records() const {
    return joined.empty() ? single : std::string_view(joined);
  }
};

// `need` is set when the prefix is too short: how much to read before asking again.
Result<Parsed> parse_chain(std::string_view file, std::size_t* need) {
  Parsed parsed;
  std::size_t at = 0;
  for (bool first = true;; first = false) {
    const std::string_view member = file.substr(at);
    const auto header = parse_header(member);
    if (!header) {
      if (header.error() == HeaderError::kNotGzip)
        return first ? fail(ErrorCode::kInvalidArgument, "not a gzip file")
                     : fail(ErrorCode::kDataLoss,
                            "damaged: a continued extra field is not followed by a gzip member");
      // Long enough for this header however long its extra field is; with a file name behind it, for any name
      // of ours.
      if (need) *need = at + kGzipHeader + 2 + kMaxExtra + kFirstReadBytes;
      return fail(ErrorCode::kDataLoss, "truncated inside the gzip header");
    }
    const auto data = find_subfield(header->extra);
    if (!data)
      return first ? fail(ErrorCode::kInvalidArgument, "a gzip file without Invar's extra field")
                   : fail(ErrorCode::kDataLoss, "damaged: a continued extra field has no continuation");
    if (data->size() < kPreamble) return fail(ErrorCode::kDataLoss, "damaged: the extra field is too short");
    const auto version = static_cast<std::uint8_t>((*data)[0]);
    if (version != kVersion)
      return fail(ErrorCode::kUnsupported, "written in version " + std::to_string(version) +
                                               " of the archive format; this program reads version 1");
    const std::string_view records = data->substr(kPreamble);
    if (codec::crc32(records) != get_u32(data->substr(2)))
      return fail(ErrorCode::kDataLoss, "damaged: wrong CRC of the metadata");
    const bool continued = (*data)[1] & kContinued;

    if (first && !continued) {
      parsed.single = records;
    } else {
      if (parsed.joined.size() + records.size() > kMaxMetaBytes || at > 2 * kMaxMetaBytes)
        return fail(ErrorCode::kResourceExhausted, "more than 16 MiB of metadata");
      parsed.joined += records;
    }
    parsed.last_fixed = member.substr(4, 6);
    parsed.body_offset = at + header->size;
    if (!continued) break;

    at += header->size;
    if (file.size() < at + kEmptyDeflate.size()) {
      if (need) *need = at + kEmptyDeflate.size() + kGzipHeader + 2 + kMaxExtra;
      return fail(ErrorCode::kDataLoss, "truncated inside the metadata");
    }
    if (file.substr(at, kEmptyDeflate.size()) != kEmptyDeflate)
      return fail(ErrorCode::kDataLoss, "damaged: a member that carries metadata only has a body");
    at += kEmptyDeflate.size();
  }
  return parsed;
}

struct Decoded {
  Meta meta;
  Form form = kPlainHeader;
  std::string gzip_head;
};

Result<Decoded> decode_records(std::string_view in) {
  Decoded decoded;
  std::vector<Label> labels;
  const auto damaged = [] { return fail(ErrorCode::kDataLoss, "damaged: malformed metadata record"); };
  while (!in.empty()) {
    const auto tag = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    const auto length = take_varint(in);
    if (!length || *length > in.size()) return damaged();
    std::string_view data = in.substr(0, *length);
    in.remove_prefix(*length);
    switch (tag) {
      case kLabel: {
        const auto name = take_varint(data);
        if (!name || *name > data.size()) return damaged();
        labels.push_back({std::string(data.substr(0, *name)), std::string(data.substr(*name))});
        break;
      }
      case kTaken:
        if (data.size() != 8) return damaged();
        decoded.meta.taken_unix_ns =
            static_cast<UnixNanos>(get_u32(data) | static_cast<std::uint64_t>(get_u32(data.substr(4))) << 32);
        break;
      case kKind:
        if (data.size() != 1 || static_cast<std::uint8_t>(data[0]) > 1) return damaged();
        decoded.meta.kind = data[0] ? Kind::kIngest : Kind::kPprof;
        break;
      case kForm:
        if (data.size() != 1 || static_cast<std::uint8_t>(data[0]) > kCompressed) return damaged();
        decoded.form = static_cast<Form>(data[0]);
        break;
      case kOrigin:
        decoded.meta.origin = data;
        break;
      case kSampleId:
        decoded.meta.sample_id = data;
        break;
      case kGzipHead:
        decoded.gzip_head = data;
        break;
      case kIngestPath:
        decoded.meta.ingest_path = data;
        break;
      case kIngestQuery:
        decoded.meta.ingest_query = data;
        break;
      case kIngestType:
        decoded.meta.ingest_content_types.emplace_back(data);
        break;
      default:
        break;  // written by a later version
    }
  }
  decoded.meta.labels = Labels::from(std::move(labels));
  decoded.meta.body_was_gzip = decoded.form != kCompressed;
  return decoded;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr std::size_t kUuidText = 36;
constexpr std::array<std::size_t, 4> kDashes = {8, 13, 18, 23};

constexpr std::string_view suffix_of(Kind kind) {
  return kind == Kind::kIngest ? ".ingest.gz" : ".pb.gz";
}

std::string uuid_text(std::uint64_t high, std::uint64_t low) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(kUuidText);
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    const std::uint64_t half = i < 16 ? high : low;
    out += kDigits[half >> (60 - 4 * (i % 16)) & 15];
  }
  return out;
}

}  // namespace

Encoded::Encoded(Encoded&& other) noexcept {
  *this = std::move(other);
}

Encoded& Encoded::operator=(Encoded&& other) noexcept {
  const bool own = !other.storage.empty() && other.body_tail.data() > other.storage.data() &&
                   other.body_tail.data() <= other.storage.data() + other.storage.size();
  head = std::move(other.head);
  body_tail = other.body_tail;
  const std::size_t size = body_tail.size();
  storage = std::move(other.storage);
  if (own) body_tail = std::string_view(storage).substr(storage.size() - size);
  return *this;
}

Result<Encoded> encode(const Meta& meta, std::string_view body) {
  Encoded encoded;
  Form form = kCompressed;
  std::string_view gzip_head, fixed;
  const auto header = parse_header(body);
  if (header) {
    form = header->size == kGzipHeader && body[3] == 0 ? kPlainHeader : kOtherHeader;
    if (form == kOtherHeader) gzip_head = body.substr(0, header->size);
    fixed = body.substr(4, 6);
    encoded.body_tail = body.substr(header->size);
  }
  if (!header || gzip_head.size() > kMaxMetaBytes / 2) {
    form = kCompressed;
    gzip_head = {};
    std::string packed;
    codec::Deflater().gzip(body, packed);
    const auto own = parse_header(packed);
    INVAR_CHECK(own.has_value(), "our own gzip is well-formed");
    encoded.storage = std::move(packed);
    encoded.body_tail = std::string_view(encoded.storage).substr(own->size);
    fixed =
        std::string_view("\0\0\0\0\0\xff", 6);  // no time, unknown system: the same bytes give the same file
  }

  const std::string records = records_of(meta, form, gzip_head);
  if (records.size() > kMaxMetaBytes)
    return fail(ErrorCode::kResourceExhausted,
                "labels and circumstances of more than 16 MiB cannot be archived");
  std::string_view rest = records;
  while (rest.size() > kMaxRecords) {
    put_member_header(encoded.head, std::string_view("\0\0\0\0\0\xff", 6), rest.substr(0, kMaxRecords), true);
    encoded.head += kEmptyDeflate;
    rest.remove_prefix(kMaxRecords);
  }
  put_member_header(encoded.head, fixed, rest, false);
  return encoded;
}

Result<std::size_t> meta_size(std::string_view file_prefix) {
  std::size_t need = 0;
  const auto parsed = parse_chain(file_prefix, &need);
  if (parsed) return parsed->body_offset;
  need = need > 0 ? std::max(need, 2 * file_prefix.size()) : 0;
  if (need > file_prefix.size() && need <= 4 * kMaxMetaBytes) return need;
  return std::unexpected(parsed.error());
}

Result<Meta> decode_meta(std::string_view file_prefix) {
  INVAR_ASSIGN_OR_RETURN(const Parsed parsed, parse_chain(file_prefix, nullptr));
  INVAR_ASSIGN_OR_RETURN(Decoded decoded, decode_records(parsed.records()));
  return std::move(decoded.meta);
}

Result<std::string> original_body(std::string_view file, std::uint64_t limit_bytes) {
  INVAR_ASSIGN_OR_RETURN(const Parsed parsed, parse_chain(file, nullptr));
  INVAR_ASSIGN_OR_RETURN(const Decoded decoded, decode_records(parsed.records()));
  const std::string_view tail = file.substr(parsed.body_offset);
  std::string out;
  switch (decoded.form) {
    case kPlainHeader:
      out.assign("\x1f\x8b\x08\0", 4);
      out += parsed.last_fixed;
      out += tail;
      break;
    case kOtherHeader:
      out = decoded.gzip_head;
      out += tail;
      break;
    case kCompressed: {
      std::string packed("\x1f\x8b\x08\0", 4);
      packed += parsed.last_fixed;
      packed += tail;
      INVAR_TRY(codec::Inflater().gunzip(packed, limit_bytes, out));
      break;
    }
  }
  return out;
}

std::string make_uuid_v7(UnixNanos unix_ns, std::string_view random) {
  INVAR_CHECK(random.size() >= 10, "ten random bytes");
  const std::uint64_t ns = unix_ns > 0 ? static_cast<std::uint64_t>(unix_ns) : 0;
  // RFC 9562 6.2, method 3: the twelve bits after the milliseconds hold the fraction of the millisecond.
  const std::uint64_t fraction = (ns % 1'000'000 << 12) / 1'000'000;
  const std::uint64_t high = (ns / 1'000'000) << 16 | 0x7000 | fraction;
  std::uint64_t low = 0;
  for (int i = 2; i < 10; ++i) low = low << 8 | static_cast<std::uint8_t>(random[i]);
  low = (low & 0x3fffffffffffffff) | 0x8000000000000000;
  return uuid_text(high, low);
}

std::string file_name(std::string_view uuid, Kind kind) {
  return std::string(uuid) + std::string(suffix_of(kind));
}

bool is_archive_name(std::string_view name) {
  return parse_name(name).has_value();
}

UnixNanos NameKey::unix_ns() const {
  static constexpr std::uint64_t kLastMs =
      9'000'000'000'000;  // year 2255: a name from outside may claim anything
  const std::uint64_t ms = std::min(high >> 16, kLastMs);
  return static_cast<UnixNanos>(ms * 1'000'000 + ((high & 0xfff) * 1'000'000 >> 12));
}

std::optional<NameKey> parse_name(std::string_view name) {
  if (name.size() < kUuidText) return std::nullopt;
  NameKey key;
  const std::string_view suffix = name.substr(kUuidText);
  if (suffix == suffix_of(Kind::kPprof)) {
    key.kind = Kind::kPprof;
  } else if (suffix == suffix_of(Kind::kIngest)) {
    key.kind = Kind::kIngest;
  } else {
    return std::nullopt;
  }
  int digits = 0;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (std::ranges::find(kDashes, i) != kDashes.end()) {
      if (name[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = hex_digit(name[i]);
    if (digit < 0) return std::nullopt;
    std::uint64_t& half = digits++ < 16 ? key.high : key.low;
    half = half << 4 | static_cast<std::uint64_t>(digit);
  }
  if ((key.high >> 12 & 15) != 7 || key.low >> 62 != 2) return std::nullopt;  // version 7, RFC variant
  return key;
}

std::string name_of(const NameKey& key) {
  return file_name(uuid_text(key.high, key.low), key.kind);
}

}  // namespace invar::archive
