#!/usr/bin/env python3
"""Checks that what the code cites exists: "runtime.md 4, 5" and 'relabel.md "Actions"' are headings of docs/behaviour/, "decision 9"
and "decisions 9-11" are headings of docs/decisions.md, a path that ends in .md is a file, and so is every relative link in a page.
Prints each breach; exit status 1 if any. --self-test plants breaches in a temporary folder and expects to find them."""

import re
import sys

import tree_check

FOLDERS = ("src", "tests", "bench")
MARKS = {".h": "//", ".cc": "//", ".inl": "//", ".go": "//", ".js": "//", ".mjs": "//", ".ts": "//", ".py": "#", ".sh": "#"}

ITEM = r'(?:[A-F]?\d+[a-z]?(?:\.\d+)*|[A-F]|"[^"]+")(?![\w.]*\w)'
LIST = rf"{ITEM}(?:(?:\s*,\s*|\s+and\s+|\s*-\s*){ITEM})*"
PAGE = re.compile(rf"([\w./-]*[\w-]+\.md)\b(?:\s+(?:sections?\s+)?({LIST}))?")
DECISION = re.compile(rf"\b[Dd]ecisions?\s+({LIST})")
STALE = re.compile(r"\b(?:issue (?:of|texts?)|issue \d+|the relay's page)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
HEADING = re.compile(r"^#+ (.*?)\s*$", re.MULTILINE)


def comments_of(path):
    """The comments of a file, each with its first line; a comment over several lines is one text."""
    mark = MARKS[path.suffix]
    blocks, last = [], -1
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        at = line.find(mark)
        if at < 0:
            continue
        text = line[at + len(mark):].strip()
        if last == number - 1 and line.lstrip().startswith(mark):
            blocks[-1][1].append(text)
        else:
            blocks.append((number, [text]))
        last = number
    if path.suffix == ".py":
        for match in re.finditer(r'"""(.*?)"""', path.read_text(), re.DOTALL):
            blocks.append((path.read_text()[:match.start()].count("\n") + 1, match.group(1).split("\n")))
    return [(number, " ".join(lines)) for number, lines in blocks]


def sections_of(page):
    """Numbers and titles of a page's headings: "### 9.2 Functions" gives "9.2" and "Functions"."""
    found = set()
    for heading in HEADING.findall(page.read_text()):
        found.add(heading)
        match = re.match(r"([A-F]?\d+[a-z]?(?:\.\d+)*|[A-F])\.? +(.*)", heading)
        if match:
            found.update(match.groups())
    return found


def items_of(text):
    """"4, 6-8" is 4, 6, 7, 8."""
    items = re.findall(rf"(\s*-\s*)?({ITEM})", text)
    result = []
    for dash, item in items:
        if dash and result:
            prefix = re.match(r"[A-F]?", item).group()
            first, last = result[-1].removeprefix(prefix), item.removeprefix(prefix)
            if first.isdigit() and last.isdigit():
                result += [f"{prefix}{n}" for n in range(int(first) + 1, int(last))]
        result.append(item.strip('"'))
    return result


def check(root):
    behaviour = root / "docs/behaviour"
    pages = {page.name: sections_of(page) for page in behaviour.glob("*.md")}
    decisions = sections_of(root / "docs/decisions.md")
    breaches = []
    for path in sorted(p for f in FOLDERS for p in (root / f).rglob("*") if p.suffix in MARKS and "testdata" not in p.parts):
        for number, text in comments_of(path):
            place = f"{path.relative_to(root)}:{number}"
            for name, items in PAGE.findall(text):
                if "/" in name:
                    if not (root / name).is_file():
                        breaches.append(f"{place}: {name} does not exist")
                elif name not in pages:
                    breaches.append(f"{place}: docs/behaviour/{name} does not exist")
                else:
                    breaches += [f"{place}: {name} has no section {i}" for i in items_of(items) if i not in pages[name]]
            for items in DECISION.findall(text):
                breaches += [f"{place}: docs/decisions.md has no decision {i}" for i in items_of(items) if i not in decisions]
            for words in STALE.findall(text):
                breaches.append(f'{place}: "{words}" cites what a reader does not have; cite a page of docs/ or say it here')
    for page in sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")]):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                    breaches.append(f"{page.relative_to(root)}:{number}: the link {target} leads nowhere")
    return breaches


def self_test():
    files = {
        "docs/behaviour/relabel.md": "# Rules\n\n## 1. Arguments\n\n## 2. Terms\n\n### 2.1 Names\n\n## A. Part\n\n### A4. Push\n",
        "docs/decisions.md": "# Decisions\n\n## 9. Queues\n\n## 10. Retries\n\n[gone](nowhere.md) [good](behaviour/relabel.md#x)\n",
        "docs/formats/archive.md": "# Archive\n",
        "src/good.h": "// relabel.md 1, 2.1; \"Names\". relabel.md \"Arguments\" and A4. Bytes: docs/formats/archive.md. See\n"
                      "// relabel.md\n// A, 1-2; decisions 9-10. An aside: decision 10.\nint x;  // decision 9: why\n",
        "src/bad.h": "// relabel.md 3. relabel.md 1-4\nint a;\n// relabel.md \"Nowhere\"\nint b;\n// other.md 1\nint c;\n// decisions 9-11\n"
                     "int d;\n// docs/formats/gone.md\nint e;\n// The text of the\n// issue of the week; A4 of the relay's page\n",
        "tests/bad.py": '"""What relabel.md\n7 says."""\n',
    }
    wanted = [
        "src/bad.h:1: relabel.md has no section 3", "src/bad.h:1: relabel.md has no section 3",
        "src/bad.h:1: relabel.md has no section 4", "src/bad.h:3: relabel.md has no section Nowhere",
        "src/bad.h:5: docs/behaviour/other.md does not exist", "src/bad.h:7: docs/decisions.md has no decision 11",
        "src/bad.h:9: docs/formats/gone.md does not exist",
        'src/bad.h:11: "issue of" cites what a reader does not have; cite a page of docs/ or say it here',
        'src/bad.h:11: "the relay\'s page" cites what a reader does not have; cite a page of docs/ or say it here',
        "tests/bad.py:1: relabel.md has no section 7", "docs/decisions.md:7: the link nowhere.md leads nowhere"]
    return tree_check.finds(check, files, wanted)


if __name__ == "__main__":
    sys.exit(tree_check.main(check, self_test))
