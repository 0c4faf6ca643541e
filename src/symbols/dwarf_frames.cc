#include "symbols/dwarf_frames.h"

#include <dwarf.h>

#include <cstdlib>
#include <memory>

#include "symbols/symbol_name.h"

namespace invar::symbols {
namespace {

const char* function_symbol(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    if (dwarf_attr_integrate(die, name, &attribute) != nullptr) {
      if (const char* text = dwarf_formstring(&attribute)) return text;
    }
  }
  return dwarf_diename(die);
}

int integer_attribute(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) return 0;
  return static_cast<int>(value);
}

}  // namespace

Frame make_frame(const char* symbol, const char* file, int line) {
  Frame frame;
  frame.system_name = symbol != nullptr ? symbol : "";
  frame.name = short_name(demangle(frame.system_name));
  frame.file = file != nullptr ? file : "";
  frame.line = line;
  return frame;
}

std::vector<Frame> dwarf_frames(Dwarf_Die* unit, Dwarf_Addr address, const char* file, int line) {
  std::vector<Frame> frames;
  Dwarf_Die* raw = nullptr;
  const int found = dwarf_getscopes(unit, address, &raw);
  const std::unique_ptr<Dwarf_Die, void (*)(void*)> scopes(raw, std::free);
  if (found <= 0) return frames;
  // The scopes of an address follow an inlined body to where it was written; its physical parents are where it was
  // put.
  raw = nullptr;
  const int depth = dwarf_getscopes_die(&scopes.get()[0], &raw);
  const std::unique_ptr<Dwarf_Die, void (*)(void*)> parents(raw, std::free);

  Dwarf_Files* files = nullptr;
  std::size_t file_count = 0;
  if (dwarf_getsrcfiles(unit, &files, &file_count) != 0) files = nullptr;
  for (int i = 0; i < depth; ++i) {
    Dwarf_Die* die = &parents.get()[i];
    const int tag = dwarf_tag(die);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
    Frame frame = make_frame(function_symbol(die), file, line);
    dwarf_decl_line(die, &frame.start_line);
    frames.push_back(std::move(frame));
    if (tag == DW_TAG_subprogram) break;
    const int call_file = integer_attribute(die, DW_AT_call_file);
    file = files != nullptr ? dwarf_filesrc(files, static_cast<std::size_t>(call_file), nullptr, nullptr)
                            : nullptr;
    line = integer_attribute(die, DW_AT_call_line);
  }
  return frames;
}

}  // namespace invar::symbols
