#!/usr/bin/env python3
"""Checks every #include of src/ against the dependency law in tools/layers.txt, and the law against src/: an arrow or an owner that
nothing needs any more is a breach, too, as is a folder without a line in ARCHITECTURE.md. Prints each breach; exit status 1 if any.
--self-test plants breaches in a temporary folder
and expects to find them."""

import fnmatch
import re
import sys

import tree_check

# The language's own headers, the C library's, and the compiler's.
SYSTEM = re.compile(r"[a-z_]+|(?:sys|arpa|net|netinet|linux)/\w+\.h|(?:dirent|dlfcn|errno|fcntl|ifaddrs|limits|link|locale|netdb|poll|pthread|pwd|grp|sched|spawn|"
                    r"semaphore|signal|stdio|stdlib|string|termios|time|ucontext|unistd|unwind|wctype|cxxabi|elf|\w+intrin|arm_\w+)\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def read_law(root):
    folders, owners = {}, {}
    for line in (root / "tools/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, allowed = line.partition(":")
        (owners if name.startswith("!") else folders)[name.strip().lstrip("!")] = allowed.split()
    return folders, owners


def known_folders(law, src):
    """Folders of the law with components/* spelled out, longest first so that nested ones win."""
    found = {pattern for pattern in law if "*" not in pattern}
    for path in src.glob("components/**/*.h"):
        parent = path.parent.relative_to(src)
        found.add(str(parent.parent if parent.name == "testing" else parent))
    return sorted(found, key=len, reverse=True)


def check(root):
    src = root / "src"
    law, owners = read_law(root)
    folders = known_folders(law, src)
    used = set()  # arrows and owners

    def folder_of(relative):
        return next((f for f in folders if str(relative).startswith(f + "/")), None)

    room = (root / "ARCHITECTURE.md").read_text()
    breaches = [f"ARCHITECTURE.md: the table has no line for src/{folder}"
                for folder in law if f"`src/{folder.replace('components/*', 'components/*/*')}`" not in room]
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cc", ".inl"):
            continue
        relative = path.relative_to(src)
        folder = folder_of(relative)
        if folder is None:
            breaches.append(f"{relative}: its folder is not in tools/layers.txt")
            continue
        rule = next((pattern for pattern in law if fnmatch.fnmatch(folder, pattern)), None)
        allowed = law[rule]
        is_test = re.search(r"_(test|fuzz|bench)\.cc$", path.name) or "testing" in relative.parts
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            place = f"{relative}:{text.count(chr(10), 0, match.start(match.lastindex)) + 1}"
            own, foreign = match.groups()
            if own:
                target = folder_of(own)
                used.add((rule, target))
                if target is None:
                    breaches.append(f'{place}: "{own}" is not below a known folder')
                elif target not in (folder, "base") and "*" not in allowed and target not in allowed:
                    breaches.append(f"{place}: {folder} may not include {target} ({own})")
                elif "/testing/" in own and not is_test:
                    breaches.append(f"{place}: only tests include {own}")
                continue
            prefix = max((p for p in owners if foreign.startswith(p)), key=len, default=None)
            if prefix is None and not SYSTEM.fullmatch(foreign):
                breaches.append(f"{place}: <{foreign}> has no owner in tools/layers.txt")
            if prefix is None or is_test:
                continue
            owner = next((o for o in owners[prefix] if o == "*" or fnmatch.fnmatch(folder, o)), None)
            used.add((prefix, owner))
            if owner is None:
                breaches.append(f"{place}: <{foreign}> belongs to {', '.join(owners[prefix]) or 'tests alone'}")

    for kind, table in (("arrow", law), ("owner", owners)):
        for name, entries in table.items():
            breaches += [f"tools/layers.txt: nothing needs the {kind} {name}: {entry}; take it out"
                         for entry in entries if entry != "*" and (name, entry) not in used]
    return breaches


def self_test():
    files = {
        "tools/layers.txt": "base :\nlow : gone\nhigh : low\ngone :\n!zlib.h : low high\n!boost/ : low\n!boost/asio : high\n",
        "ARCHITECTURE.md": "| `src/base` | text |\n| `src/low`, `src/high` | the rest |\n",
        "src/base/text.h": "",
        "src/low/low.h": '#include <zlib.h>\n#include <boost/crc.hpp>\n\n#include "base/text.h"\n',
        "src/low/low.inl": '  # include "high/high.h"\n',
        "src/low/low_test.cc": '#include "low/testing/fake.h"\n#include <boost/asio.hpp>\n',
        "src/low/testing/fake.h": "",
        "src/high/high.h": '#include "low/low.h"\n#include <boost/asio.hpp>\n#include <boost/crc.hpp>\n#include "low/testing/fake.h"\n#include "lost.h"\n',
        "src/unknown/x.h": "",
        "src/base/odd.cc": "#include <vector>\n#include <sys/stat.h>\n#include <nobody.h>\n",
    }
    wanted = [
        "ARCHITECTURE.md: the table has no line for src/gone",
        "base/odd.cc:3: <nobody.h> has no owner in tools/layers.txt",
        "high/high.h:3: <boost/crc.hpp> belongs to low",
        "high/high.h:4: only tests include low/testing/fake.h",
        'high/high.h:5: "lost.h" is not below a known folder',
        "low/low.inl:1: low may not include high (high/high.h)",
        "unknown/x.h: its folder is not in tools/layers.txt",
        "tools/layers.txt: nothing needs the arrow low: gone; take it out",
        "tools/layers.txt: nothing needs the owner zlib.h: high; take it out",
    ]
    return tree_check.finds(check, files, wanted)


if __name__ == "__main__":
    sys.exit(tree_check.main(check, self_test))
