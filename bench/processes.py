#!/usr/bin/env python3
"""discovery.process with thousands of processes: what reading all of them once costs, and what part of a core that is at the default
interval with 10,000 of them. The processes are real ones that sleep; fewer than 10,000, so the figure is scaled by their number.

Usage: bench/processes.py [--processes 2000] [--reads 20]      Environment: INVAR (build/release/invar)
"""

import argparse
import subprocess
import tempfile
import time

from load import Invar

CONFIG = """
discovery.process "all" {{
  refresh_interval = "{interval}"
}}
discovery.relabel "java" {{
  targets = discovery.process.all.targets
  rule {{
    source_labels = ["__meta_process_exe"]
    regex         = ".*/java$"
    action        = "keep"
  }}
}}
"""
DEFAULT_INTERVAL = 60


def cpu(interval, seconds):
    with tempfile.TemporaryDirectory() as folder:
        invar = Invar(CONFIG.format(interval=interval), folder)
        time.sleep(3)
        before = invar.cpu_seconds()
        time.sleep(seconds)
        used = invar.cpu_seconds() - before
        invar.stop()
    return used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=2000)
    parser.add_argument("--reads", type=int, default=20)
    options = parser.parse_args()
    sleepers = [subprocess.Popen(["sleep", "infinity"]) for _ in range(options.processes)]
    try:
        idle = cpu("1h", options.reads)
        busy = cpu("1s", options.reads)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
    read = (busy - idle) / options.reads / options.processes
    print(f"{options.processes} processes: {read * 1e6:.1f} µs of CPU for each that is read; 10,000 at the default interval: "
          f"{read * 10_000 / DEFAULT_INTERVAL * 100:.2f} % of a core")


if __name__ == "__main__":
    main()
