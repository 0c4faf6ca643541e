// What nodes say to each other when work moves: which keys one asks for, and what the other gives. Pure.
// Shape:   a request is msgpack [cluster, node, component, [key, ...]]; an answer, packed by gzip, [number of keys that were looked at,
//          [place of a key, its state, ...]]. The rest of the keys is asked for again.
// Bounds:  of keys and bytes below; a longer state is not given. Errors: whatever does not fit.
// Threads: any; answers are work for the pool. Spec: clustering.md 11.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace invar::cluster {

inline constexpr std::size_t kMostKeys = 250;  // of a request: some milliseconds of work
inline constexpr std::size_t kMostKeyBytes = 1024;
inline constexpr std::size_t kEnoughStateBytes = 8u << 20;  // an answer ends with the state that reaches it
inline constexpr std::size_t kMostStateBytes = 16u << 20;   // of one
inline constexpr std::size_t kMostAnswerBytes = 32u << 20;

struct TakeRequest {
  std::string cluster, node, component;
  std::vector<std::string> keys;
  bool operator==(const TakeRequest&) const = default;
};

struct TakeAnswer {
  struct State {
    std::size_t place = 0;  // of its key in the request
    std::string bytes;
    bool operator==(const State&) const = default;
  };
  std::size_t looked_at = 0;
  std::vector<State> states;
  bool operator==(const TakeAnswer&) const = default;
};

std::string encode(const TakeRequest& request);
Result<TakeRequest> decode_take_request(std::string_view bytes);
std::string encode_packed(const TakeAnswer& answer);
// Of a request of so many keys.
Result<TakeAnswer> decode_take_answer(std::string_view packed, std::size_t keys);

}  // namespace invar::cluster
