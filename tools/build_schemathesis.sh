#!/bin/sh
# Installs schemathesis, pinned by tests/api/requirements.txt, into a folder of the build. Usage: tools/build_schemathesis.sh OUTPUT-FOLDER
set -eu
pinned=$(cd "$(dirname "$0")/../tests/api" && pwd)/requirements.txt
/usr/bin/python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$pinned"
