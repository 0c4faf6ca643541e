#!/usr/bin/env python3
"""Writes docs/reference/metrics.md and docs/reference/logs.md from the sources; --check: says whether they are current.

A metric is a name with its help, as the calls of metrics.h have them; a log message is the text of a call of a logger."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = r"(?:invar|pyroscope|prometheus_sd|discovery|net_conntrack|process|cluster|import|local|remote|remotecfg)_[a-z0-9_]+"
TEXT = r'"((?:[^"\\]|\\.)*)"'
CONSTANT = re.compile(r"\b(k[A-Z]\w*)(?:\[\])? = " + TEXT)
CALL = re.compile(r"(?:(counter|gauge|histogram)\()?\s*(?:\w+,\s*|\*\w+(?:\.\w+)?,\s*)?(?:\.name = )?\"(" + NAME + r")\",\s*(?:\.help =\s*)?" + TEXT)
LOG = re.compile(r"\b(?:\w*logger\w*|log_?)(?:\(\))?(?:\.|->)(debug|info|warn|error)\(\s*" + TEXT)
LEVELS = {"error": 0, "warn": 1, "info": 2, "debug": 3}


def sources():
    """(folder, text) of each source: constants in place, neighbouring literals joined as the compiler does."""
    for file in sorted((ROOT / "src").rglob("*.cc")):
        if file.name.endswith(("_test.cc", "_fuzz.cc", "_bench.cc")) or "testing" in file.parts:
            continue
        text = re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.M)
        text = re.sub(r'"\s*\n\s*"', "", text)
        for name, value in CONSTANT.findall(text):
            text = re.sub(rf"\b{name}\b(?!(?:\[\])? =)", lambda _, value=value: f'"{value}"', text)
        yield str(file.parent.relative_to(ROOT / "src")), text


def room(folder):
    parts = folder.split("/")
    return ".".join(parts[1:]) if parts[0] == "components" and len(parts) > 2 else parts[0]


def cell(text):
    return text.replace('\\"', '"').replace("|", "\\|")


def kind_of(call, name):
    return call or ("counter" if name.endswith("_total") else "gauge")


def metrics_page(files):
    found = {}
    for folder, text in files:
        for call, name, help_text in CALL.findall(text):
            if " " in help_text:  # else it is no help, but a label's value
                found.setdefault(name, (kind_of(call, name), help_text, room(folder)))
    rows = "".join(f"| `{name}` | {kind} | {cell(help_text)} | {place} |\n" for name, (kind, help_text, place) in sorted(found.items()))
    return ("# Metrics\n\nWhat `/metrics` exposes, written by `tools/write_source_reference.py`; a test checks that it is current. Metrics of a component "
            "carry `component_id` and `component_path`. Beside these there are the usual `process_*`.\n\n"
            "| Name | Type | What it says | Of |\n|---|---|---|---|\n" + rows)


def logs_page(files):
    found = set()
    for folder, text in files:
        for level, message in LOG.findall(text):
            found.add((room(folder), LEVELS[level], level, message))
    out = ("# Log messages\n\nThe texts of `msg`, written by `tools/write_source_reference.py`; a test checks that it is current. Further fields say what a "
           "message is about. [Texts may change](../stability.md).\n")
    for place in sorted({place for place, *_ in found}):
        out += f"\n## {place}\n\n| Level | Message |\n|---|---|\n"
        out += "".join(f"| {level} | {cell(message)} |\n" for _, _, level, message in sorted(entry for entry in found if entry[0] == place))
    return out


def main():
    files = list(sources())
    stale = []
    for name, text in (("metrics.md", metrics_page(files)), ("logs.md", logs_page(files))):
        page = ROOT / "docs/reference" / name
        if "--check" not in sys.argv:
            page.write_text(text)
        elif not page.exists() or page.read_text() != text:
            stale.append(f"docs/reference/{name}")
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run tools/write_source_reference.py")


if __name__ == "__main__":
    main()
