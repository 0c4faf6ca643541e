#!/usr/bin/env python3
"""CPU of the main job against a bare libcurl loop that moves the same bytes, and Invar's memory; all over loopback, in one run.

Usage: bench/pass_through.py [--targets 100] [--interval 2] [--seconds 30] [--profile FILE]
Environment: INVAR (build/release/invar), BARE (build/bench/bare_loop), LOADSERVER (build/release/interop/loadserver).
"""

import argparse
import os
import subprocess
import tempfile
import time

from load import ROOT, Invar, Load, config, program


def bare_loop(load, count, rate, at_once):
    command = [program("BARE", "build/bench/bare_loop"), load.sink, "/x", str(max(3000, count)), str(rate), str(at_once), *load.targets]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=100)
    parser.add_argument("--interval", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--profile", default=str(ROOT / "testdata/profiles/prom-goroutine-3.pb.gz"))
    options = parser.parse_args()

    load = Load(f"-targets={options.targets}", f"-file={options.profile}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            invar = Invar(config(load.targets, load.sink, options.interval, "goroutine"), folder)
            idle = invar.rss_mib()
            time.sleep(options.interval + 1)
            cpu, count = invar.cpu_seconds(), load.counts()[0]
            time.sleep(options.seconds)
            cpu, count = invar.cpu_seconds() - cpu, load.counts()[0] - count
            rss = invar.rss_mib()
            invar.stop()
        expected = options.targets * options.seconds / options.interval
        paced = bare_loop(load, int(expected), options.targets / options.interval, 32)
        plain, busy = (bare_loop(load, int(expected), 0, at_once) for at_once in (1, 32))
    finally:
        load.stop()
    ours = cpu * 1e6 / count
    print(f"pass-through of {os.path.getsize(options.profile)} bytes, {options.targets} targets every {options.interval} s: "
          f"{count} of {expected:.0f} profiles")
    print(f"  invar     {ours:7.1f} us CPU per profile, RSS {rss:.1f} MiB ({idle:.1f} MiB at start)")
    print(f"  bare loop {paced:7.1f} us CPU per GET + POST at the same rate, {plain:.1f} us one after the other, {busy:.1f} us with 32 always under way")
    print(f"  ratio     {ours / paced:7.2f} at the same rate, {ours / plain:.2f} one after the other, {ours / busy:.2f} with 32 under way")


if __name__ == "__main__":
    main()
