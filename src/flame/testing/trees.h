// Small trees of calls whose pictures are easy to tell.
#pragma once

#include "pprof/tree.h"

namespace invar::flame::testing {

// root ── main ─┬─ a (self 30)
//               └─ b (self 60) ── <init> (self 10)
inline pprof::FlameTree small_tree() {
  pprof::FlameTree tree;
  tree.types = {{"cpu", "nanoseconds"}};
  tree.frames = {{"root", "", 0},
                 {"example.com/shop.main", "main.go", 7},
                 {"example.com/shop.a", "a.go", 3},
                 {"example.com/shop.b", "a.go", 9},
                 {"</script><b>", "", 0}};
  tree.nodes = {{0, 0, 1, 1}, {1, 0, 2, 2}, {2, 1, 0, 0}, {3, 1, 4, 1}, {4, 3, 0, 0}};
  tree.self_values = {0, 0, 30, 60, 10};
  tree.total_values = {100, 100, 30, 70, 10};
  return tree;
}

// The same calls before, with a gone and b twice as much after.
inline pprof::FlameTree diff_tree() {
  pprof::FlameTree tree = small_tree();
  tree.sides = 2;
  tree.self_values = {0, 0, 0, 0, 30, 0, 60, 120, 10, 20};
  tree.total_values = {100, 140, 100, 140, 30, 0, 70, 140, 10, 20};
  return tree;
}

}  // namespace invar::flame::testing
