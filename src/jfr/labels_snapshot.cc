#include "jfr/labels_snapshot.h"

#include <algorithm>

namespace invar::jfr {
namespace {

// The little of protobuf that this message needs. Sticky as Cursor is.
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  // The next field; false at the end. `number` or `bytes` holds its value, as its wire type is.
  bool next() {
    if (rest_.empty() || failed_) return false;
    const std::uint64_t tag = varint();
    field = tag >> 3;
    number = 0;
    bytes = {};
    switch (tag & 7) {
      case 0:
        number = varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        bytes = take(varint());
        break;
      case 5:
        take(4);
        break;
      default:
        failed_ = true;
    }
    return !failed_;
  }

  std::uint64_t field = 0, number = 0;
  std::string_view bytes;

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = take(1);
      if (failed_) return 0;
      value |= static_cast<std::uint64_t>(byte[0] & 0x7f) << shift;
      if ((byte[0] & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

struct Entry {
  std::uint64_t key = 0, number = 0;
  std::string_view bytes;
};

// An entry of a map: key = 1, value = 2.
bool read_entry(std::string_view bytes, Entry& entry) {
  Message message(bytes);
  while (message.next()) {
    if (message.field == 1) entry.key = message.number;
    if (message.field == 2) entry.number = message.number, entry.bytes = message.bytes;
  }
  return !message.failed();
}

}  // namespace

Result<LabelsSnapshot> LabelsSnapshot::parse(std::string_view bytes) {
  LabelsSnapshot snapshot;
  Message message(bytes);
  bool good = true;
  while (good && message.next()) {
    Entry entry;
    if (message.field == 1) {
      good = read_entry(message.bytes, entry);
      auto& labels = snapshot.contexts_[entry.key];
      Message context(entry.bytes);
      while (good && context.next()) {
        Entry label;
        if (context.field != 1) continue;
        good = read_entry(context.bytes, label);
        labels.emplace_back(label.key, label.number);
      }
      good = good && !context.failed();
    } else if (message.field == 2) {
      good = read_entry(message.bytes, entry);
      snapshot.strings_[entry.key] = entry.bytes;
    }
  }
  if (!good || message.failed()) return fail(ErrorCode::kInvalidArgument, "damaged labels snapshot");
  return snapshot;
}

LabelsSnapshot::Pairs LabelsSnapshot::labels(std::uint64_t context) const {
  Pairs pairs;
  const auto at = contexts_.find(context);
  if (at == contexts_.end()) return pairs;
  for (const auto& [key, value] : at->second) {
    if (!string(key).empty()) pairs.emplace_back(string(key), string(value));
  }
  std::ranges::sort(pairs);
  return pairs;
}

std::string_view LabelsSnapshot::string(std::uint64_t key) const {
  const auto at = strings_.find(key);
  return at == strings_.end() ? std::string_view() : at->second;
}

}  // namespace invar::jfr
