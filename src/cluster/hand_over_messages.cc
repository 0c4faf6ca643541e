#include "cluster/hand_over_messages.h"

#include "cluster/msgpack.h"
#include "codec/gzip.h"

namespace invar::cluster {
namespace {

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::kDataLoss, "broken " + std::string(what));
}

}  // namespace

std::string encode(const TakeRequest& request) {
  std::string out;
  MsgpackWriter writer(out);
  writer.array(4);
  for (const std::string* text : {&request.cluster, &request.node, &request.component}) writer.raw(*text);
  writer.array(request.keys.size());
  for (const std::string& key : request.keys) writer.raw(key);
  return out;
}

Result<TakeRequest> decode_take_request(std::string_view bytes) {
  MsgpackReader reader(bytes);
  if (reader.array() != 4) return broken("request");
  TakeRequest request;
  for (std::string* text : {&request.cluster, &request.node, &request.component}) *text = reader.raw();
  const std::size_t keys = reader.array();
  if (keys > kMostKeys) return broken("request: too many keys");
  for (std::size_t i = 0; i < keys && reader.good(); ++i) {
    request.keys.emplace_back(reader.raw());
    if (request.keys.back().size() > kMostKeyBytes) return broken("request: a key that is too long");
  }
  if (!reader.good() || !reader.rest().empty()) return broken("request");
  return request;
}

std::string encode_packed(const TakeAnswer& answer) {
  std::string out;
  MsgpackWriter writer(out);
  writer.array(2);
  writer.number(answer.looked_at);
  writer.array(2 * answer.states.size());
  for (const TakeAnswer::State& state : answer.states) {
    writer.number(state.place);
    writer.raw(state.bytes);
  }
  std::string packed;
  codec::Deflater().gzip(out, packed);
  return packed;
}

Result<TakeAnswer> decode_take_answer(std::string_view packed, std::size_t keys) {
  std::string bytes;
  INVAR_TRY(codec::Inflater().gunzip(packed, kMostAnswerBytes, bytes));
  MsgpackReader reader(bytes);
  if (reader.array() != 2) return broken("answer");
  TakeAnswer answer;
  answer.looked_at = reader.number();
  const std::size_t states = reader.array() / 2;
  // None looked at would be asked for again, for ever.
  if (answer.looked_at > keys || states > answer.looked_at || (answer.looked_at == 0 && keys > 0))
    return broken("answer");
  for (std::size_t i = 0; i < states && reader.good(); ++i) {
    const std::size_t place = reader.number();
    if (place >= answer.looked_at) return broken("answer");
    answer.states.push_back({place, std::string(reader.raw())});
  }
  if (!reader.good() || !reader.rest().empty()) return broken("answer");
  return answer;
}

}  // namespace invar::cluster
