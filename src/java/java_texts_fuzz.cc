// Texts that a process or its JVM can choose: names, options, the answer to a command. Any bytes are read without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "java/attach.h"
#include "java/process.h"
#include "java/suitable.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::java;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ProcessFacts facts;
  read_status(text, facts);
  facts.start_ticks = start_ticks_of(text);
  facts.root_uid = root_uid_of(text);
  facts.libraries = libraries_of(text);
  facts.options.emplace_back(text);
  (void)check_suitable(facts);
  (void)loaded_profiler(facts);
  (void)read_load_answer(text);
  return 0;
}
