#!/usr/bin/env python3
"""The main job end to end: targets x 5 types with heaps of 3,000 stacks, deltas, pushes; all over loopback, in one run.

CPU per profile against the least that a collector has to do (bare_agent: GET, delta, POST of the same bytes, paced alike) and, where
its program is given, against the reference agent at the same work; memory: at work, and five seconds after a burst.
docs/benchmarks/end_to_end.md has results.

Usage: bench/end_to_end.py [--targets 300] [--interval 15] [--rounds 3] [--stacks 3000] [--restart SECONDS] [--no-burst] [--no-bare]
       [--reference PATH-OF-ALLOY]
Environment: INVAR (build/release/invar), BARE_AGENT (build/bench/bare_agent), LOADSERVER and PPROFCHECK (build/release/interop).
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile
import time

from load import OPENER, Invar, Load, Reference, config, program


def bare(load, interval, rounds):
    """CPU us per profile, and the part of it that deltas took."""
    done = subprocess.run([program("BARE_AGENT", "build/bench/bare_agent"), load.sink, str(interval), str(rounds), *load.targets],
                          capture_output=True, text=True, check=True)
    _, cpu, delta = done.stdout.split()
    return float(cpu), float(delta)


def served(load):
    return load.counts()[2]


def measure(load, agent, options):
    """CPU us per profile and their count, once the deltas of every target have a baseline."""
    time.sleep(2 * options.interval + 1)
    cpu, count = agent.cpu_seconds(), served(load)
    time.sleep(options.rounds * options.interval)
    return (agent.cpu_seconds() - cpu) * 1e6 / max(1, served(load) - count), served(load) - count


def live_mib(invar, folder):
    """Bytes in use by Invar's own heap profile (sampled)."""
    path = pathlib.Path(folder) / "heap.pb.gz"
    path.write_bytes(OPENER.open(f"http://{invar.address}/debug/pprof/heap").read())
    said = json.loads(subprocess.run([program("PPROFCHECK", "build/release/interop/pprofcheck"), str(path)],
                                     capture_output=True, text=True, check=True).stdout)
    return said["totals"][said["types"].index("inuse_space/bytes")] / (1 << 20)


def burst(load, invar, seconds, folder):
    """The server stands still, the queue fills; then it goes on. (RSS at the peak; five seconds after it: RSS,
    the part of it that is no file, and live bytes)."""
    OPENER.open(f"http://{load.sink}/hold?seconds={seconds}", data=b"").read()
    deadline, peak = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        time.sleep(0.2)
        peak = max(peak, invar.rss_mib())
    while invar.metric("pyroscope_ledger_queued") > 50:
        time.sleep(0.2)
        peak = max(peak, invar.rss_mib())
    time.sleep(5)
    status = pathlib.Path(f"/proc/{invar.process.pid}/status").read_text()
    heap = int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024
    return peak, invar.rss_mib(), heap, live_mib(invar, folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=300)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stacks", type=int, default=3000)
    parser.add_argument("--restart", type=int, default=0, help="seconds that a target lives")
    parser.add_argument("--no-burst", action="store_true")
    parser.add_argument("--no-bare", action="store_true")
    parser.add_argument("--reference", help="program of the reference agent")
    options = parser.parse_args()

    load = Load(f"-targets={options.targets}", f"-stacks={options.stacks}", f"-restart={options.restart}s")
    try:
        with tempfile.TemporaryDirectory() as folder:
            invar = Invar(config(load.targets, load.sink, options.interval), folder)
            ours, count = measure(load, invar, options)
            rss = invar.rss_mib()
            missed = invar.metric("pyroscope_scrape_missed_ticks_total")
            after = None if options.no_burst else burst(load, invar, options.interval, folder)
            invar.stop()
        print(f"{options.targets} targets x 5 types every {options.interval} s, heaps of {options.stacks} stacks: "
              f"{count} profiles in {options.rounds * options.interval} s, {missed:.0f} missed")
        print(f"  invar                  {ours:7.0f} us CPU per profile")
        if options.reference:
            with tempfile.TemporaryDirectory() as folder:
                agent = Reference(options.reference, config(load.targets, load.sink, options.interval), folder)
                theirs, count = measure(load, agent, options)
                print(f"  reference agent        {theirs:7.0f} us: {theirs / ours:.1f} times as much; {count} profiles, {agent.rss_mib():.0f} MiB")
                agent.stop()
        if not options.no_bare:
            paced, delta = bare(load, options.interval, 1)
            closed, closed_delta = bare(load, 0, options.rounds)
            print(f"  bare agent, paced      {paced:7.0f} us ({delta:.0f} of it deltas): ratio {ours / paced:.2f}")
            print(f"  bare agent, flat out   {closed:7.0f} us ({closed_delta:.0f} of it deltas): ratio {ours / closed:.2f}")
        print(f"  RSS                    {rss:7.1f} MiB, limit {30 + 0.15 * options.targets:.0f} MiB")
        if after:
            peak, settled, heap, live = after
            print(f"  RSS after a burst      {settled:7.1f} MiB 5 s after it (peak {peak:.1f}); without files {heap:.1f}, "
                  f"{heap / live:.2f} times the {live:.1f} MiB live by its own heap profile")
    finally:
        load.stop()


if __name__ == "__main__":
    main()
