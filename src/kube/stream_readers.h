// Answers of the API read while they come: a list item by item, a watch frame by frame. What is complete goes to a callback at once,
// so that of a list of any length one item stands in memory.
// Errors:  kDataLoss for bytes that are no such answer, kResourceExhausted for an object of more than 16 MiB; nothing can be fed after.
//          An error of the callback ends the reading too.
// Threads: any; pure. Lifetime: views are valid during the callback, which must not destroy the reader.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "kube/decode.h"

namespace invar::kube {

// The envelope, and in it a PodList or the like.
class ListReader {
 public:
  using OnItem = std::function<Result<>(std::string_view message)>;
  explicit ListReader(OnItem on_item) : on_item_(std::move(on_item)) {}

  Result<> feed(std::string_view bytes);
  // After the last byte: what the list says about itself.
  Result<ListMeta> finish() const;

 private:
  Result<std::size_t> take_one(std::string_view bytes);
  Result<> take_field(std::uint32_t number, std::string_view bytes);

  OnItem on_item_;
  std::string rest_;  // the beginning of a field
  bool magic_seen_ = false;
  bool list_seen_ = false;
  bool inside_ = false;     // the list
  std::uint64_t left_ = 0;  // bytes of it
  ListMeta meta_;
};

// Frames with a length of four bytes in front.
class FrameReader {
 public:
  using OnFrame = std::function<Result<>(std::string_view message)>;
  explicit FrameReader(OnFrame on_frame) : on_frame_(std::move(on_frame)) {}

  Result<> feed(std::string_view bytes);

 private:
  OnFrame on_frame_;
  std::string rest_;
};

}  // namespace invar::kube
