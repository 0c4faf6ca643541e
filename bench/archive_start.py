#!/usr/bin/env python3
"""An archive of a million files: how long until Invar has counted them, what it costs in memory, and whether scrapes wait.

The files lie in memory (/dev/shm), are small, and are removed at the end. Memory is the difference to an Invar that opens an
empty directory. Usage: bench/archive_start.py [--files 1000000]
"""

import argparse
import os
import pathlib
import random
import shutil
import tempfile
import time

from load import OPENER, Invar

CONFIG = """
pyroscope.fsdump "d" {{
	target_directory = "{directory}"
	max_size_bytes   = 1000000000000
}}
pyroscope.scrape "self" {{
	targets         = [{{"__address__" = "invar.internal:12345", "service_name" = "invar"}}]
	forward_to      = [pyroscope.fsdump.d.receiver]
	scrape_interval = "100ms"
	scrape_timeout  = "5s"

	profiling_config {{
		profile.memory {{ enabled = false }}
		profile.block {{ enabled = false }}
		profile.mutex {{ enabled = false }}
		profile.process_cpu {{ enabled = false }}
	}}
}}
"""


def fill(directory, files):
    """Files with names of ours, all of the same age, in no order."""
    milliseconds = int(time.time() * 1000) << 16
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(files):
        high = milliseconds | 0x7000 | random.getrandbits(12)
        name = f"{high >> 32:08x}-{high >> 16 & 0xffff:04x}-{high & 0xffff:04x}-{random.getrandbits(14) | 0x8000:04x}-{random.getrandbits(48):012x}"
        os.close(os.open(name + ".pb.gz", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=descriptor))
    os.close(descriptor)


def measure(directory, work):
    """(seconds to ready, seconds until counted, slowest answer meanwhile, RSS in MiB when counted, profiles taken, CPU seconds)"""
    started = time.monotonic()
    invar = Invar(CONFIG.format(directory=directory), work)
    OPENER.open(f"http://{invar.address}/-/ready").read()
    ready = time.monotonic() - started
    slowest = 0
    while invar.metric("pyroscope_fsdump_profiles_written_total") < 1:  # the first file comes after the count
        asked = time.monotonic()
        OPENER.open(f"http://{invar.address}/-/ready").read()
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.01)
    counted = time.monotonic() - started
    received = invar.metric("pyroscope_fsdump_profiles_received_total")
    memory, cpu = invar.rss_mib(), invar.cpu_seconds()
    invar.stop()
    return ready, counted, slowest, memory, received, cpu


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1_000_000)
    options = parser.parse_args()
    root = pathlib.Path(tempfile.mkdtemp(prefix="invar-bench-", dir="/dev/shm"))
    try:
        (root / "full").mkdir()
        fill(root / "full", options.files)
        with tempfile.TemporaryDirectory() as work:
            empty = measure(root / "empty", work)
        with tempfile.TemporaryDirectory() as work:
            full = measure(root / "full", work)
        print(f"{options.files:,} files: ready after {full[0]:.2f} s (empty: {empty[0]:.2f} s), counted and writing after {full[1]:.2f} s "
              f"({full[5]:.2f} s of CPU, empty: {empty[5]:.2f} s), "
              f"slowest answer meanwhile {full[2] * 1000:.0f} ms, {full[4]:.0f} profiles taken meanwhile; "
              f"memory {full[3]:.1f} MiB against {empty[3]:.1f}: {(full[3] - empty[3]) * 2**20 / options.files:.1f} bytes per file")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
