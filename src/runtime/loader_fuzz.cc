// The loader over arbitrary texts, with toy components: no crash, whatever modules do; what validate() accepts with its names and
// blocks has a graph; and a reload of the same text changes nothing.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "runtime/testing/rig.h"

using namespace invar;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)runtime::testing::validated(text);
  runtime::testing::Rig rig;
  if (!rig.load(text).applied) return 0;
  rig.controller->start();
  rig.loop.run_until_idle();
  rig.toys.take_events();
  rig.reload(text);
  for (const std::string& event : rig.toys.take_events())
    INVAR_CHECK(!event.starts_with("build ") && !event.starts_with("stop "), "the same text: " + event);
  for (const auto& view : rig.controller->list_all())
    INVAR_CHECK(rig.controller->details(view.id()).has_value(),
                "what is listed can be looked at: " + view.id());
  rig.stop();
  return 0;
}
