#!/usr/bin/env python3
"""Checks that no source file is longer than 600 lines: what outgrows that is two things. Prints each breach; exit status 1 if any.
--self-test plants a breach in a temporary folder and expects to find it."""

import sys

import tree_check

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
    files = {"src/long.cc": 601, "src/full.h": 600, "src/testdata/long.py": 601, "ui/long.txt": 601}
    return tree_check.finds(check, {name: "\n" * lines for name, lines in files.items()}, wanted)


if __name__ == "__main__":
    sys.exit(tree_check.main(check, self_test))
