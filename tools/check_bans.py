#!/usr/bin/env python3
"""Checks src/ against a table of what code must not use, each with what to use instead. Comments and strings do not count. Prints
each breach; exit status 1 if any, also for an exception that nothing needs any more. --self-test plants breaches in a temporary
folder and expects to find them."""

import dataclasses
import fnmatch
import re
import sys

import tree_check


@dataclasses.dataclass
class Ban:
    name: str
    pattern: str
    instead: str
    allowed: tuple = ()  # patterns of paths below src/
    in_tests: bool = False  # whether tests, too, must do without


BANS = [
    Ban("the wall clock", r"\bsystem_clock\b|\b(?:clock_gettime|gettimeofday)\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)",
        "async::Loop::unix_ns(), or an instant that the caller passes: tests run in virtual time",
        ("async/loop.cc", "base/log.cc", "http/server_connection.cc", "selfprof/*", "services/support_bundle.cc", "app/*",
         # What its own work on the pool took of the CPU:
         "components/pyroscope/scrape/process.cc")),
    Ban("the steady clock", r"\bsteady_clock\b",
        "async::Loop::now(): tests run in virtual time",
        ("async/loop.h", "async/loop.cc", "async/run_process.cc", "http/server_connection.cc", "http/http2_session.cc", "pprof/delta.cc",
         # How long their own work on the pool took:
         "components/discovery/file/scan.cc", "components/pyroscope/scrape/process.cc")),
    Ban("sleeping", r"\bsleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\(",
        "async::Timer; in tests TestLoop::advance()", in_tests=True),
    Ban("threads of one's own", r"\bstd::j?thread\b(?!::)|\bpthread_create\b|\bstd::async\b",
        "async::WorkerPool, whose answers come back on the loop",
        ("async/*", "archive_tool/*")),
    Ban("iostream", r"#\s*include\s*<iostream>",
        "log::Logger; commands print with fmt::print",
        ("app/cmd_fmt.cc",)),
    Ban("files past the disk seam", r"\b(?:i|o)?fstream\b|\bf(?:re)?open\s*\(|\bstd::filesystem\b",
        "fs::FileSystem, so that tests can fill, fail and slow the disk",
        ("fs/*", "app/*", "archive_tool/*")),
    Ban("std::regex", r"\bstd::regex\b|#\s*include\s*<regex>",
        "RE2, in linear time and with bounded memory (labels/pattern.h, syntax)", in_tests=True),
    Ban("exceptions", r"\bthrow\b(?!\s*\(\s*\))",
        "Result<T> for what may fail, syntax::Diagnostics for mistakes of the user, INVAR_CHECK for our own",
        ("syntax/stdlib_yaml.cc",)),
    Ban("assert", r"(?<!static_)\bassert\s*\(|#\s*include\s*<cassert>",
        "INVAR_CHECK, which also holds in a release"),
    Ban("randomness from nowhere", r"\bs?rand\s*\(|\bstd::random_device\b",
        "a function that the caller passes: tests choose what comes out",
        ("components/*/*/component.cc", "app/*", "archive_tool/*", "queue/segment_queue.cc")),
    Ban("the environment", r"\bgetenv\b",
        "an option or an argument; the environment belongs to src/app",
        ("app/*", "base/build_info.cc", "http/proxy.cc", "services/support_bundle.cc", "syntax/stdlib.cc")),
    Ban("child processes", r"\b(?:system|popen|v?fork|posix_spawnp?)\s*\(",
        "async::Process, async::run_process() on a pool, or a library",
        ("async/spawn.cc",)),
    Ban("functions that keep hidden state", r"\b(?:strtok|localtime|gmtime|asctime|ctime|setlocale)\s*\(",
        "their _r twins, or base/time.h"),
    Ban("numbers by the C library", r"\b(?:ato[ifl]|sto(?:i|u?ll?|[fd])|sscanf)\s*\(",
        "parse_int(), parse_uint(), parse_double() of base/strings.h, which say when it was none",
        ("syntax/format_number.cc",)),
]

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL)


def without_words(text):
    """The code without its comments and strings, line by line as before; what an #include names stays."""
    return TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def is_test(path):
    return bool(re.search(r"_(?:test|fuzz|bench)\.cc$", path.name)) or "testing" in path.parts


def check(root, bans):
    breaches = []
    used = set()
    for path in sorted(p for p in (root / "src").rglob("*") if p.suffix in (".h", ".cc", ".inl")):
        relative = path.relative_to(root / "src")
        code = without_words(path.read_text())
        for ban in bans:
            if is_test(relative) and not ban.in_tests:
                continue
            for match in re.finditer(ban.pattern, code):
                exception = next((a for a in ban.allowed if fnmatch.fnmatch(str(relative), a)), None)
                used.add((ban.name, exception))
                if exception is None:
                    line = code.count("\n", 0, match.start()) + 1
                    breaches.append(f"src/{relative}:{line}: {ban.name} ({match.group().strip()}): use {ban.instead}")
    for ban in bans:
        for exception in ban.allowed:
            if (ban.name, exception) not in used:
                breaches.append(f"tools/check_bans.py: nothing in {exception} needs its exception from \"{ban.name}\"; take it out")
    return breaches


def self_test():
    bans = [Ban("clock", r"\bsteady_clock\b", "the loop", ("async/*", "base/gone.cc")), Ban("sleep", r"\bsleep_for\b", "a timer", in_tests=True)]
    files = {
        "src/async/loop.h": "auto now = std::chrono::steady_clock::now();\n",
        "src/base/a.cc": "// steady_clock is banned\n/* steady_clock\n */ const char* s = \"steady_clock\"; char c = 'x';\nauto n = steady_clock::now();\n",
        "src/base/a_test.cc": "auto n = steady_clock::now();\nR\"(sleep_for)\"; std::this_thread::sleep_for(1);\n",
        "src/base/b.inl": "auto n = 1'000'000; auto m = steady_clock::now();\n",
    }
    wanted = [
        "src/base/a.cc:4: clock (steady_clock): use the loop",
        "src/base/a_test.cc:2: sleep (sleep_for): use a timer",
        "src/base/b.inl:1: clock (steady_clock): use the loop",
        "tools/check_bans.py: nothing in base/gone.cc needs its exception from \"clock\"; take it out",
    ]
    return tree_check.finds(lambda root: check(root, bans), files, wanted)


if __name__ == "__main__":
    sys.exit(tree_check.main(lambda root: check(root, BANS), self_test))
