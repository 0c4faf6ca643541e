#!/usr/bin/env python3
"""What a declare costs: a thousand instances of one with two components, against the same components written flat. CPU of the whole
start and memory, above those of an Invar without any component; medians.

Usage: bench/instances.py [--instances 1000] [--runs 9]      Environment: INVAR (build/release/invar)
"""

import argparse
import statistics
import tempfile
import time

from load import Invar

RULE = 'discovery.relabel "{}" {{\n  targets = {}\n}}\n'


def flat(count):
    return "".join(RULE.format(f"a{n}", f'[{{"__address__" = "h{n}:1"}}]') + RULE.format(f"b{n}", f"discovery.relabel.a{n}.output")
                   for n in range(count))


def declared(count):
    return ('declare "pair" {\n  argument "address" { }\n' + RULE.format("a", '[{"__address__" = argument.address.value}]') +
            RULE.format("b", "discovery.relabel.a.output") + "}\n" +
            "".join(f'pair "p{n}" {{\n  address = "h{n}:1"\n}}\n' for n in range(count)))


def start(config):
    """CPU seconds and MiB."""
    with tempfile.TemporaryDirectory() as folder:
        invar = Invar(config, folder)
        time.sleep(0.3)
        used = invar.cpu_seconds(), invar.rss_mib()
        invar.stop()
    return used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    configs = {"none": "", "flat": flat(options.instances), "declared": declared(options.instances)}
    used = {name: [] for name in configs}
    for _ in range(options.runs):
        for name, config in configs.items():
            used[name].append(start(config))
    cpu, rss = ({name: statistics.median(run[i] for run in runs) for name, runs in used.items()} for i in range(2))
    print(f"{options.instances} instances: {(cpu['declared'] - cpu['none']) / (cpu['flat'] - cpu['none']):.2f} × the CPU of the flat start"
          f" ({cpu['flat'] - cpu['none']:.2f} s), {(rss['declared'] - rss['flat']) * 1024 / options.instances:.1f} KiB more each")


if __name__ == "__main__":
    main()
