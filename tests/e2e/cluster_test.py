"""Instances that share targets: Invar's alone, and together with a node that runs the reference's membership library."""

import collections
import json
import signal
import ssl
import subprocess
import threading
import time
import unittest

from harness import SOURCE, Case, HandlerServer, Invar, fetch, free_port, until

TARGETS = 40
INTERVAL = 2
CONFIG = """
pyroscope.scrape "shared" {
  targets = [%s]
  forward_to = []
  scrape_interval = "2s"
  clustering { enabled = true }
  profiling_config {
    profile.process_cpu { enabled = false }
    profile.memory { enabled = false }
    profile.mutex { enabled = false }
    profile.block { enabled = false }
  }
}
"""
GOROUTINES = (SOURCE / "testdata/profiles/prom-goroutine-1.pb.gz").read_bytes()


def certificates(folder):
    """An authority, and a certificate for both sides of a connection."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-days", 1, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "node.ext").write_text("subjectAltName=DNS:node.test,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl("req", *curve, "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr")
    openssl("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 1,
            "-extfile", "node.ext", "-out", "node.pem")


class Scrapes:
    """What the targets themselves see: who is scraped how often."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()

    def answer(self, handler):
        with self.lock:
            self.counts[handler.path.partition("id=")[2]] += 1
        answer(handler)

    def during(self, seconds):
        with self.lock:
            self.counts.clear()
        time.sleep(seconds)
        with self.lock:
            return dict(self.counts)


def answer(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Content-Length", str(len(GOROUTINES)))
    handler.end_headers()
    handler.wfile.write(GOROUTINES)


class Peer:
    """A node of tests/peers/gossip; `seen` is what it last said about the cluster."""

    def __init__(self, name, port, join, *flags):
        built = subprocess.run([SOURCE / "tools/build_go_peer.sh", "gossip", "invar.test/gossip_peer"], capture_output=True, text=True)
        if built.returncode != 0:
            raise unittest.SkipTest("the gossip peer cannot be built: " + built.stderr.strip()[-300:])
        self.process = subprocess.Popen(
            [built.stdout.strip(), "-name", name, "-listen", f"127.0.0.1:{port}", "-join", ",".join(f"127.0.0.1:{p}" for p in join), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.seen = {}
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.seen = json.loads(line)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class Cluster(Case):
    def setUp(self):
        self.scrapes = Scrapes()
        self.server = HandlerServer(self.scrapes.answer)
        self.addCleanup(self.server.stop)
        self.targets = {f"t{i}" for i in range(TARGETS)}
        self.config = CONFIG % ", ".join(
            '{"__address__" = "%s", "__param_id" = "%s", "service_name" = "%s"}' % (self.server.address, t, t)
            for t in sorted(self.targets))
        self.ports = [free_port() for _ in range(3)]
        self.nodes = {}

    def start(self, number, *flags, wait=True):
        node = Invar(self.config, f"--server.http.listen-addr=127.0.0.1:{self.ports[number]}", "--cluster.enabled",
                     f"--cluster.node-name=node-{number}", "--cluster.advertise-address=127.0.0.1",
                     "--cluster.join-addresses=" + ",".join(f"127.0.0.1:{p}" for p in self.ports), *flags, wait=wait)
        self.addCleanup(node.close)
        self.nodes[number] = node
        return node

    def peer(self, *args):
        peer = Peer(*args)
        self.addCleanup(peer.close)
        return peer

    @staticmethod
    def states(node):
        return {p["name"]: p["state"] for p in json.loads(node.text("/api/v0/web/peers"))}

    def owned(self):
        return {n: [r["url"].partition("id=")[2] for r in node.rows("pyroscope.scrape.shared", "target")]
                for n, node in self.nodes.items()}

    def shared_out(self, without=frozenset()):
        """True when each target but those `without` is scraped by exactly one of our nodes."""
        all_owned = [name for names in self.owned().values() for name in names]
        return len(all_owned) == len(set(all_owned)) and set(all_owned) == self.targets - without

    def shares(self):
        return {f"node-{n}": len(names) for n, names in self.owned().items()}

    @staticmethod
    def told_shares(node):
        """As the web app shows them."""
        answer = json.loads(node.text("/api/v1/peers"))
        return {p["name"]: p["targets"] for p in answer["peers"]} if answer["targets_of_nobody"] == 0 else None

    def elsewhere(self, node, owner):
        return {r["service_name"] for r in node.rows("pyroscope.scrape.shared", "target_elsewhere") if r["owner"] == owner}

    def test_three_nodes_and_one_of_the_reference_share_the_targets(self):
        for number in range(3):
            self.start(number)
        everybody = {f"node-{n}": "participant" for n in range(3)}
        until("three participants everywhere", lambda: all(self.states(n) == everybody for n in self.nodes.values()))
        until("each target has one owner", self.shared_out)
        self.assertTrue(all(len(names) > 3 for names in self.owned().values()), "the work is shared")
        until("each tells how many each has", lambda: all(self.told_shares(n) == self.shares() for n in self.nodes.values()))
        counts = self.scrapes.during(3 * INTERVAL)
        self.assertEqual(set(counts), self.targets)
        self.assertTrue(all(2 <= n <= 4 for n in counts.values()), counts)

        peer = self.peer("other", free_port(), self.ports[:1])
        everybody["other"] = "participant"
        until("the other joins", lambda: all(self.states(n) == everybody for n in self.nodes.values()))
        until("it sees all", lambda: peer.seen == everybody)
        theirs = until("it has its share", lambda: self.elsewhere(self.nodes[0], "other"))
        until("which nobody of ours scrapes", lambda: self.shared_out(without=theirs))
        self.assertEqual(theirs, self.elsewhere(self.nodes[2], "other"))

        peer.say("terminate")
        until("it gives its targets up", self.shared_out, 10)
        self.assertEqual(self.states(self.nodes[1])["other"], "terminating")
        peer.say("leave")
        until("it is gone", lambda: "other" not in self.states(self.nodes[1]), 10)

        peer = self.peer("other", free_port(), self.ports[1:2])
        until("it comes back elsewhere", lambda: all(self.states(n) == everybody for n in self.nodes.values()))
        stopped = self.nodes.pop(1)
        self.assertEqual(stopped.stop(seconds=20)[0], 0)
        del everybody["node-1"]
        until("the others see it leave", lambda: peer.seen == everybody and self.states(self.nodes[0]) == everybody, 5)
        until("and take over", lambda: self.shared_out(without=self.elsewhere(self.nodes[0], "other")), 5)

        killed = self.nodes.pop(2)
        killed.stop(signal.SIGKILL)
        del everybody["node-2"]
        until("a death is noticed", lambda: self.states(self.nodes[0]) == everybody and peer.seen == everybody, 90)
        until("and taken over", lambda: self.shared_out(without=self.elsewhere(self.nodes[0], "other")), 5)
        self.assertEqual(self.nodes[0].metric("cluster_node_peers", state="participant", cluster_name=""), 2)

    def test_another_name_is_another_cluster(self):
        ours = self.start(0, "--cluster.name=prod")
        stranger = self.peer("stranger", free_port(), self.ports[:1])
        friend = self.peer("friend", free_port(), self.ports[:1], "-label", "prod")
        until("the friend joins", lambda: self.states(ours) == {"node-0": "participant", "friend": "participant"})
        until("and sees us", lambda: friend.seen == {"node-0": "participant", "friend": "participant"})
        self.assertEqual(stranger.seen, {"stranger": "participant"})

    def test_the_transport_answers_as_the_reference_does(self):
        node = self.start(0)
        path = "/api/v1/ckit/transport/message"
        self.assertEqual(node.get(path, method="POST", data=b"")[0], 505)
        curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--http2-prior-knowledge", "-X", "POST", "--data-binary", "@-"]
        for content_type, body, status in (("text/plain", b"", "400"), ("application/x.ckit", b"", "200"),
                                           ("application/x.ckit", b"\xcc\x00\x01x", "200"), ("application/x.ckit", b"rubbish", "400")):
            got = subprocess.run([*curl, "-H", "Content-Type: " + content_type, f"http://{node.address}{path}"], input=body, capture_output=True)
            self.assertEqual(got.stdout.decode(), status, (content_type, body))
        until("it works on", lambda: node.metric("cluster_node_gossip_received_events_total", event="unknown_message") > 0)

    def test_who_does_not_know_the_secret_neither_joins_nor_is_joined(self):
        secrets = {}
        for name, text in ("ours", "the secret of this cluster\n"), ("other", "the secret of another one"), ("short", "hush"):
            secrets[name] = self.folder() / name
            secrets[name].write_text(text)
        with_ours = f"--cluster.secret-file={secrets['ours']}"
        self.start(0, with_ours)
        self.start(1, with_ours)
        two = {"node-0": "participant", "node-1": "participant"}
        until("who knows it joins", lambda: all(self.states(n) == two for n in self.nodes.values()))
        until("each target has one owner", self.shared_out)

        stranger = self.peer("stranger", free_port(), self.ports[:1])
        other = self.start(2, f"--cluster.secret-file={secrets['other']}")
        until("strangers are told of", lambda: "a message of a stranger is not heard" in self.nodes[0].log() and
              self.nodes[0].metric("cluster_transport_refused_messages_total") >= 2)
        until("the other works alone", lambda: self.states(other) == {"node-2": "participant"}, 20)
        self.assertEqual(self.states(self.nodes[0]), two)
        self.assertEqual(stranger.seen, {"stranger": "participant"})
        self.assertNotIn("the secret of", self.nodes[0].log() + other.log())

        del self.nodes[2]
        other.close()
        refused = self.start(2, f"--cluster.secret-file={secrets['short']}", wait=False)
        until("a short one is refused", lambda: "a secret has at least 16 characters" in refused.log())

    def test_nodes_speak_tls_and_let_nobody_in_without_a_certificate(self):
        folder = self.folder()
        certificates(folder)
        self.config += """
http {
  tls {
    cert_file        = "%s/node.pem"
    key_file         = "%s/node.key"
    client_ca_file   = "%s/ca.pem"
    client_auth_type = "RequireAndVerifyClientCert"
  }
}
""" % ((folder,) * 3)
        ours = ssl.create_default_context(cafile=folder / "ca.pem")
        ours.load_cert_chain(folder / "node.pem", folder / "node.key")
        tls = ["--cluster.enable-tls", f"--cluster.tls-ca-path={folder}/ca.pem", f"--cluster.tls-cert-path={folder}/node.pem",
               f"--cluster.tls-key-path={folder}/node.key", "--cluster.tls-server-name=node.test"]

        def ask(number, path):
            status, _, body = fetch(f"https://127.0.0.1:{self.ports[number]}{path}", context=ours)
            self.assertEqual(status, 200)
            return body.decode()

        def states(number):
            return {p["name"]: p["state"] for p in json.loads(ask(number, "/api/v0/web/peers"))}

        def owned():
            blocks = [json.loads(ask(n, "/api/v0/web/components/pyroscope.scrape.shared"))["debugInfo"] for n in (0, 1)]
            urls = [a["value"]["value"] for block in blocks for b in block if b["name"] == "target" for a in b["body"] if a.get("name") == "url"]
            return sorted(u.partition("id=")[2] for u in urls)

        nodes = [self.start(number, *tls) for number in (0, 1)]
        two = {"node-0": "participant", "node-1": "participant"}
        until("nodes with certificates join", lambda: all(states(n) == two for n in (0, 1)))
        until("and share the targets", lambda: owned() == sorted(self.targets))
        with_state = "cluster_hand_over_taken_total" in ask(1, "/metrics")
        self.assertTrue(with_state)

        stranger = self.start(2, "--cluster.enable-tls", f"--cluster.tls-ca-path={folder}/ca.pem", "--cluster.tls-server-name=node.test")
        until("one without does not", lambda: "failed to join peers" in stranger.log())
        plain = self.peer("plain", free_port(), self.ports[:1])
        until("nor does one without TLS", lambda: plain.seen == {"plain": "participant"})
        other = self.peer("other", free_port(), self.ports[:1], "-cert", str(folder / "node.pem"), "-key", str(folder / "node.key"),
                          "-ca", str(folder / "ca.pem"))
        three = {**two, "other": "participant"}
        until("a node of the reference with a certificate does", lambda: other.seen == three and states(0) == three)
        self.assertEqual(nodes[1].stop(seconds=20)[0], 0)
        self.nodes.pop(1)
        until("a leave goes over TLS, too", lambda: states(0) == {"node-0": "participant", "other": "participant"}, 10)

    def test_targets_are_shared_by_cost_among_nodes_that_all_weigh(self):
        cost = "--cluster.balance=cost"
        for number in range(3):
            self.start(number, cost)

        def by_cost():
            return [node.metric("cluster_balance_by_cost") for node in self.nodes.values()]

        until("they share by cost", lambda: by_cost() == [1, 1, 1])
        until("each target has one owner", self.shared_out)

        def balances():
            return [json.loads(node.text("/api/v1/peers"))["balance"] for node in self.nodes.values()]

        until("all know each other's parts", lambda: all(len(b["nodes"]) == 3 for b in balances()))
        for balance in balances():
            self.assertEqual((balance["by_cost"], balance["leader"]), (True, "node-0"))
            self.assertAlmostEqual(sum(node["keys"] for node in balance["nodes"]), 1)
        reasons = {r["reason"] for r in self.nodes[0].rows("pyroscope.scrape.shared", "target_elsewhere")}
        self.assertTrue(all("part of the keys" in r for r in reasons), reasons)
        counts = self.scrapes.during(3 * INTERVAL)
        self.assertEqual(set(counts), self.targets)
        self.assertTrue(all(2 <= n <= 4 for n in counts.values()), counts)

        peer = self.peer("other", free_port(), self.ports[:1])
        until("one of the reference brings the ring back", lambda: by_cost() == [0, 0, 0] and len(peer.seen) == 4)
        for node in self.nodes.values():
            until("which is said", lambda n=node: "not every node weighs costs" in n.log())
            self.assertIn("all share by the ring. They are other", node.text("/"))
        theirs = until("it has its share", lambda: self.elsewhere(self.nodes[0], "other"))
        until("which nobody of ours scrapes", lambda: self.shared_out(without=theirs))
        reasons = {r["reason"] for r in self.nodes[0].rows("pyroscope.scrape.shared", "target_elsewhere")}
        self.assertEqual(reasons, {"the ring gives it the target's key"})
        peer.say("leave")
        until("they weigh again", lambda: by_cost() == [1, 1, 1])
        until("each target has one owner again", self.shared_out)

    def test_the_metrics_of_the_reference_are_there(self):
        self.start(0, "--cluster.name=prod", "--cluster.balance=cost")
        self.start(1, "--cluster.name=prod", "--cluster.balance=cost")
        until("they meet", lambda: len(self.states(self.nodes[0])) == 2)
        have = {name: dict(labels) for name, labels in self.nodes[0].metrics()}
        named = ["cluster_node_info", "cluster_node_peers", "cluster_node_gossip_received_events_total", "cluster_node_gossip_broadcasts_total",
                 "cluster_node_updating", "cluster_node_update_duration_seconds_count", "cluster_node_update_observers",
                 "cluster_node_gossip_proto_version", "cluster_node_gossip_health_score", "cluster_node_gossip_alive_peers",
                 "cluster_node_lamport_time", "cluster_minimum_size", "cluster_ready_for_traffic"]
        plain = ["rx_packets_total", "tx_packets_total", "rx_bytes_total", "tx_bytes_total", "tx_packets_failed_total",
                 "rx_packet_queue_length", "tx_packet_queue_length", "streams", "stream_rx_packets_total", "stream_tx_packets_total",
                 "stream_rx_bytes_total", "stream_tx_bytes_total", "stream_tx_packets_failed_total"]
        for name in named:
            self.assertEqual(have.get(name, {}).get("cluster_name"), "prod", name)
        for name in plain:
            self.assertEqual(have.get("cluster_transport_" + name), {}, name)
        listed = (SOURCE / "docs/reference/metrics.md").read_text()
        told = [n for n in have if n.startswith("cluster_")]
        self.assertIn("cluster_balance_by_cost", told)
        for name in told:
            self.assertIn("`" + name.removesuffix("_count").removesuffix("_sum").removesuffix("_bucket") + "`", listed)
        self.assertEqual(self.nodes[0].get("/api/v0/web/peers")[1]["Content-Type"], "application/json")

    def test_a_minimum_size_holds_the_work_back(self):
        self.start(0, "--cluster.wait-for-size=2")
        until("it joins or not", lambda: "peers changed" in self.nodes[0].log())
        self.assertEqual(self.owned()[0], [])
        self.start(1, "--cluster.wait-for-size=2")
        until("each target has one owner", self.shared_out)


if __name__ == "__main__":
    unittest.main()
