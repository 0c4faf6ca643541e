// Byte buffers. Bytes are held in std::string (cheap growth without zeroing, views, small-string storage);
// SharedBytes is an immutable body with many readers: a scraped profile on its way to several receivers.
// Threads: SharedBytes may cross threads freely.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace invar {

using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace invar
