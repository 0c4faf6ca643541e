// What debug information says of one instruction: the functions inlined there, and the one that they are in.
// Threads: any, one call at a time per Dwarf handle.
#pragma once

#include <elfutils/libdw.h>

#include <vector>

#include "symbols/symbolizer.h"

namespace invar::symbols {

// "" and no line when nothing is known. The name is the short form of the symbol.
Frame make_frame(const char* symbol, const char* file, int line);
// Innermost first, of an address in the unit, as the file wants it; `file` and `line` are those of the instruction. Empty when no
// function covers it.
std::vector<Frame> dwarf_frames(Dwarf_Die* unit, Dwarf_Addr address, const char* file, int line);

}  // namespace invar::symbols
