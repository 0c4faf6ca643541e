#!/bin/sh
# Fuzzes one target with libFuzzer, starting from its corpus. Usage: tools/run_fuzzer.sh TARGET SECONDS
set -eu
cd "$(dirname "$0")/.."
if [ -z "$1" ]; then
  echo "Usage: make fuzz TARGET=name SECONDS=60. Targets:"
  git ls-files 'src/*_fuzz.cc' | sed 's|.*/|  |; s|\.cc$||' | sort
  exit 1
fi
tools/build.sh fuzz "$1"
found=build/fuzz/findings/$1
mkdir -p "$found"
binary=$(find build/fuzz -type f -name "$1" -perm -u+x | head -n 1)
exec "$binary" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/" "$found" "testdata/fuzz/${1%_fuzz}"
