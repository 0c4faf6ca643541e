"""Instances that meet in Debian's etcd: killed, stopped, cut off; and an etcd that is killed, slow, has passwords, speaks TLS."""

import base64
import collections
import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
import unittest

from etcd_peer import Etcd, NO_ETCD
from harness import SOURCE, Case, HandlerServer, free_port, run, until

TARGETS = 60
LEASE = 5
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


class Relay:
    """A TCP relay to etcd that can be cut, so that nothing gets through and nobody is told, and slowed."""

    def __init__(self, port):
        self.to, self.is_cut, self.delay = port, False, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets, self.threads = [], []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                self.sockets.append(client)
                server = socket.create_connection(("127.0.0.1", self.to), 5)
                self.sockets.append(server)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                client.close()
                continue
            for a, b in ((client, server), (server, client)):
                thread = threading.Thread(target=self.copy, args=(a, b), daemon=True)
                thread.start()
                self.threads.append(thread)

    def copy(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                time.sleep(self.delay)
                if self.is_cut:
                    continue
                b.sendall(data)
            if not self.is_cut:
                b.shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self.threads:
            thread.join()


@unittest.skipIf(NO_ETCD, NO_ETCD)
class EtcdCluster(Case):
    def setUp(self):
        self.lock, self.scrapes = threading.Lock(), collections.Counter()
        self.server = self.start(HandlerServer(self.answer))
        self.targets = {f"t{i}" for i in range(TARGETS)}
        self.config = CONFIG % ", ".join(
            '{"__address__" = "%s", "__param_id" = "%s", "service_name" = "%s"}' % (self.server.address, t, t) for t in sorted(self.targets))
        self.nodes = {}

    def answer(self, handler):
        with self.lock:
            self.scrapes[handler.path.partition("id=")[2]] += 1
        with contextlib.suppress(ConnectionError):  # whoever let go of the target
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(GOROUTINES)))
            handler.end_headers()
            handler.wfile.write(GOROUTINES)

    def node(self, number, url, *flags, lease=LEASE):
        node = self.invar(self.config, f"--server.http.listen-addr=127.0.0.1:{free_port()}", "--cluster.enabled", "--cluster.engine=etcd",
                          f"--cluster.etcd.endpoints={url}", f"--cluster.etcd.lease={lease}s", f"--cluster.node-name=node-{number}",
                          "--cluster.advertise-address=127.0.0.1", *flags)
        self.nodes[number] = node
        return node

    @staticmethod
    def states(node):
        return {p["name"]: p["state"] for p in json.loads(node.text("/api/v0/web/peers"))}

    @staticmethod
    def owned(node):
        return [r["url"].partition("id=")[2] for r in node.rows("pyroscope.scrape.shared", "target")]

    def shared_out(self):
        """True when each target is scraped by exactly one node, and each node scrapes some."""
        shares = [self.owned(node) for node in self.nodes.values()]
        owned = [name for share in shares for name in share]
        return all(shares) and len(owned) == len(set(owned)) and set(owned) == self.targets

    def settles(self, what, seconds):
        started = time.monotonic()
        until(what, self.shared_out, seconds)
        return time.monotonic() - started

    def test_nodes_come_and_go(self):
        etcd = self.start(Etcd(self.folder()))
        for number in range(3):
            self.node(number, etcd.url)
        self.settles("three share the targets", 15)
        everybody = {f"node-{n}": "participant" for n in range(3)}
        self.assertTrue(all(self.states(n) == everybody for n in self.nodes.values()))
        self.assertTrue(all(len(self.owned(n)) > 3 for n in self.nodes.values()), "the work is shared")
        elsewhere = self.nodes[0].rows("pyroscope.scrape.shared", "target_elsewhere")
        self.assertEqual({r["owner"] for r in elsewhere}, {"node-1", "node-2"})
        self.assertEqual(self.nodes[0].metric("cluster_node_peers", state="participant", cluster_name=""), 3)

        stopped = self.nodes.pop(1)
        self.assertEqual(stopped.stop(seconds=15)[0], 0)
        self.settles("the others take over as soon as it has left", 4)
        until("it is gone", lambda: "node-1" not in self.states(self.nodes[0]), 4)

        killed = self.nodes.pop(2)
        killed.stop(signal.SIGKILL)
        took = self.settles("the last takes over within the lease", LEASE + 3)
        self.assertGreater(took, 1, "not before the lease is over")
        with self.lock:
            self.scrapes.clear()
        until("it scrapes all", lambda: set(self.scrapes) == self.targets, 10)

    def test_etcd_is_killed_and_comes_back(self):
        etcd = self.start(Etcd(self.folder()))
        for number in range(2):
            self.node(number, etcd.url)
        self.settles("two share the targets", 15)

        etcd.stop()
        until("each lets go when its lease may be over", lambda: not any(self.owned(n) for n in self.nodes.values()), LEASE + 3)
        node = self.nodes[0]
        self.assertEqual(node.metric("cluster_ready_for_traffic"), 0)
        self.assertIn("Cluster: keeping the lease: ", node.text("/"))
        self.assertIn("this node owns nothing meanwhile", node.text("/"))
        self.assertIn("lease may be over soon", node.log())
        problems = json.loads(node.text("/api/v1/problems"))["problems"]
        self.assertEqual({(p["kind"], p["severity"]) for p in problems}, {("cluster", "failing")}, problems)
        self.assertIn("no part in the cluster's work", json.loads(node.text("/api/v1/verdict"))["text"])

        etcd.start()
        self.settles("they go on", 20)
        until("all is well", lambda: "Cluster: " not in node.text("/"))

    def test_a_member_of_etcd_dies(self):
        members = {name: free_port() for name in ("a", "b", "c")}
        etcds = [self.start(Etcd(self.folder(), name=name, members=members)) for name in members]
        for etcd in etcds:
            etcd.wait()
        urls = ",".join(etcd.url for etcd in etcds)
        for number in range(2):
            self.node(number, urls, lease=6)
        self.settles("two share the targets", 15)
        etcds[0].stop()
        before = {number: node.metric("cluster_etcd_requests_total") for number, node in self.nodes.items()}
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            self.assertTrue(self.shared_out(), "nobody lets go of anything")
            time.sleep(0.5)
        for number, node in self.nodes.items():
            self.assertGreater(node.metric("cluster_etcd_requests_total"), before[number] + 2, "another member answers")
            self.assertNotIn("Cluster: ", node.text("/"))

    def test_a_node_is_cut_off_and_etcd_is_slow(self):
        etcd = self.start(Etcd(self.folder()))
        relay = self.start(Relay(etcd.port))
        self.node(0, etcd.url)
        far = self.node(1, relay.url)
        self.settles("two share the targets", 15)
        most = [0]

        def look():
            """How many targets both have: none, at any time."""
            both = set(self.owned(self.nodes[0])) & set(self.owned(far))
            most[0] = max(most[0], len(both))
            return both

        relay.is_cut = True
        until("the one that is cut off lets go", lambda: not look() and not self.owned(far), LEASE + 3)
        until("the other takes over", lambda: not look() and set(self.owned(self.nodes[0])) == self.targets, LEASE + 3)
        self.assertEqual(most[0], 0)
        relay.is_cut, relay.delay = False, 0.15
        self.settles("over a slow line it takes part again", 20)
        self.assertEqual(most[0], 0)

    def test_a_user_with_a_password(self):
        etcd = self.start(Etcd(self.folder()))
        folder = self.folder()

        def text(plain):
            return base64.b64encode(plain.encode()).decode()

        etcd.ask("/v3/auth/role/add", name="invar")
        etcd.ask("/v3/auth/role/grant", name="invar", perm={"permType": "READWRITE", "key": text("invar/"), "range_end": text("invar0")})
        etcd.ask("/v3/auth/user/add", name="invar", password="s3cret-of-etcd")
        etcd.ask("/v3/auth/user/grant", user="invar", role="invar")
        etcd.ask("/v3/auth/user/add", name="root", password="r00t")
        etcd.ask("/v3/auth/role/add", name="root")
        etcd.ask("/v3/auth/user/grant", user="root", role="root")
        etcd.ask("/v3/auth/enable")
        for name, password in (("right", "s3cret-of-etcd\n"), ("wrong", "guessed")):
            (folder / name).write_text(password)
        node = self.node(0, etcd.url, "--cluster.etcd.user=invar", f"--cluster.etcd.password-file={folder}/right")
        self.settles("it logs in", 15)
        stranger = self.node(1, etcd.url, "--cluster.etcd.user=invar", f"--cluster.etcd.password-file={folder}/wrong")
        until("the stranger is told", lambda: "authentication failed" in stranger.log())
        self.assertEqual(self.states(node), {"node-0": "participant"})
        del self.nodes[1]
        etcd.stop()
        etcd.start()
        self.settles("it logs in again when etcd has forgotten its token", 20)
        for each in (node, stranger):
            for secret in ("s3cret-of-etcd", "guessed"):
                self.assertNotIn(secret, each.log() + each.text("/") + each.text("/metrics"))

    def test_tls_with_certificates_of_both_sides(self):
        folder = self.folder()

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 1, "-subj", "/CN=authority",
                "-keyout", "ca.key", "-out", "ca.pem")
        for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
            (folder / f"{name}.ext").write_text(f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={usage}\n")
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                    "-out", f"{name}.csr")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 1,
                    "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        # etcd's gateway speaks to etcd itself with the server's certificate.
        (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 1, "-extfile", "server.ext",
                "-out", "server.pem")
        etcd = self.start(Etcd(folder, "--cert-file", folder / "server.pem", "--key-file", folder / "server.key", "--client-cert-auth",
                               "--trusted-ca-file", folder / "ca.pem", scheme="https"))
        ca = f"--cluster.etcd.tls-ca-path={folder}/ca.pem"
        node = self.node(0, etcd.url, ca, f"--cluster.etcd.tls-cert-path={folder}/client.pem", f"--cluster.etcd.tls-key-path={folder}/client.key")
        self.settles("it takes part", 15)
        without = self.node(1, etcd.url, ca)
        until("one without a certificate does not", lambda: "trouble with etcd" in without.log())
        self.assertEqual(self.states(node), {"node-0": "participant"})

    def test_flags_that_do_not_fit_are_refused(self):
        folder = self.folder()
        (folder / "config.alloy").write_text("")
        for flags, sentence in (
                (["--cluster.engine=etcd"], "--cluster.engine=etcd needs --cluster.etcd.endpoints"),
                (["--cluster.engine=zookeeper"], 'invalid argument "zookeeper" for "--cluster.engine" flag: must be gossip or etcd'),
                (["--cluster.etcd.endpoints=http://e:2379"], "--cluster.etcd.endpoints needs --cluster.engine=etcd"),
                (["--cluster.engine=etcd", "--cluster.etcd.endpoints=http://u:pass-word@e:2379"], "give the user with --cluster.etcd.user"),
                (["--cluster.engine=etcd", "--cluster.etcd.endpoints=e:2379"], "missing protocol scheme: write http://e:2379"),
                (["--cluster.engine=etcd", "--cluster.etcd.endpoints=http://e:2379", "--cluster.etcd.lease=1s"], "must be between 5s and 10m"),
                (["--cluster.engine=etcd", "--cluster.etcd.endpoints=http://e:2379", "--cluster.etcd.user=u"],
                 "--cluster.etcd.user and --cluster.etcd.password-file are given together or not at all"),
                (["--cluster.engine=etcd", "--cluster.etcd.endpoints=http://e:2379", "--cluster.join-addresses=a"],
                 "are for --cluster.engine=gossip"),
                (["--cluster.enabled", "--cluster.engine=etcd", "--cluster.etcd.endpoints=http://e:2379", "--cluster.etcd.user=u",
                  f"--cluster.etcd.password-file={folder}/none"], "--cluster.etcd.password-file: ")):
            done = run("run", "--cluster.enabled", "--cluster.advertise-address=127.0.0.1", f"--storage.path={folder}/storage",
                       "--server.http.listen-addr=127.0.0.1:1", *flags, str(folder / "config.alloy"))
            self.assertNotEqual(done.returncode, 0, flags)
            self.assertIn(sentence, done.stderr, flags)
            self.assertNotIn("pass-word", done.stderr)


if __name__ == "__main__":
    unittest.main()
