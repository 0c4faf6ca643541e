#!/bin/sh
# Builds the documentation as a static site: SITE (default build/site) gets a folder for this version beside those of other versions that
# are there already, versions.json for the pages' menu, and a first page that leads to the newest. What is no release is `devel`.
# Usage: tools/build_site.sh [SITE]
set -eu
cd "$(dirname "$0")/.."
site=${1:-build/site}
version=$(tools/version.sh)
case $version in
  *-devel) version=devel ;;
  *) version=${version%.*} ;;
esac
venv=build/site-venv-$(sha256sum packaging/site/requirements.txt | cut -c 1-12)
if [ ! -f "$venv/installed" ]; then
  rm -rf build/site-venv-*
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r packaging/site/requirements.txt
  touch "$venv/installed"
fi
mkdir -p "$site"
"$venv/bin/mkdocs" build --quiet --strict --clean -f packaging/site/mkdocs.yml -d "$(realpath "$site")/$version"
python3 -B tools/write_site_versions.py "$site"
