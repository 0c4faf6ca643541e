#!/usr/bin/env python3
"""Time from start to /-/ready, and memory of an Invar that has nothing to do. Median of several starts.

Usage: bench/start.py [--runs 9]
"""

import argparse
import statistics
import tempfile
import time

from load import OPENER, Invar


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    times, memory = [], []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            invar = Invar("", folder)
            assert OPENER.open(f"http://{invar.address}/-/ready").status == 200
            times.append((time.monotonic() - started) * 1000)
            time.sleep(0.5)
            memory.append(invar.rss_mib())
            invar.stop()
    print(f"start to /-/ready: median {statistics.median(times):.1f} ms (worst {max(times):.1f}); idle RSS {statistics.median(memory):.1f} MiB")


if __name__ == "__main__":
    main()
