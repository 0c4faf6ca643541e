#include "delivery/record.h"

#include "codec/wire.h"

namespace invar::delivery {
namespace {

using codec::wire::append_field;
using codec::wire::Field;
using codec::wire::Reader;
using codec::wire::Type;

enum Number : std::uint32_t {
  kDestination = 1,
  kType = 2,
  kHead = 3,
  kTail = 4,
  kIngest = 5,  // the five below
  kPath = 1,
  kQuery = 2,
  kContentType = 3,
  kName = 4,
};

// False: it is damaged.
bool decode_ingest(std::string_view message, Outgoing& out) {
  auto info = std::make_shared<pipeline::IngestInfo>();
  Reader reader(message);
  for (Field field; reader.next(field);) {
    if (field.type != Type::kBytes) continue;
    switch (field.number) {
      case kPath:
        info->path = field.bytes;
        break;
      case kQuery:
        info->query = field.bytes;
        break;
      case kContentType:
        info->content_types.emplace_back(field.bytes);
        break;
      case kName:
        out.ingest_name = field.bytes;
        break;
      default:
        break;
    }
  }
  out.kind = pipeline::BodyKind::kIngest;
  out.ingest = std::move(info);
  return reader.error() == nullptr;
}

}  // namespace

std::string encode_record_header(const Outgoing& outgoing, std::string_view destination) {
  std::string out;
  append_field(out, kDestination, destination);
  append_field(out, kType, outgoing.type);
  if (outgoing.kind == pipeline::BodyKind::kPprof) {
    append_field(out, kHead, outgoing.head);
    append_field(out, kTail, outgoing.tail);
    return out;
  }
  std::string ingest;
  append_field(ingest, kPath, outgoing.ingest->path);
  append_field(ingest, kQuery, outgoing.ingest->query);
  for (const std::string& type : outgoing.ingest->content_types) append_field(ingest, kContentType, type);
  append_field(ingest, kName, outgoing.ingest_name);
  append_field(out, kIngest, ingest);
  return out;
}

Result<RecordHeader> decode_record_header(std::string_view header) {
  RecordHeader out;
  bool known = false, whole = true;
  Reader reader(header);
  for (Field field; reader.next(field);) {
    if (field.type != Type::kBytes) continue;
    switch (field.number) {
      case kDestination:
        out.destination = field.bytes;
        break;
      case kType:
        out.outgoing.type = field.bytes;
        break;
      case kHead:
        out.outgoing.head = field.bytes;
        known = true;
        break;
      case kTail:
        out.outgoing.tail = field.bytes;
        break;
      case kIngest:
        whole = decode_ingest(field.bytes, out.outgoing);
        known = true;
        break;
      default:
        break;
    }
  }
  if (known && whole && reader.error() == nullptr) return out;
  return fail(ErrorCode::kDataLoss, "a record on disk is not one of pyroscope.write");
}

}  // namespace invar::delivery
