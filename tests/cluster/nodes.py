"""The nodes of a cluster as processes in namespaces, what may happen to them, and what each engine promises then."""

import collections
import json
import signal
import subprocess
import time
import urllib.request

from etcd_peer import Etcd
from network import ETCD, MEET, WORK, address, host

PORT = 12345
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
Event = collections.namedtuple("Event", "kind node at leaving")
BRIDGES = {"partition": MEET, "cut-off": ETCD}
LEASE = 15
CERTAIN = 0.95 * LEASE - 2  # for how long a node without etcd goes on: docs/behaviour/clustering.md, section 10


class Cluster:
    """At most one thing is broken at a time (`trouble`: its kind and the node), and is healed before the next thing happens."""

    def __init__(self, invar, folder, network, balance):
        self.invar, self.folder, self.network, self.balance = invar, folder, network, balance
        self.processes, self.trouble = {}, None
        self.size = len(network.spaces)

    def start(self, n):
        with open(self.folder / f"node-{n}.log", "a") as log:
            self.processes[n] = subprocess.Popen(
                ["ip", "netns", "exec", self.network.spaces[n], self.invar, "run", f"--server.http.listen-addr=0.0.0.0:{PORT}",
                 f"--storage.path={self.folder}/storage-{n}", "--cluster.enabled", f"--cluster.node-name=node-{n}",
                 f"--cluster.advertise-address={address(MEET, n)}", f"--cluster.balance={self.balance}", *self.flags(),
                 str(self.folder / "config.alloy")], stdout=log, stderr=log, start_new_session=True)

    def end(self, n, number):
        process = self.processes.pop(n)
        process.send_signal(number)
        if number == signal.SIGKILL:
            process.wait()
        return process

    def stop(self):
        for n in list(self.processes):
            self.end(n, signal.SIGKILL)

    def ask(self, n, path):
        with OPENER.open(f"http://{address(WORK, n)}:{PORT}{path}", timeout=5) as answer:
            return answer.read().decode()

    def sees(self, n):
        """The nodes that take part as this one sees it; None if it does not answer."""
        try:
            return {p["name"] for p in json.loads(self.ask(n, "/api/v0/web/peers")) if p["state"] == "participant"}
        except OSError:
            return None

    def metrics(self, n):
        """Of the cluster, by name. Nothing if the node does not answer."""
        try:
            lines = self.ask(n, "/metrics").splitlines()
        except OSError:
            return {}
        return {line.split("{")[0]: float(line.split()[-1]) for line in lines if line.startswith("cluster_")}

    def plans(self):
        """The plan that each node follows; of none by the ring."""
        return {n: self.metrics(n).get("cluster_balance_plan_epoch") for n in self.processes}

    def kinds(self, there, away):
        """What may happen now."""
        return (["join"] if away else []) + (["leave", "kill", "partition"] if len(there) > 1 else [])

    def make_happen(self, chance):
        there, away = sorted(self.processes), sorted(set(range(self.size)) - set(self.processes))
        at, leaving = time.time(), None
        if self.trouble:
            (kind, n), self.trouble = self.trouble, None
            self.heal(kind, n)
            return Event(f"heal {kind}", n, at, leaving)
        kind = chance.choice(self.kinds(there, away))
        n = chance.choice(away if kind == "join" else there)
        if kind == "join":
            self.start(n)
        elif kind in ("leave", "kill"):
            leaving = self.end(n, signal.SIGTERM if kind == "leave" else signal.SIGKILL)
        else:
            self.trouble = (kind, n)
            self.hurt(kind, n)
        return Event(kind, n, at, leaving)

    def hurt(self, kind, n):
        self.network.cut(BRIDGES[kind], n)

    def heal(self, kind, n):
        self.network.cut(BRIDGES[kind], n, False)


class GossipCluster(Cluster):
    """Nodes that are parted work on alone: each part scrapes everything."""

    def flags(self):
        return ["--cluster.rejoin-interval=15s", "--cluster.join-addresses=" + ",".join(address(MEET, n) for n in range(self.size))]

    def parts(self):
        """The nodes that reach each other."""
        alone = {self.trouble[1]} if self.trouble else set()
        return [part for part in (alone, set(self.processes) - alone) if part]

    def is_agreed(self):
        return all(self.sees(n) == {f"node-{m}" for m in part} for part in self.parts() for n in part)

    def owners(self):
        return len(self.parts())

    def broken_promises(self, event, end, judge):
        return []


class EtcdCluster(Cluster):
    """Nobody owns a target without etcd, and nobody else's, whatever happens between the nodes."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.etcd = Etcd(self.folder, host=host(ETCD))

    def stop(self):
        super().stop()
        self.etcd.stop()

    def flags(self):
        return ["--cluster.engine=etcd", f"--cluster.etcd.endpoints={self.etcd.url}", f"--cluster.etcd.lease={LEASE}s"]

    def kinds(self, there, away):
        return super().kinds(there, away) + (["cut-off"] if len(there) > 1 else []) + ["outage", "restart"]

    def hurt(self, kind, n):
        if kind in BRIDGES:
            return super().hurt(kind, n)
        self.etcd.stop()
        if kind == "restart":
            time.sleep(2)
            self.heal(kind, n)
            self.trouble = None

    def heal(self, kind, n):
        super().heal(kind, n) if kind in BRIDGES else self.etcd.start()

    def without_etcd(self):
        kind, n = self.trouble or (None, None)
        return {"cut-off": {n}, "outage": set(self.processes)}.get(kind, set())

    def is_agreed(self):
        far = self.without_etcd()
        near = set(self.processes) - far
        return (all(self.metrics(n).get("cluster_ready_for_traffic") == 0 for n in far) and
                all(self.sees(n) == {f"node-{m}" for m in near} for n in near) and
                all(m.get("cluster_ready_for_traffic") == 1 and m["cluster_etcd_waiting_for_nodes"] == 0 for m in map(self.metrics, near)))

    def owners(self):
        return 1 if set(self.processes) - self.without_etcd() else 0

    def broken_promises(self, event, end, judge):
        """What the section promises and the targets saw otherwise."""
        shared = judge.shared(event.at, end)
        broken = [f"{len(shared)} targets had two owners at once, for instance {shared[:2]}"] if shared else []
        for n in self.without_etcd():
            late = judge.last_of(address(WORK, n), event.at) - event.at
            if late > CERTAIN + 1:
                broken.append(f"node-{n} scraped {late:.1f} s after it lost etcd")
        return broken
