"""A rolling restart of a cluster under load, by gossip and in etcd: every interval of every program arrives once."""

import collections
import json
import time
import unittest

from counting_programs import CountingPrograms
from etcd_peer import NO_ETCD, Etcd
from harness import Case, free_port, until

PROGRAMS = 60
NODES = 3
SCRAPE = """
pyroscope.scrape "%s" {
  targets = [%s]
  forward_to = [pyroscope.write.server.receiver]
  scrape_interval = "2s"
  clustering { enabled = true }
  profiling_config {
    profile.%s { enabled = true }
    profile.%s { enabled = false }
    profile.process_cpu { enabled = false }
    profile.goroutine { enabled = false }
    profile.mutex { enabled = false }
    profile.block { enabled = false }
  }
}
"""
WRITE = """
pyroscope.write "server" {
  endpoint { url = "http://%s" }
}
"""


class RollingRestart(Case):
    def setUp(self):
        self.programs = CountingPrograms()
        self.addCleanup(self.programs.stop)
        self.central = self.server()
        self.names = [f"p{i}" for i in range(PROGRAMS)]
        targets = ", ".join('{"__address__" = "%s", "__param_id" = "%s", "service_name" = "%s"}' % (self.programs.address, n, n)
                            for n in self.names)
        # The delta is made here, and by the program.
        self.config = (SCRAPE % ("totals", targets, "memory", "godeltaprof_memory")
                       + SCRAPE % ("deltas", targets, "godeltaprof_memory", "memory") + WRITE % self.central.address)
        self.ports = [free_port() for _ in range(NODES)]
        self.folders = [self.folder() for _ in range(NODES)]
        self.nodes = {}
        self.meeting = ["--cluster.join-addresses=" + ",".join(f"127.0.0.1:{p}" for p in self.ports)]

    def start_node(self, number):
        self.nodes[number] = self.invar(
            self.config, f"--server.http.listen-addr=127.0.0.1:{self.ports[number]}", "--cluster.enabled", "--cluster.name=e2e",
            f"--cluster.node-name=node-{number}", "--cluster.advertise-address=127.0.0.1", *self.meeting, folder=self.folders[number])

    def wait_until_all_take_part(self):
        everybody = {f"node-{n}": "participant" for n in self.nodes}

        def states(node):
            return {p["name"]: p["state"] for p in json.loads(node.text("/api/v0/web/peers"))}
        until("everybody takes part", lambda: all(states(n) == everybody for n in self.nodes.values()))

        def shared_out():
            shares = [[r["url"] for name in ("totals", "deltas") for r in node.rows("pyroscope.scrape." + name, "target")]
                      for node in self.nodes.values()]
            jobs = [url for share in shares for url in share]
            return all(shares) and len(jobs) == 2 * PROGRAMS == len(set(jobs))
        until("each job has one owner, and each node its share", shared_out)

    def wrong(self):
        """Programs of which not all has arrived, or more than all: both ways of counting have one name."""
        arrived = collections.Counter()
        for profile in self.central.state()["received"]:
            arrived[profile["labels"]["service_name"]] += profile["totals"]["alloc_objects"]
        programs = self.programs
        done = {n: programs.total[n] - programs.first[n] + programs.told[n] for n in self.names}
        return [f"{n}: {arrived[n]} of {done[n]}" for n in self.names if arrived[n] != done[n]]

    def moves(self):
        """What the nodes say about peers and moves, for people."""
        return "\n".join(f"node-{number} {line}" for number, node in sorted(self.nodes.items()) for line in node.log().splitlines()
                         if "peers changed" in line or "taken over" in line or "hand" in line)

    def test_no_interval_is_lost_and_none_comes_twice_by_gossip(self):
        self.restart_one_after_the_other()

    @unittest.skipIf(NO_ETCD, NO_ETCD)
    def test_nor_with_etcd(self):
        etcd = self.start(Etcd(self.folder()))
        self.meeting = ["--cluster.engine=etcd", f"--cluster.etcd.endpoints={etcd.url}"]
        self.restart_one_after_the_other()

    def restart_one_after_the_other(self):
        for number in range(NODES):
            self.start_node(number)
        self.wait_until_all_take_part()
        until("each program is scraped", lambda: all(self.programs.asked[n] >= 2 for n in self.names))
        given = 0
        for number in range(NODES):
            stopping = self.nodes.pop(number)
            self.assertEqual(stopping.stop(seconds=30)[0], 0)
            self.wait_until_all_take_part()
            given += sum(node.metric("pyroscope_scrape_moved_jobs_total", state="handed_over") for node in self.nodes.values())
            self.start_node(number)
            self.wait_until_all_take_part()
            self.assertGreater(self.nodes[number].metric("pyroscope_scrape_moved_jobs_total", state="handed_over"), 0)
            self.assertIn("jobs taken over from another node", self.nodes[number].log())
        asked = dict(self.programs.asked)
        until("each program is scraped on", lambda: all(self.programs.asked[n] >= asked[n] + 2 for n in self.names))
        self.programs.freeze()
        deadline = time.monotonic() + 15
        while self.wrong() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(2)  # nothing comes on top of it
        self.assertEqual(self.wrong(), [], self.moves())
        self.assertGreater(given, PROGRAMS)


if __name__ == "__main__":
    unittest.main()
