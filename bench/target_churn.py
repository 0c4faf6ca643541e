#!/usr/bin/env python3
"""Thousands of targets appear at once, change at once, and vanish at once: how long does any task hold the event loop?

The whole way counts: discovery.file reads them, the controller evaluates, pyroscope.scrape makes jobs. Nothing answers at the
targets' addresses; their first scrapes are an hour away. As root, the loop's thread gets real-time priority, so that other programs
on the machine do not count as stalls of ours. Environment: INVAR (build/release/invar).

With --relabel a discovery.relabel of five rules stands in between.

Usage: bench/target_churn.py [--targets 10000] [--runs 5] [--relabel]
"""

import argparse
import json
import os
import pathlib
import statistics
import tempfile
import time

from load import Invar

CONFIG = """
discovery.file "f" {{
	files            = ["{file}"]
	refresh_interval = "1s"
}}

{relabel}
pyroscope.scrape "s" {{
	targets         = {targets}
	forward_to      = []
	scrape_interval = "1h"
}}
"""

RELABEL = """
discovery.relabel "r" {
	targets = discovery.file.f.targets

	rule {
		source_labels = ["__meta_kubernetes_pod_label_app"]
		target_label  = "app"
	}

	rule {
		source_labels = ["__meta_kubernetes_pod_label_app", "__meta_kubernetes_pod_label_zone"]
		separator     = "/"
		regex         = "(.+)/(.+)"
		replacement   = "${1}-${2}"
		target_label  = "place"
	}

	rule {
		source_labels = ["__meta_kubernetes_pod_label_tier"]
		regex         = "none|nothing"
		action        = "drop"
	}

	rule {
		regex  = "__meta_kubernetes_pod_label_(.+)"
		action = "labelmap"
	}

	rule {
		regex  = "zone|tier"
		action = "labeldrop"
	}
}
"""


def targets(count, version):
    labels = {f"__meta_kubernetes_pod_label_{name}": f"value-of-{name}" for name in ("app", "team", "zone", "tier", "release")}
    return [{"targets": [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:8080"],
             "labels": {**labels, "service_name": f"service-{i % 100}", "pod": f"pod-{i}-{version}", "__meta_version": str(version)}}
            for i in range(count)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--relabel", action="store_true")
    options = parser.parse_args()
    worst = {"appear": [], "change labels": [], "change hidden labels": [], "vanish": []}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "targets.json"

        def write(groups):
            fresh = file.with_suffix(".tmp")
            fresh.write_text(json.dumps(groups))
            fresh.rename(file)

        write([])
        used = {"relabel": RELABEL, "targets": "discovery.relabel.r.output"} if options.relabel else {
            "relabel": "", "targets": "discovery.file.f.targets"}
        invar = Invar(CONFIG.format(file=file, **used), folder)
        try:
            os.sched_setscheduler(invar.process.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            print("without real-time priority: what other programs take counts too")
        stall = "invar_loop_longest_task_seconds"

        def step(name, groups, settled):
            invar.metric(stall)
            write(groups)
            deadline = time.monotonic() + 60
            longest = 0
            while not settled() and time.monotonic() < deadline:
                time.sleep(0.05)
                longest = max(longest, invar.metric(stall))
            time.sleep(1)
            worst[name].append(max(longest, invar.metric(stall)))

        def jobs():
            return invar.metric("pyroscope_scrape_jobs")

        for run in range(options.runs):
            step("appear", targets(options.targets, run), lambda: jobs() == 5 * options.targets)
            renamed = targets(options.targets, f"{run}b")
            before = time.monotonic()
            step("change labels", renamed, lambda: time.monotonic() > before + 5)
            for group in renamed:
                group["labels"]["__meta_version"] = "other"
            before = time.monotonic()
            step("change hidden labels", renamed, lambda: time.monotonic() > before + 5)
            step("vanish", [], lambda: jobs() == 0)
        rss = invar.rss_mib()
        invar.stop()
    print(f"{options.targets} targets x 5 types, {options.runs} runs: longest task on the event loop, ms")
    for name, times in worst.items():
        print(f"  {name:22} median {statistics.median(times) * 1000:6.1f}, worst {max(times) * 1000:6.1f}")
    print(f"  RSS after all of them  {rss:.1f} MiB")


if __name__ == "__main__":
    main()
