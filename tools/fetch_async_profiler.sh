#!/bin/sh
# Gets async-profiler's library for one processor, pinned by version and hash, as FOLDER/library.gz. Where it cannot be had that file is
# empty, and a line says so: pyroscope.java then needs its argument `dist`.
# Usage: tools/fetch_async_profiler.sh PROCESSOR FOLDER. ASYNC_PROFILER_JAR=file is used instead of the network.
set -eu
version=4.5
case $1 in
  x86_64) kind=linux-x64 hash=9c1045baf2ff2a79729d0f09fa1a4e86dce7c9fd15c9caf5ebb8d96102b51e72 ;;
  aarch64) kind=linux-arm64 hash=0c21db24ac9b07967ddde00fef0ddc787bf6574fc3fc0f50796a675f3ececa27 ;;
  *) kind= ;;
esac
mkdir -p "$2"
cd "$2"

without() {
  echo "Built without async-profiler: $1. pyroscope.java needs its argument \`dist\`; or build again with ASYNC_PROFILER_JAR=file" >&2
  : >library.gz
  exit 0
}

[ -n "$kind" ] || without "there is none for $1"
jar=${ASYNC_PROFILER_JAR:-async-profiler-$kind.jar}
if [ ! -f "$jar" ]; then
  command -v mvn >/dev/null || without "no Maven is installed"
  mvn --quiet --batch-mode --no-transfer-progress org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact=tools.profiler:async-profiler:$version:jar:$kind -Dmdep.stripVersion=true -DoutputDirectory="$PWD" >fetch.log 2>&1 ||
    without "Maven could not get it (see $PWD/fetch.log)"
fi
echo "$hash  $jar" | sha256sum --check --status || without "$jar is not async-profiler $version for $kind"
cmake -E tar xf "$jar" "$kind/libasyncProfiler.so"
gzip -9n <"$kind/libasyncProfiler.so" >library.new
mv library.new library.gz
