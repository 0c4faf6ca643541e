#!/usr/bin/env python3
"""compare.py DELTA_BENCH: our delta and Go's on the same captured profiles, one after the other on one machine; CPU time."""
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GO = "/usr/lib/go-1.19/bin/go"


def ours(program):
    out = subprocess.run([program, "--benchmark_format=json"], check=True, capture_output=True, text=True).stdout
    rows = json.loads(out)["benchmarks"]
    return {re.match(r"delta/([^/]+)", row["name"]).group(1): row["job_us"] for row in rows}


def go():
    program = GO if os.path.exists(GO) else shutil.which("go")
    out = subprocess.run([program, "test", "-run=^$", "-bench=.", "-benchtime=0.5s", "-cpu=1", "."], check=True,
                         capture_output=True, text=True, cwd=HERE).stdout
    return {name: float(ns) / 1000 for name, ns in re.findall(r"BenchmarkDelta/(\S+)\s.*?([\d.]+) cpu-ns/op", out)}


def main():
    mine, theirs = ours(sys.argv[1]), go()
    slow = False
    print(f"{'profile':16} {'ours us':>10} {'Go us':>10} {'times':>7}")
    for name, us in theirs.items():
        print(f"{name:16} {mine[name]:10.0f} {us:10.0f} {us / mine[name]:7.1f}")
        slow |= us < 10 * mine[name]
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
