#!/bin/sh
# Checks the format of every source file; --fix rewrites them instead.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cc' 'tools/*.cc' 'bench/*.cc' 'tests/*.cc')
if [ "${1:-}" = --fix ]; then
  clang-format-19 -i $files
else
  clang-format-19 --dry-run --Werror $files
fi
