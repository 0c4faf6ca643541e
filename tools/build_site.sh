#!/bin/sh
# Builds the documentation as a static site into build/site. Usage: tools/build_site.sh
set -eu
cd "$(dirname "$0")/.."
venv=build/site-venv-$(sha256sum packaging/site/requirements.txt | cut -c 1-12)
if [ ! -f "$venv/installed" ]; then
  rm -rf build/site-venv-*
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r packaging/site/requirements.txt
  touch "$venv/installed"
fi
"$venv/bin/mkdocs" build --quiet --strict --clean -f packaging/site/mkdocs.yml
