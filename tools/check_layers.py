#!/usr/bin/env python3
"""Checks every #include of src/ against the dependency law in tools/layers.txt. Prints each breach; exit status 1 if any."""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def read_law():
    folders, owners = {}, {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, allowed = line.partition(":")
        (owners if name.startswith("!") else folders)[name.strip().lstrip("!")] = allowed.split()
    return folders, owners


def known_folders(law):
    """Folders of the law with components/* spelled out, longest first so that nested ones win."""
    found = set()
    for pattern in law:
        if "*" not in pattern:
            found.add(pattern)
    for path in SRC.glob("components/**/*.h"):
        parent = path.parent.relative_to(SRC)
        found.add(str(parent.parent if parent.name == "testing" else parent))
    return sorted(found, key=len, reverse=True)


def main():
    law, owners = read_law()
    folders = known_folders(law)

    def folder_of(relative):
        return next((f for f in folders if str(relative).startswith(f + "/")), None)

    def allowed_for(folder):
        for pattern, allowed in law.items():
            if fnmatch.fnmatch(folder, pattern):
                return allowed
        return None

    breaches = []
    for path in sorted(SRC.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(SRC)
        folder = folder_of(relative)
        if folder is None:
            breaches.append(f"{relative}: its folder is not in tools/layers.txt")
            continue
        allowed = allowed_for(folder)
        is_test = re.search(r"_(test|fuzz|bench)\.cc$", path.name) or "testing" in relative.parts
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            if match.group(1):
                target = folder_of(match.group(1))
                if target is None:
                    breaches.append(f"{relative}:{number}: \"{match.group(1)}\" is not below a known folder")
                elif target not in (folder, "base") and "*" not in allowed and target not in allowed:
                    breaches.append(f"{relative}:{number}: {folder} may not include {target} ({match.group(1)})")
                elif "/testing/" in match.group(1) and not is_test:
                    breaches.append(f"{relative}:{number}: only tests include {match.group(1)}")
            else:
                for prefix, owning in owners.items():
                    if match.group(2).startswith(prefix) and not is_test:
                        if not any(fnmatch.fnmatch(folder, o) for o in owning):
                            breaches.append(f"{relative}:{number}: <{match.group(2)}> belongs to {', '.join(owning)}")
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
