#!/usr/bin/env python3
"""A second node joins, leaves, comes back and dies, and half of all targets move each time: how long does any task hold the event loop?

Nothing answers at the targets' addresses; their first scrapes are an hour away. As root, the loops' threads get real-time priority, so
that other programs on the machine do not count as stalls of ours. Environment: INVAR (build/release/invar).

Usage: bench/cluster_moves.py [--targets 50000] [--runs 3]
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import time

from load import Invar

CONFIG = """
discovery.file "f" {
	files = ["%s"]
}

pyroscope.scrape "s" {
	targets         = discovery.file.f.targets
	forward_to      = []
	scrape_interval = "1h"

	clustering {
		enabled = true
	}

	profiling_config {
		profile.process_cpu {
			enabled = false
		}
		profile.goroutine {
			enabled = false
		}
		profile.mutex {
			enabled = false
		}
		profile.block {
			enabled = false
		}
	}
}
"""
PORTS = (27001, 27002)
STALL = "invar_loop_longest_task_seconds"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=50000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is stopped
    longest = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "targets.json").write_text(json.dumps(
            [{"targets": [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:8080"], "labels": {"service_name": f"service-{i % 100}"}}
             for i in range(options.targets)]))
        nodes = {}

        def start(n):
            (folder / str(n)).mkdir(exist_ok=True)
            nodes[n] = Invar(CONFIG % (folder / "targets.json"), folder / str(n), "--cluster.enabled", f"--cluster.node-name=node-{n}",
                             f"--server.http.listen-addr=127.0.0.1:{PORTS[n]}", "--cluster.advertise-address=127.0.0.1",
                             "--cluster.join-addresses=" + ",".join(f"127.0.0.1:{p}" for p in PORTS))
            try:
                os.sched_setscheduler(nodes[n].process.pid, os.SCHED_FIFO, os.sched_param(1))
            except PermissionError:
                print("without real-time priority: what other programs take counts too")

        def shares():
            return [node.metric("pyroscope_scrape_jobs") for node in nodes.values()]

        def settle(what):
            worst = {n: 0.0 for n in nodes}
            deadline = time.monotonic() + 90
            quiet = None
            while quiet is None or time.monotonic() < quiet:
                for n, node in nodes.items():
                    worst[n] = max(worst[n], node.metric(STALL))
                whole = sum(shares()) == options.targets and all(share > options.targets / 10 for share in shares())
                quiet = (quiet or time.monotonic() + 3) if whole else None
                if time.monotonic() > deadline:
                    raise SystemExit(f"{what}: {shares()} of {options.targets}")
                time.sleep(0.1)
            for n, value in worst.items():
                longest.setdefault((what, f"node-{n}"), []).append(value)

        try:
            start(0)
            settle("start")
            for _ in range(options.runs):
                start(1)
                settle("join")
                leaving = nodes.pop(1)
                leaving.process.send_signal(signal.SIGTERM)
                settle("leave")
                leaving.process.wait()
                start(1)
                settle("join")
                killed = nodes.pop(1)
                killed.process.kill()
                killed.process.wait()
                settle("kill")
        finally:
            for node in nodes.values():
                node.stop()
    print(f"{options.targets} targets, {options.runs} runs: longest task on the event loop, ms")
    for (what, node), values in longest.items():
        print(f"  {what:6} {node}  median {statistics.median(values) * 1000:6.1f}, worst {max(values) * 1000:6.1f}")


if __name__ == "__main__":
    main()
