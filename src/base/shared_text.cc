#include "base/shared_text.h"

#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <new>

#include "base/check.h"

namespace invar {

SharedText::SharedText(std::string_view text) {
  if (text.empty()) return;
  INVAR_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max(), "a text of 4 GiB");
  data_ = new (::operator new(sizeof(Data) + text.size())) Data{1, static_cast<std::uint32_t>(text.size())};
  std::memcpy(static_cast<void*>(data_ + 1), text.data(), text.size());
}

void SharedText::free_data() {
  data_->~Data();
  ::operator delete(data_);
}

SharedText SharedText::common(std::string_view text) {
  if (text.size() > kLongestCommon) return SharedText(text);
  thread_local std::array<SharedText, kRemembered> remembered;
  SharedText& slot = remembered[std::hash<std::string_view>{}(text) % kRemembered];
  if (slot.view() != text) slot = SharedText(text);
  return slot;
}

}  // namespace invar
