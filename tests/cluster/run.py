#!/usr/bin/env python3
"""Three nodes in network namespaces, with joins, leaves, kills, partitions and heals at random; the targets count who scrapes them.

Every node has two interfaces: by one it meets the others, by the other it reaches the targets, so a partition parts nodes and nothing
else. After each event the cluster may settle; then for two intervals each target must be scraped by exactly one node. The gaps and the
duplicates in between are measured by kind of event. Needs root and iproute2. Environment: INVAR (build/release/invar).

Usage: tests/cluster/run.py [--minutes 10] [--targets 3000] [--seed 1] [--balance cost]
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INVAR = os.environ.get("INVAR", SOURCE / "build/release/invar")
NODES, INTERVAL, PORT = 3, 5, 12345
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
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


def sh(command, check=True):
    done = subprocess.run(command.split(), capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.strip()}")


class Network:
    """Two bridges and a namespace per node, all of this run's own."""

    def __init__(self):
        tag = f"iv{os.getpid() % 10000}"
        self.spaces = [f"{tag}n{n}" for n in range(NODES)]
        self.bridges = [f"{tag}b{b}" for b in "mt"]  # to meet, and to the targets
        self.tag = tag
        for bridge in self.bridges:
            sh(f"ip link add {bridge} type bridge")
            sh(f"ip link set {bridge} up")
        sh(f"ip addr add 10.213.1.254/24 dev {self.bridges[1]}")
        for n, space in enumerate(self.spaces):
            sh(f"ip netns add {space}")
            sh(f"ip -n {space} link set lo up")
            for b, bridge in enumerate(self.bridges):
                outer, inner = f"{tag}{'mt'[b]}{n}", f"eth{b}"
                sh(f"ip link add {outer} type veth peer name {inner} netns {space}")
                sh(f"ip link set {outer} master {bridge}")
                sh(f"ip link set {outer} up")
                sh(f"ip -n {space} addr add 10.213.{b}.{n + 1}/24 dev {inner}")
                sh(f"ip -n {space} link set {inner} up")

    def cut(self, n, is_cut):
        sh(f"ip link set {self.tag}m{n} {'down' if is_cut else 'up'}")

    def remove(self):
        for space in self.spaces:
            sh(f"ip netns del {space}", check=False)
        for bridge in self.bridges:
            sh(f"ip link del {bridge}", check=False)


class Cluster:
    def __init__(self, folder, network, balance):
        self.folder, self.network, self.balance = folder, network, balance
        self.nodes, self.cut = {}, set()

    def start(self, n):
        log = open(self.folder / f"node-{n}.log", "a")
        self.nodes[n] = subprocess.Popen(
            ["ip", "netns", "exec", self.network.spaces[n], INVAR, "run", f"--server.http.listen-addr=0.0.0.0:{PORT}",
             f"--storage.path={self.folder}/storage-{n}", "--cluster.enabled", f"--cluster.node-name=node-{n}",
             f"--cluster.advertise-address=10.213.0.{n + 1}", "--cluster.rejoin-interval=15s",
             "--cluster.join-addresses=" + ",".join(f"10.213.0.{m + 1}" for m in range(NODES)), f"--cluster.balance={self.balance}",
             str(self.folder / "config.alloy")], stdout=log, stderr=log, start_new_session=True)
        log.close()

    def end(self, n, number):
        process = self.nodes.pop(n)
        process.send_signal(number)
        if number == signal.SIGKILL:
            process.wait()
        return process

    def ask(self, n, path):
        with OPENER.open(f"http://10.213.1.{n + 1}:{PORT}{path}", timeout=5) as answer:
            return answer.read()

    def sees(self, n):
        try:
            return {p["name"] for p in json.loads(self.ask(n, "/api/v0/web/peers")) if p["state"] == "participant"}
        except OSError:
            return None

    def epochs(self):
        """The plan that each node follows; of none by the ring."""
        found = {}
        for n in self.nodes:
            try:
                lines = self.ask(n, "/metrics").decode().splitlines()
            except OSError:
                lines = []
            found[n] = [line for line in lines if line.startswith("cluster_balance_plan_epoch")]
        return found

    def is_agreed(self):
        """Every node sees those that it can reach, and no other."""
        for n in self.nodes:
            reached = {n} if n in self.cut else {m for m in self.nodes if m not in self.cut}
            if self.sees(n) != {f"node-{m}" for m in reached}:
                return False
        return True


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


class Judge:
    """Reads what the targets counted."""

    def __init__(self, file, targets):
        self.file, self.targets, self.at = file, targets, 0
        self.scrapes = collections.defaultdict(list)  # by target: (time, node)

    def read(self):
        with open(self.file) as lines:
            lines.seek(self.at)
            while (line := lines.readline()).endswith("\n"):
                when, target, peer = json.loads(line)
                self.scrapes[target].append((when, peer))
                self.at = lines.tell()

    def wrong(self, begin, end, wanted):
        """Targets that other than `wanted` nodes scraped in the time."""
        self.read()
        out = {}
        for target in self.targets:
            nodes = {peer for when, peer in self.scrapes[target] if begin <= when < end}
            if len(nodes) != wanted:
                out[target] = nodes
        return out

    def between(self, begin, end):
        """Of each target: the longest time without a scrape beyond an interval; scrapes that came too soon after another."""
        self.read()
        gaps, twice = [], 0
        for target in self.targets:
            times = [when for when, _ in self.scrapes[target] if begin - INTERVAL - 1 <= when <= end]
            steps = [b - a for a, b in zip(times, times[1:])]
            gaps.append(max([s - INTERVAL for s in steps], default=end - begin))
            twice += sum(b - a < INTERVAL / 2 and b >= begin for a, b in zip(times, times[1:]))
        return gaps, twice


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--targets", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--balance", choices=("ring", "cost"), default="ring")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is stopped
    if os.geteuid() != 0:
        sys.exit("needs root: network namespaces")
    chance = random.Random(options.seed)
    names = [f"t{i}" for i in range(options.targets)]
    wrong, by_kind = 0, collections.defaultdict(lambda: ([], [], 0, []))
    with tempfile.TemporaryDirectory(prefix="invar-cluster.") as name:
        folder = pathlib.Path(name)
        (folder / "config.alloy").write_text(CONFIG % (folder / "targets.json", INTERVAL))
        (folder / "targets.json").write_text(json.dumps(
            [{"targets": ["10.213.1.254:8080"], "labels": {"__param_id": t, "service_name": t}} for t in names]))
        network = Network()
        targets, cluster = None, Cluster(folder, network, options.balance)
        try:
            targets = subprocess.Popen(
                [sys.executable, SOURCE / "tests/cluster/targets.py", "10.213.1.254", "8080",
                 SOURCE / "testdata/profiles/prom-goroutine-1.pb.gz", folder / "scrapes"], stdout=subprocess.PIPE, text=True)
            assert targets.stdout.readline().startswith("listening")
            judge = Judge(folder / "scrapes", names)
            for n in range(NODES):
                cluster.start(n)

            def settle(kind, limit=90):
                """Until the nodes agree, one more interval, and two intervals of exact counting."""
                nonlocal wrong
                began = time.time()
                while not cluster.is_agreed():
                    if time.time() > began + limit:
                        sys.exit(f"{kind}: the nodes do not agree within {limit} s: " + str({n: cluster.sees(n) for n in cluster.nodes}))
                    time.sleep(0.1)
                agreed = time.time()
                while True:  # a plan that comes meanwhile moves some targets: they are counted anew
                    time.sleep(INTERVAL + 3)
                    begin, plans = time.time(), cluster.epochs()
                    time.sleep(2 * INTERVAL + 1)
                    if cluster.epochs() == plans:
                        break
                parts = len(cluster.cut & set(cluster.nodes)) + (1 if set(cluster.nodes) - cluster.cut else 0)
                bad = judge.wrong(begin, begin + 2 * INTERVAL, parts)
                if bad:
                    wrong += 1
                    print(f"  {len(bad)} targets have not {parts} owners, for instance", list(bad.items())[:3], flush=True)
                return began, agreed, begin

            settle("start", 60)
            end = time.time() + 60 * options.minutes
            while time.time() < end:
                there, away = sorted(set(cluster.nodes) - cluster.cut), sorted(set(range(NODES)) - set(cluster.nodes))
                kinds = ["heal"] if cluster.cut else (["join"] if away else []) + (["leave", "kill", "partition"] if len(there) > 1 else [])
                kind = chance.choice(kinds)
                leaving = None
                if kind == "join":
                    n = chance.choice(away)
                    cluster.start(n)
                elif kind == "heal":
                    n = cluster.cut.pop()
                    network.cut(n, False)
                elif kind == "partition":
                    n = chance.choice(there)
                    cluster.cut.add(n)
                    network.cut(n, True)
                else:
                    n = chance.choice(there)
                    leaving = cluster.end(n, signal.SIGTERM if kind == "leave" else signal.SIGKILL)
                began, agreed, settled = settle(kind)
                if leaving and leaving.wait(30) not in (0, -signal.SIGKILL):
                    sys.exit(f"node-{n} ended with {leaving.returncode}")
                gaps, twice = judge.between(began, settled)
                if kind == "partition":
                    twice = 0  # both parts scrape: that is what gossip promises
                all_gaps, agreement, duplicates, events = by_kind[kind]
                all_gaps += gaps
                agreement.append(agreed - began)
                events.append(n)
                by_kind[kind] = (all_gaps, agreement, duplicates + twice, events)
                print(f"{kind:9} node-{n}: agreed after {agreed - began:4.1f} s; gap beyond the interval p50 {percentile(gaps, .5):.2f} "
                      f"p99 {percentile(gaps, .99):.2f} max {max(gaps):.2f} s; {twice} scrapes too soon", flush=True)
        finally:
            for n in list(cluster.nodes):
                cluster.end(n, signal.SIGKILL)
            if targets:
                targets.kill()
                targets.wait()
                targets.stdout.close()
            network.remove()
    print(f"\n{options.targets} targets, {INTERVAL} s interval, {NODES} nodes, balance {options.balance}, seed {options.seed}, by kind of event:")
    for kind, (gaps, agreement, twice, events) in sorted(by_kind.items()):
        print(f"  {kind:9} {len(events):3} times: agreed within {max(agreement):.1f} s; gap beyond the interval p50 {percentile(gaps, .5):.2f} "
              f"p99 {percentile(gaps, .99):.2f} max {max(gaps):.2f} s; scrapes too soon {twice} ({twice / len(events) / options.targets:.2%} of targets an event)")
    print(f"  settlings after which a target had not exactly one owner: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
