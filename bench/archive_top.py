#!/usr/bin/env python3
"""`invar archive top` over 1,000 captured heaps against `go tool pprof -top` on the same files, in turns.

Goal: at least ten times faster, within 200 MB. Usage: bench/archive_top.py [INVAR] (build/bench/invar)
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INVAR = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench/invar"
GO = shutil.which("go") or "/usr/lib/go-1.19/bin/go"
FILES, ROUNDS = 1000, 3


def measure(*command):
    """(wall seconds, CPU seconds, peak RSS in MB)"""
    started = time.monotonic()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    with tempfile.TemporaryDirectory(prefix="archive_top.") as folder:
        sets = {"prom": "prom-heap-*.pb.gz", "go100k": "go100k-heap-*.pb.gz", "all nine": "*-heap-*.pb.gz"}
        tool = subprocess.run([GO, "tool", "-n", "pprof"], capture_output=True, text=True).stdout.strip()  # without the launcher
        for name, pattern in sets.items():
            captured = sorted((ROOT / "testdata/profiles").glob(pattern))
            heaps = pathlib.Path(folder) / name.replace(" ", "_")
            heaps.mkdir()
            for i in range(FILES):
                shutil.copy(captured[i % len(captured)], heaps / f"{i:04}.pb.gz")
            files = sorted(heaps.iterdir())
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(measure(INVAR, "archive", "top", heaps))
                theirs.append(measure(tool, "-top", *files))
            median = lambda rows, i: statistics.median(r[i] for r in rows)
            print(f"{name}: invar {median(ours, 0):.2f} s, {median(ours, 1):.2f} s CPU, {median(ours, 2):.0f} MB; "
                  f"go tool pprof {median(theirs, 0):.2f} s, {median(theirs, 1):.2f} s CPU, {median(theirs, 2):.0f} MB; "
                  f"{median(theirs, 0) / median(ours, 0):.1f} times faster, {median(theirs, 1) / median(ours, 1):.1f} times less CPU")


if __name__ == "__main__":
    main()
