#!/usr/bin/env python3
"""Pages over tens of thousands of targets: how long does any task hold the event loop, and how long does a page take?

A file of targets goes through a discovery.relabel that drops a tenth of them into pyroscope.scrape, whose first scrapes are an hour away.
Then the API is asked what the pages ask, a second apart, so that nothing is answered from what was collected before. As root, the loop's
thread gets real-time priority, so that other programs on the machine do not count as stalls of ours. Environment: INVAR
(build/release/invar). Exit status 1 when a task held the loop for longer than --most.

Usage: bench/web_pages.py [--targets 50000] [--runs 5] [--most 10]
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

from load import OPENER, Invar

CONFIG = """
discovery.file "f" {{
	files = ["{file}"]
}}

discovery.relabel "r" {{
	targets = discovery.file.f.targets

	rule {{
		source_labels = ["pod"]
		regex         = ".*7"
		action        = "drop"
	}}
}}

pyroscope.scrape "s" {{
	targets         = discovery.relabel.r.output
	forward_to      = []
	scrape_interval = "1h"

	profiling_config {{
		profile.process_cpu {{ enabled = false }}
		profile.block {{ enabled = false }}
		profile.goroutine {{ enabled = false }}
		profile.mutex {{ enabled = false }}
	}}
}}
"""
PAGES = ("verdict", "problems?limit=50", "services", "components", "targets?by=cause&state=failing,late,waiting,ok",
         "targets?q=%7Bservice_name%3D~%22service-1.%22%7D&by=service&sort=-bytes", "targets?state=left_out", "components/pyroscope.scrape.s",
         "components/discovery.relabel.r", "components/discovery.relabel.r/rows?block=exports.output&find=pod-4999")


def targets(count):
    return [{"targets": [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:8080"],
             "labels": {"service_name": f"service-{i % 100}", "pod": f"pod-{i}", "namespace": f"ns-{i % 10}", "zone": "eu-1"}}
            for i in range(count)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--most", type=float, default=10, help="ms")
    options = parser.parse_args()
    stalls, took = {page: [] for page in PAGES}, {page: [] for page in PAGES}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "targets.json"
        file.write_text(json.dumps(targets(options.targets)))
        invar = Invar(CONFIG.format(file=file), folder)
        try:
            os.sched_setscheduler(invar.process.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            print("without real-time priority: what other programs take counts too")
        while invar.metric("pyroscope_scrape_jobs") < options.targets * 0.9:
            time.sleep(0.1)
        stall = "invar_loop_longest_task_seconds"
        for _ in range(options.runs):
            for page in PAGES:
                time.sleep(1.5)
                invar.metric(stall)
                began = time.monotonic()
                OPENER.open(f"http://{invar.address}/api/v1/{page}").read()
                took[page].append(time.monotonic() - began)
                stalls[page].append(invar.metric(stall))
        invar.stop()
    print(f"{options.targets} targets, {options.runs} runs: ms              longest task        page")
    for page in PAGES:
        print(f"  {page[:56]:56} median {statistics.median(stalls[page]) * 1000:5.1f}, worst {max(stalls[page]) * 1000:5.1f}"
              f"   median {statistics.median(took[page]) * 1000:6.0f}")
    return 1 if max(max(times) for times in stalls.values()) * 1000 > options.most else 0


if __name__ == "__main__":
    sys.exit(main())
