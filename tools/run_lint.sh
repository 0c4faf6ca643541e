#!/bin/sh
# clang-tidy 19 over all sources of the library folders (tests and benchmarks excluded).
set -eu
cd "$(dirname "$0")/.."
git ls-files 'src/*.cc' | grep -vE '_(test|bench|fuzz)\.cc$|/testing/' |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' \
    --extra-arg=-D__cpp_concepts=202002L --extra-arg=-Wno-builtin-macro-redefined --extra-arg=-Wno-unknown-warning-option
