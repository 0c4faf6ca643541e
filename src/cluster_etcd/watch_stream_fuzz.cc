// What an etcd, or who says that it is one, may answer: a watch cut anywhere, lists of nodes, records, the rest.
#include <cstdint>
#include <cstdlib>

#include "cluster_etcd/messages.h"
#include "cluster_etcd/node_record.h"
#include "cluster_etcd/watch_stream.h"

using namespace invar::cluster_etcd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  WatchStream at_once, by_bytes;
  const auto whole = at_once.feed(bytes);
  bool changed = false, over = false;
  for (std::size_t i = 0; i < bytes.size() && !over; ++i) {
    const auto some = by_bytes.feed(bytes.substr(i, 1));
    over = !some;
    changed = changed || (some && *some);
  }
  if (over == whole.has_value() || (whole && *whole != changed)) std::abort();  // cuts do not matter
  if (const auto snapshot = read_snapshot(bytes)) {
    if (snapshot->values.size() > kMostKeys) std::abort();
    for (const auto& [key, value] : snapshot->values) (void)read_record(value.value);
  }
  if (const auto record = read_record(bytes); record && *read_record(write_record(*record)) != *record)
    std::abort();
  (void)read_grant(bytes);
  (void)read_put(bytes);
  (void)read_token(bytes);
  (void)error_sentence(bytes);
  return 0;
}
