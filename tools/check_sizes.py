#!/usr/bin/env python3
"""Checks that no source file is longer than 600 lines: what outgrows that is two things. Prints each breach; exit status 1 if any.
--self-test plants a breach in a temporary folder and expects to find it."""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "bench", "tests", "tools", "ui", "cmake")
SUFFIXES = (".cc", ".h", ".inl", ".ts", ".js", ".mjs", ".py", ".go", ".sh")
MOST_LINES = 600


def check(root):
    breaches = []
    for path in sorted(p for folder in FOLDERS for p in (root / folder).rglob("*")):
        if path.suffix not in SUFFIXES or {"node_modules", "testdata"} & set(path.parts) or not path.is_file():
            continue
        lines = path.read_bytes().count(b"\n")
        if lines > MOST_LINES:
            breaches.append(f"{path.relative_to(root)}: {lines} lines, more than {MOST_LINES}: split it by what changes together")
    return breaches


def self_test():
    wanted = ["src/long.cc: 601 lines, more than 600: split it by what changes together"]
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in (("src/long.cc", 601), ("src/full.h", 600), ("src/testdata/long.py", 601), ("ui/long.txt", 601)):
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n" * lines)
        found = check(pathlib.Path(folder))
    if found != wanted:
        print("found:", *found, "wanted:", *wanted, sep="\n  ")
    return [] if found == wanted else ["the self-test failed"]


def main():
    breaches = self_test() if "--self-test" in sys.argv else check(ROOT)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
