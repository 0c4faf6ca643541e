#!/usr/bin/env python3
"""Writes what makes one site of the versions in a folder: versions.json, which the menu of the pages reads, and an index.html that leads to
the newest release, or to `devel` where there is none.

Usage: tools/write_site_versions.py SITE"""

import json
import pathlib
import re
import sys

DEVEL = "devel"


def versions_in(site):
    """Releases, the newest first, then devel."""
    releases = [folder.name for folder in site.iterdir() if re.fullmatch(r"\d+\.\d+", folder.name)]
    releases.sort(key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    return releases + [DEVEL] * (site / DEVEL).is_dir()


def main(site):
    versions = versions_in(site)
    rows = [{"version": name, "title": name, "aliases": ["latest"] if i == 0 and name != DEVEL else []} for i, name in enumerate(versions)]
    (site / "versions.json").write_text(json.dumps(rows, indent=1) + "\n")
    (site / "index.html").write_text(f'<!doctype html>\n<meta charset="utf-8">\n<title>Invar</title>\n'
                                     f'<meta http-equiv="refresh" content="0; url={versions[0]}/">\n'
                                     f'<a href="{versions[0]}/">The documentation of Invar</a>\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
