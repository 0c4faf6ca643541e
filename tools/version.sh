#!/bin/sh
# Prints the version of this source: X.Y.Z where the commit has the tag vX.Y.Z, X.Y.Z-devel elsewhere. A tag that says another version than
# CMakeLists.txt is an error.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(invar VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
tags=$(git tag --points-at HEAD --list 'v[0-9]*' 2>/dev/null || true)
case $tags in
  "") echo "$version-devel" ;;
  "v$version") echo "$version" ;;
  *)
    echo "The tag says $(echo $tags), CMakeLists.txt $version" >&2
    exit 1
    ;;
esac
