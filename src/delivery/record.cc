#include "delivery/record.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace invar::delivery {
namespace {

enum Field : protozero::pbf_tag_type {
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

void decode_ingest(protozero::pbf_reader reader, Outgoing& out) {
  auto info = std::make_shared<pipeline::IngestInfo>();
  while (reader.next()) {
    switch (reader.tag()) {
      case kPath:
        info->path = reader.get_string();
        break;
      case kQuery:
        info->query = reader.get_string();
        break;
      case kContentType:
        info->content_types.push_back(reader.get_string());
        break;
      case kName:
        out.ingest_name = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  out.kind = pipeline::BodyKind::kIngest;
  out.ingest = std::move(info);
}

}  // namespace

std::string encode_record_header(const Outgoing& outgoing, std::string_view destination) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_string(kDestination, destination.data(), destination.size());
  writer.add_string(kType, outgoing.type);
  if (outgoing.kind == pipeline::BodyKind::kPprof) {
    writer.add_bytes(kHead, outgoing.head);
    writer.add_bytes(kTail, outgoing.tail);
    return out;
  }
  protozero::pbf_writer ingest(writer, kIngest);
  ingest.add_string(kPath, outgoing.ingest->path);
  ingest.add_string(kQuery, outgoing.ingest->query);
  for (const std::string& type : outgoing.ingest->content_types) ingest.add_string(kContentType, type);
  ingest.add_string(kName, outgoing.ingest_name);
  ingest.commit();
  return out;
}

Result<RecordHeader> decode_record_header(std::string_view header) {
  try {
    RecordHeader out;
    bool known = false;
    protozero::pbf_reader reader(header.data(), header.size());
    while (reader.next()) {
      switch (reader.tag()) {
        case kDestination:
          out.destination = reader.get_string();
          break;
        case kType:
          out.outgoing.type = reader.get_string();
          break;
        case kHead:
          out.outgoing.head = reader.get_string();
          known = true;
          break;
        case kTail:
          out.outgoing.tail = reader.get_string();
          break;
        case kIngest:
          decode_ingest(reader.get_message(), out.outgoing);
          known = true;
          break;
        default:
          reader.skip();
      }
    }
    if (known) return out;
  } catch (const protozero::exception&) {
    // As below.
  }
  return fail(ErrorCode::kDataLoss, "a record on disk is not one of pyroscope.write");
}

}  // namespace invar::delivery
