// A flame graph as data, and as a page that needs no network (search, zoom, inverted view, every sample type). Of a tree with
// two sides: the change of each frame's share.
// Shape:   the page is ui/flame with the data inside; the form of the data stands in ui/flame/data.js.
// Units:   values in those of the sample types.
// Threads: any; pure.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "pprof/tree.h"

namespace invar::flame {

struct Caption {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // what is in it: name and value
  std::array<std::string, 2> sides = {"Before", "After"};  // names of the sides of a diff
};

// May stand in a script element.
void append_data(std::string& out, const pprof::FlameTree& tree, const Caption& caption);
std::string page(const pprof::FlameTree& tree, const Caption& caption);

}  // namespace invar::flame
