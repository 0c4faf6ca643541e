#!/usr/bin/env python3
"""Three nodes in network namespaces and what happens to clusters, by chance, one thing after the other; targets count who scrapes them.

After each event the cluster may settle; then for two intervals each target must be scraped by exactly as many nodes as the engine
promises: with gossip by one of each part, with etcd by one, and by none while there is no etcd. The gaps and the duplicates in between
are measured by kind of event. Needs root and iproute2, and etcd for its engine. Environment: INVAR (build/release/invar).

Usage: tests/cluster/run.py [--engine gossip|etcd] [--minutes 10] [--targets 3000] [--seed 1] [--balance ring|cost]
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.append(str(SOURCE / "tests/e2e"))
for name, path in (("INVAR", SOURCE / "build/release/invar"), ("INTEROP", SOURCE / "build/release/interop"), ("SOURCE", SOURCE)):
    os.environ.setdefault(name, str(path))  # the harness of the other tests wants to know

from judge import Judge, percentile  # noqa: E402
from network import WORK, Network, host  # noqa: E402
from nodes import EtcdCluster, GossipCluster  # noqa: E402

NODES, INTERVAL = 3, 5
CONFIG = """
discovery.file "f" {
	files = ["%s"]
}

pyroscope.scrape "shared" {
	targets         = discovery.file.f.targets
	forward_to      = []
	scrape_interval = "%ds"

	clustering {
		enabled = true
	}

	profiling_config {
		profile.process_cpu {
			enabled = false
		}
		profile.memory {
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



class Trial:
    def __init__(self, cluster, judge):
        self.cluster, self.judge, self.wrong = cluster, judge, 0
        self.by_kind = collections.defaultdict(lambda: ([], [], []))  # gaps, seconds until they agreed, scrapes too soon of each event

    def fault(self, what):
        self.wrong += 1
        print("  WRONG:", what, flush=True)

    def settle(self, kind, began, limit=90):
        """Until the nodes agree, one more interval, and two intervals of exact counting. When they agreed, when counting began."""
        while not self.cluster.is_agreed():
            if time.time() > began + limit:
                sys.exit(f"{kind}: the nodes do not agree within {limit} s: " + str({n: self.cluster.sees(n) for n in self.cluster.processes}))
            time.sleep(0.1)
        agreed = time.time()
        while True:  # a plan that comes meanwhile moves some targets: they are counted anew
            time.sleep(INTERVAL + 3)
            begin, plans = time.time(), self.cluster.plans()
            time.sleep(2 * INTERVAL + 1)
            if self.cluster.plans() == plans:
                break
        owners = self.cluster.owners()
        bad = self.judge.wrong(begin, begin + 2 * INTERVAL, owners)
        if bad:
            self.fault(f"{len(bad)} targets have not {owners} owners, for instance {list(bad.items())[:3]}")
        return agreed, begin

    def event(self, chance):
        event = self.cluster.make_happen(chance)
        agreed, settled = self.settle(event.kind, event.at)
        if event.leaving and event.leaving.wait(30) not in (0, -signal.SIGKILL):
            self.fault(f"node-{event.node} ended with {event.leaving.returncode}")
        gaps, twice = self.judge.between(event.at, settled)
        if self.cluster.owners() > 1:
            twice = 0  # that each part scrapes is what gossip promises
        for broken in self.cluster.broken_promises(event, settled, self.judge):
            self.fault(broken)
        for all_of_kind, these in zip(self.by_kind[event.kind], (gaps, [agreed - event.at], [twice])):
            all_of_kind += these
        print(f"{event.kind:14} node-{event.node}: {described(gaps, [agreed - event.at], [twice])}", flush=True)


def described(gaps, agreement, twice):
    return (f"agreed within {max(agreement):4.1f} s; gap beyond the interval p50 {percentile(gaps, .5):.2f} p99 {percentile(gaps, .99):.2f} "
            f"max {max(gaps):.2f} s; {sum(twice)} scrapes too soon ({sum(twice) / len(gaps):.2%} of the targets an event)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("gossip", "etcd"), default="gossip")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--targets", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--balance", choices=("ring", "cost"), default="ring")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is stopped
    if os.geteuid() != 0:
        sys.exit("needs root: network namespaces")
    if options.engine == "etcd" and not shutil.which("etcd"):
        sys.exit("needs etcd (package etcd-server)")
    chance = random.Random(options.seed)
    names = [f"t{i}" for i in range(options.targets)]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="invar-cluster.")))
        (folder / "config.alloy").write_text(CONFIG % (folder / "targets.json", INTERVAL))
        (folder / "targets.json").write_text(json.dumps(
            [{"targets": [f"{host(WORK)}:8080"], "labels": {"__param_id": t, "service_name": t}} for t in names]))
        network = Network(NODES)
        stack.callback(network.remove)
        targets = stack.enter_context(subprocess.Popen(
            [sys.executable, SOURCE / "tests/cluster/targets.py", host(WORK), "8080",
             SOURCE / "testdata/profiles/prom-goroutine-1.pb.gz", folder / "scrapes"], stdout=subprocess.PIPE, text=True))
        stack.callback(targets.kill)
        assert targets.stdout.readline().startswith("listening")
        cluster = {"gossip": GossipCluster, "etcd": EtcdCluster}[options.engine](os.environ["INVAR"], folder, network, options.balance)
        stack.callback(cluster.stop)
        trial = Trial(cluster, Judge(folder / "scrapes", names, INTERVAL))
        for n in range(NODES):
            cluster.start(n)
        trial.settle("start", time.time(), 60)
        end = time.time() + 60 * options.minutes
        while time.time() < end:
            trial.event(chance)
    print(f"\n{options.engine}, {options.targets} targets, {INTERVAL} s interval, {NODES} nodes, balance {options.balance}, seed {options.seed}:")
    for kind, (gaps, agreement, twice) in sorted(trial.by_kind.items()):
        print(f"  {kind:14} {len(agreement):3} times: {described(gaps, agreement, twice)}")
    print(f"  promises that were not kept: {trial.wrong}")
    sys.exit(1 if trial.wrong else 0)


if __name__ == "__main__":
    main()
