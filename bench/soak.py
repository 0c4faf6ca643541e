#!/usr/bin/env python3
"""Many targets with all five default types for a while: missed scrapes, CPU per profile, memory over time.

Usage: bench/soak.py [--targets 1000] [--interval 15] [--minutes 10] [--stacks 3000 --restart 60]
The targets answer with captured profiles of a Prometheus server in three rounds, so deltas are real and counters also reset. With
--stacks they are made-up programs with heaps of that size, each of which begins anew as another program after --restart seconds.
Environment: INVAR (build/release/invar), LOADSERVER (build/release/interop/loadserver).
"""

import argparse
import pathlib
import shutil
import tempfile
import time

from load import ROOT, Invar, Load, config


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--stacks", type=int, default=0)
    parser.add_argument("--restart", type=int, default=60)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        profiles = pathlib.Path(folder) / "profiles"
        profiles.mkdir()
        for file in (ROOT / "testdata/profiles").glob("prom-*.pb.gz"):
            shutil.copy(file, profiles / file.name.removeprefix("prom-"))
        answers = [f"-stacks={options.stacks}", f"-restart={options.restart}s"] if options.stacks else [f"-dir={profiles}"]
        load = Load(f"-targets={options.targets}", *answers)
        try:
            invar = Invar(config(load.targets, load.sink, options.interval), folder)
            print(f"{options.targets} targets x 5 types every {options.interval} s")
            print("minute  served  pushed  missed  failed  RSS MiB  CPU us per scrape")
            cpu, served = invar.cpu_seconds(), 0
            for minute in range(1, max(2, int(options.minutes) + 1)):
                time.sleep(min(60, options.minutes * 60))
                now_cpu, (pushed, _, now_served) = invar.cpu_seconds(), load.counts()
                missed = invar.metric("pyroscope_scrape_missed_ticks_total")
                failed = invar.metric("pyroscope_ledger_dropped_total") + invar.metric("pyroscope_ledger_refused_total")
                each = (now_cpu - cpu) * 1e6 / max(1, now_served - served)
                print(f"{minute:6} {now_served:7} {pushed:7} {missed:7.0f} {failed:7.0f} {invar.rss_mib():8.1f} {each:10.1f}", flush=True)
                cpu, served = now_cpu, now_served
            invar.stop()
        finally:
            load.stop()


if __name__ == "__main__":
    main()
