#!/usr/bin/env python3
"""Writes src/base/unicode_tables.inl and src/labels/case_tables.inl from the Unicode data of Debian's package unicode-data; --check:
says whether they are current.

The version is that of the package, 15.0.0 in Debian 12, and of the Go that the language's texts come from."""

import pathlib
import sys

import tree_check

DATA = pathlib.Path("/usr/share/unicode/UnicodeData.txt")
WIDTH = 110


def categories(text):
    """The general category of each assigned code point."""
    found = {}
    first = None
    for line in text.splitlines():
        code, name, category = line.split(";")[:3]
        rune = int(code, 16)
        if name.endswith(", First>"):
            first = rune
        elif name.endswith(", Last>"):
            found.update(dict.fromkeys(range(first, rune + 1), category))
        else:
            found[rune] = category
    return found


def ranges(runes):
    out = []
    for rune in sorted(runes):
        if out and rune == out[-1][1] + 1:
            out[-1][1] = rune
        else:
            out.append([rune, rune])
    return out


def case_ranges(mapping):
    """[first, last, stride, distance] of neighbours, or of every second rune, that are mapped over one distance."""
    out = []
    for rune, distance in sorted(mapping.items()):
        last = out[-1] if out else None
        step = rune - last[1] if last and last[3] == distance else 0
        if last and step in (1, 2) and (last[0] == last[1] or last[2] == step):
            last[1:3] = [rune, step]
        else:
            out.append([rune, rune, 1, distance])
    return out


def rows(cells):
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) + 1 > WIDTH:
            lines.append(line)
            line = "   "
        line += " " + cell
    return "\n".join([*lines, line])


def table(kind, name, what, cells):
    return f"// {what}.\nconstexpr {kind} {name}[] = {{\n{rows(cells)}\n}};\n"


def page(owner, *tables):
    head = f"// Made by tools/write_unicode_tables.py. Included by {owner} only.\n// clang-format off\n"
    return "\n".join([head, *tables, "// clang-format on\n"])


def pages(text):
    of = categories(text)

    def category(name, what, wanted):
        return table("Range", name, what, (f"{{0x{first:x}, 0x{last:x}}}," for first, last in ranges(r for r, c in of.items() if wanted(r, c))))

    def case(name, what, column):
        mapping = {}
        for fields in (line.split(";") for line in text.splitlines()):
            rune = int(fields[0], 16)
            if fields[column] and rune >= 0x80:
                mapping[rune] = int(fields[column], 16) - rune
        return table("CaseRange", name, what, ("{0x%x, 0x%x, %d, %d}," % tuple(r) for r in case_ranges(mapping)))

    return {
        "src/base/unicode_tables.inl": page(
            "unicode.cc",
            category("kPrintable", "Categories L, M, N, P and S, and the space", lambda r, c: c[0] in "LMNPS" or r == 0x20),
            category("kLetters", "Category L", lambda r, c: c[0] == "L"),
            category("kDecimalDigits", "Category Nd", lambda r, c: c == "Nd")),
        "src/labels/case_tables.inl": page(
            "case_mapping.cc",
            case("kUpper", "Simple mappings to upper case, beyond ASCII", 12),
            case("kLower", "Simple mappings to lower case, beyond ASCII", 13)),
    }


def main():
    data = pathlib.Path(sys.argv[sys.argv.index("--data") + 1]) if "--data" in sys.argv else DATA
    if not data.exists():
        print(f"there is no {data}: install unicode-data")
        return 77
    breaches = 0
    for name, wanted in pages(data.read_text()).items():
        path = tree_check.ROOT / name
        if "--check" not in sys.argv:
            path.write_text(wanted)
        elif path.read_text() != wanted:
            print(f"{name} is not what tools/write_unicode_tables.py makes")
            breaches = 1
    return breaches


if __name__ == "__main__":
    sys.exit(main())
