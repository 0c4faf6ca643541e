#!/bin/sh
# Builds and runs the benchmarks. Usage: tools/run_benchmarks.sh [REGEX of benchmark programs]
# The scripts measure the release build, with the load server of the interop programs. Compare figures within one run
# only; docs/benchmarks.md says what each one is a ratio of.
set -eu
cd "$(dirname "$0")/.."
tools/build.sh bench all
tools/build.sh release invar interop ui_test
for program in $(git ls-files 'src/*_bench.cc' | sed 's|.*/||; s|\.cc$||' | sort); do
  case $program in *${1:-}*) ;; *) continue ;; esac
  echo "== $program"
  "$(find build/bench -type f -name "$program" -perm -u+x | head -n 1)" --benchmark_min_time=0.3
done
for script in bench/*.py bench/*.mjs; do
  [ -x "$script" ] || continue
  case $script in *${1:-}*) ;; *) continue ;; esac
  echo "== $script"
  "$script"
done
