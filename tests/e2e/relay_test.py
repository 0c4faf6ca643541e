"""The relay with real parts: SDKs and Connect clients push to Invar, a Connect server checks what arrives, nginx breaks things between them."""

import gzip
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

from harness import INTEROP, SOURCE, Case, fetch, free_port, until

SDKS = pathlib.Path(os.environ["SDKS"])

CONFIG = """
pyroscope.receive_http "sdk" {{
	http {{
		listen_address = "127.0.0.1"
		listen_port    = {port}
		{http}
	}}
	forward_to = [{forward_to}]
}}

{more}

pyroscope.write "out" {{
	endpoint {{
		url = "http://{server}"
		min_backoff_period = "50ms"
		max_backoff_period = "200ms"
		max_backoff_retries = 0
	}}
	external_labels = {{"env" = "test"}}
	{write}
}}
"""


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def profile(*more_strings, **labels):
    """A small pprof of now: sample types cpu and wall, one sample per call stack, `labels` on every sample."""
    strings = ["", "cpu", "nanoseconds", "wall", "main.work", *more_strings]
    index = lambda text: strings.index(text) if text in strings else strings.append(text) or len(strings) - 1
    pairs = b"".join(field(3, field(1, index(k)) + field(2, index(v))) for k, v in labels.items())
    out = field(1, field(1, 1) + field(2, 2)) + field(1, field(1, 3) + field(2, 2))
    out += field(2, field(1, varint(1)) + field(2, varint(7) + varint(0)) + pairs)
    out += field(2, field(1, varint(1)) + field(2, varint(5) + varint(11)) + pairs)
    out += field(4, field(1, 1) + field(4, field(1, 1) + field(2, 3))) + field(5, field(1, 1) + field(2, 4))
    return gzip.compress(out + b"".join(field(6, s.encode()) for s in strings) + field(9, time.time_ns()))


class Relay(Case):
    def relay(self, server, http="", forward_to="pyroscope.write.out.receiver", more="", write="", **kwargs):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        return self.invar(CONFIG.format(port=self.port, http=http, forward_to=forward_to, more=more, server=server, write=write),
                          **kwargs)

    def push(self, body, *labels, flags=(), url=None):
        file = self.folder() / "profile"
        file.write_bytes(body)
        done = subprocess.run([INTEROP / "push", *flags, url or self.url, file, *labels], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def folder(self):
        if not hasattr(self, "_folder"):
            self._folder = pathlib.Path(subprocess.check_output(["mktemp", "-d", "-t", "invar-relay.XXXXXX"], text=True).strip())
            self.addCleanup(lambda: shutil.rmtree(self._folder, ignore_errors=True))
        return self._folder

    def background(self, name, *command, **environment):
        log = open(self.folder() / f"{name}.log", "w")
        process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, env={**os.environ, **environment},
                                   cwd=self.folder())

        def end():
            process.kill()
            process.wait()
            log.close()

        self.addCleanup(end)
        return process

    def ingested(self, server, app):
        """What arrived on /ingest for an application, with its decoded query."""
        out = []
        for r in server.state()["received"]:
            query = dict(urllib.parse.parse_qsl(r.get("query", "")))
            if r["path"] == "/ingest" and query.get("name", "").startswith(app + "{"):
                out.append({**r, "query": query})
        return out


class Sdks(Relay):
    def test_profiles_of_every_sdk_arrive(self):
        server = self.server()
        self.relay(server.address)
        java = (SDKS / "java/agent.jar").exists() and shutil.which("java")
        self.background("go", INTEROP / "sdkclient", self.url)
        self.background("python", SDKS / "python/bin/python", SOURCE / "tests/sdk/python/client.py", self.url)
        self.background("node", "node", SDKS / "node/client.js", self.url)
        programs = []

        def java_runs():
            """The agent's profiler now and then crashes the JVM of a machine under load: then it starts again."""
            if not programs or programs[-1].poll() is not None:
                programs.append(self.background(
                    "java", "java", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Djava.io.tmpdir={self.folder()}",
                    f"-javaagent:{SDKS}/java/agent.jar", "-cp", SDKS / "java", "Client",
                    PYROSCOPE_SERVER_ADDRESS=self.url, PYROSCOPE_APPLICATION_NAME="java.sdk", PYROSCOPE_FORMAT="jfr",
                    PYROSCOPE_UPLOAD_INTERVAL="2s", PYROSCOPE_PROFILER_EVENT="itimer", PYROSCOPE_LABELS="region=eu"))

        if java:
            java_runs()
        else:
            print("no JVM (or no JDK with Maven when the SDKs were installed): io.pyroscope:agent is not tested")

        def function(app, name):
            return any(any(name in f for f in r["functions"] or []) for r in self.ingested(server, app))

        until("the Go SDK's profiles arrive", lambda: function("go.sdk", "goBusyWork"), 60)
        until("the Node.js SDK's profiles arrive", lambda: function("node.sdk", "nodeBusyWork"), 60)
        until("the Python SDK's profiles arrive", lambda: any(
            any("python_busy_work" in f for f in r["functions"] or []) for r in server.received(service_name="python.sdk")), 60)
        if java:
            until("the Java agent's profiles arrive", lambda: java_runs() or self.ingested(server, "java.sdk"), 60)
            self.assertTrue(list(self.folder().glob("*pyroscope*/*.so")), "the agent unpacked its library elsewhere, where it stays")

        for app in ("go.sdk", "node.sdk") + (("java.sdk",) if java else ()):
            r = self.ingested(server, app)[0]
            self.assertEqual(r["query"]["name"], f"{app}{{env=test,region=eu,service_name={app}}}")
            self.assertTrue(r["query"]["spyName"])
            self.assertGreater(int(r["query"]["until"]), int(r["query"]["from"]) - 1)
            self.assertTrue(r["headers"]["Content-Type"][0].startswith("multipart/form-data"))
        pushed = server.received(service_name="python.sdk")[0]
        self.assertEqual((pushed["labels"]["region"], pushed["labels"]["env"]), ("eu", "test"))
        self.assertGreater(pushed["time_nanos"], 0)
        self.assertIn(server.state()["problems"], (None, []))


class Connect(Relay):
    def test_both_codecs_packed_and_plain(self):
        server = self.server()
        self.relay(server.address)
        codecs = [[], ["-json"], ["-gzip"], ["-json", "-gzip"]]
        for number, flags in enumerate([*protocol, *codec] for protocol in ([], ["-grpc"], ["-grpc-web"]) for codec in codecs):
            self.assertEqual(self.push(profile(), "service_name=shop", "__name__=process_cpu", f"case={number}",
                                       flags=[*flags, f"-id=id-{number}"]), "ok")
            arrived = until(f"case {number} arrives", lambda number=number: server.received(case=str(number)))
            self.assertEqual(arrived[0]["id"], f"id-{number}")
            self.assertEqual(arrived[0]["labels"]["service_name"], "shop")
        self.assertEqual(self.push(profile(), "__name__=process_cpu", "case=anonymous"), "ok")
        until("it arrives", lambda: server.received(case="anonymous", service_name="unspecified"))
        for flags in ([], ["-grpc"], ["-grpc-web"]):
            self.assertEqual(self.push(profile(), "service_name=shop", "__name__=cpu", f"case={flags}", "a-b=c", flags=flags), "ok")
            arrived = until("any label name arrives", lambda flags=flags: server.received(case=str(flags)))
            self.assertEqual(arrived[0]["labels"]["a-b"], "c")

    def test_mistakes_are_told_in_the_clients_words(self):
        server = self.server()
        invar = self.relay(server.address, http="max_body_bytes = 100000")
        self.assertTrue(self.push(b"", "service_name=shop", "__name__=cpu").startswith("invalid_argument: series"))
        self.assertRegex(self.push(os.urandom(100001), "service_name=shop"), "413 Payload Too Large$")
        for protocol in ("-grpc", "-grpc-web"):
            self.assertTrue(self.push(b"", "service_name=shop", "__name__=cpu", flags=[protocol])
                            .startswith("invalid_argument: series"))
        status, _, body = fetch(self.url + "/ingest?name=a%20b", method="POST", data=b"main;f 1")
        self.assertEqual((status, body), (400, b"the parameter \"name\": invalid service name: a b: character is not allowed: ' '\n"))
        status, _, _ = fetch(self.url + "/ingest?name=" + urllib.parse.quote("app{service_name=x,k=\N{SNOWMAN}}"), method="POST", data=b"m 1")
        self.assertEqual(status, 200)
        self.assertEqual(server.state()["received"] and [r for r in server.state()["received"] if r["path"] == "push"], [])
        self.assertEqual(invar.metric("pyroscope_receive_http_request_duration_seconds_count", status_code="400") >= 2, True)

    def test_limits_authentication_and_tls(self):
        server = self.server()
        folder = self.folder()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=relay", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        invar = self.relay(server.address, http=f"""
		conn_limit = 1
		tls {{
			cert_file = "{folder}/cert.pem"
			key_file  = "{folder}/key.pem"
		}}
		basic_auth {{
			username = "sdk"
			password = "hunter2"
		}}""")
        https = self.url.replace("http:", "https:")
        good = [f"-ca={folder}/cert.pem", "-user=sdk", "-password=hunter2"]
        self.assertEqual(self.push(profile(), "service_name=shop", "__name__=cpu", flags=good, url=https), "ok")
        self.assertTrue(self.push(profile(), "service_name=shop", flags=[*good[:2], "-password=no"], url=https).startswith("unauthenticated"))
        self.assertNotIn("hunter2", invar.log() + invar.text("/api/v0/web/components/pyroscope.receive_http.sdk"))
        # One connection is one connection: the second client waits until the first has gone.
        with socket.create_connection(("127.0.0.1", self.port)):
            until("the first is counted", lambda: invar.metric("pyroscope_receive_http_tcp_connections") == 1)
            self.assertTrue(self.push(profile(), "service_name=shop", flags=[*good, "-timeout=500ms"], url=https).startswith("deadline_exceeded"))
        self.assertEqual(self.push(profile(), "service_name=shop", "__name__=cpu", flags=good, url=https), "ok")

    def test_a_client_that_leaves_in_the_middle_is_counted(self):
        server = self.server()
        invar = self.relay(server.address)
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"POST /ingest?name=app HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf")
            until("the body is awaited", lambda: invar.metric("pyroscope_receive_http_tcp_connections") == 1)
        until("it is counted", lambda: invar.metric("pyroscope_receive_http_cut_requests_total") == 1)
        self.assertEqual(server.state()["received"], [])


    def test_a_profile_larger_than_the_servers_burst_is_refused_after_two_tries_and_the_others_pass(self):
        server = self.server("-rate", 4 << 20, "-burst", 2 << 20)
        invar = self.relay(server.address)
        self.assertEqual(self.push(profile("x" * (22 << 17)), "service_name=large", "__name__=memory"), "ok")
        until("it is refused", lambda: invar.metric("pyroscope_ledger_refused_total", reason="rate limit: larger than the burst") == 1, 10)
        self.assertEqual(server.state()["requests"], 2)
        page = invar.text("/")
        self.assertIn("the profile is larger than the burst that the server takes at once, and can never pass", page)
        self.assertIn("push rate limit (4.0 MiB) exceeded while adding 2.8 MiB", page)
        # What fits is only ever late, also in a rush that the bucket cannot hold.
        for number in range(8):
            self.assertEqual(self.push(profile("x" * (9 << 17)), "service_name=small", "__name__=memory", f"id={number}"), "ok")
        until("the others arrive", lambda: len(server.received(service_name="small")) == 8)
        self.assertEqual(invar.metric("pyroscope_ledger_refused_total"), 1)
        self.assertIsNone(server.state()["problems"])


class Pipeline(Relay):
    def test_sample_types_and_labels_inside_the_profile(self):
        """What the relay takes out of a profile leaves one that google/pprof finds valid."""
        server, target = self.server(), self.target()
        invar = self.relay(server.address, forward_to="pyroscope.relabel.edit.receiver", more=f"""
pyroscope.relabel "edit" {{
	forward_to = [pyroscope.write.out.receiver]
	rule {{
		source_labels = ["thread_name"]
		target_label  = "thread"
	}}
	pprof {{
		drop_sample_types = ["cpu", "alloc_objects", "alloc_space"]
		promote_labels    = ["thread name", "mixed"]
		remove_labels     = ["thread name"]
	}}
}}

pyroscope.scrape "app" {{
	targets         = [{{"__address__" = "{target.address}", "service_name" = "scraped"}}]
	forward_to      = [pyroscope.relabel.edit.receiver]
	scrape_interval = "2s"
}}
""")
        self.assertEqual(self.push(profile(**{"thread name": "io", "other": "x"}), "service_name=shop", "__name__=process_cpu"), "ok")
        arrived = until("the profile arrives", lambda: server.received(service_name="shop"))[0]
        self.assertEqual(arrived["types"], ["wall/nanoseconds"])
        self.assertEqual((arrived["samples"], arrived["totals"]), (1, {"wall": 11}))
        self.assertEqual((arrived["labels"]["thread"], arrived["labels"]["thread_name"]), ("io", "io"))
        self.assertNotIn("mixed", arrived["labels"])
        heap = until("a real heap profile arrives", lambda: server.received(service_name="scraped", _name__="memory"))[0]
        self.assertEqual(heap["types"], ["inuse_objects/count", "inuse_space/bytes"])
        self.assertIsNone(server.state()["problems"])
        now = invar.metrics()
        taken, sent = (sum(v for (n, labels), v in now.items() if n == f"pyroscope_ledger_{name}_total" and ("destination", "edit") in labels)
                       for name in ("taken", "sent"))
        self.assertGreater(taken, 1)
        self.assertGreaterEqual(taken, sent)

    def test_ingest_through_enrich_to_the_server_and_the_archive(self):
        """The worked example of the label flow; bodies of any format arrive as they were sent."""
        server = self.server()
        archive = self.folder() / "archive"
        self.relay(server.address, forward_to="pyroscope.enrich.pods.receiver, pyroscope.fsdump.archive.receiver", more=f"""
pyroscope.enrich "pods" {{
	targets              = [{{"__meta_kubernetes_pod_ip" = "10.0.0.7", "team" = "blue", "extra" = "x"}}]
	target_match_label   = "__meta_kubernetes_pod_ip"
	profiles_match_label = "pod_ip"
	labels_to_copy       = ["team"]
	forward_to           = [pyroscope.write.out.receiver]
}}

pyroscope.fsdump "archive" {{
	target_directory = "{archive}"
	max_size_bytes   = 10000000
}}
""")
        bodies = {"folded": b"main;work 7\n", "trie": bytes(range(256)), "empty-ish": b"\0"}
        for name, body in bodies.items():
            query = urllib.parse.urlencode({"name": f"{name}{{region=eu,pod_ip=10.0.0.7}}", "from": 1700000000, "until": 1700000015,
                                            "format": name, "sampleRate": 100})
            status, _, answer = fetch(f"{self.url}/ingest?{query}", method="POST", data=body,
                                      headers={"Content-Type": f"binary/octet-stream+{name}"})
            self.assertEqual((status, answer), (200, b""))
        for name, body in bodies.items():
            r = until(f"{name} arrives", lambda name=name: self.ingested(server, name))[0]
            self.assertEqual(r["query"]["name"], f"{name}{{env=test,pod_ip=10.0.0.7,region=eu,service_name={name},team=blue}}")
            self.assertEqual((r["query"]["format"], r["query"]["from"]), (name, "1700000000"))
            self.assertEqual(r["headers"]["Content-Type"], [f"binary/octet-stream+{name}"])
            self.assertEqual(r["sha256"], hashlib.sha256(body).hexdigest())
        files = until("the archive has them", lambda: len(list(archive.glob("*.ingest.gz"))) == 3 and list(archive.glob("*.ingest.gz")))
        self.assertEqual(sorted(gzip.decompress(f.read_bytes()) for f in files), sorted(bodies.values()))

    def test_reload_swaps_receivers_and_keeps_the_old_port_when_the_new_one_is_taken(self):
        first, second = self.server(), self.server()
        invar = self.relay(first.address)
        config = invar.config.read_text()
        self.assertEqual(self.push(profile(), "service_name=a", "__name__=cpu"), "ok")
        invar.rewrite(config.replace(first.address, second.address))
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        self.assertEqual(self.push(profile(), "service_name=b", "__name__=cpu"), "ok")
        until("the second server gets it", lambda: second.received(service_name="b"))
        until("the first keeps its own", lambda: first.received(service_name="a"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            invar.rewrite(config.replace(f"= {self.port}", f"= {taken.getsockname()[1]}"))
            status, _, body = invar.get("/-/reload", method="POST", data=b"")
            self.assertEqual(status, 400)
            self.assertIn(b"address already in use", body)
            self.assertEqual(self.push(profile(), "service_name=c", "__name__=cpu"), "ok")

        # The same port on every address cannot be open beside the old one.
        invar.rewrite(config.replace('listen_address = "127.0.0.1"', ""))
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        self.assertEqual(self.push(profile(), "service_name=d", "__name__=cpu"), "ok")
        invar.rewrite(config.replace('listen_address = "127.0.0.1"', 'listen_address = "192.0.2.1"'))
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 400)
        self.assertEqual(self.push(profile(), "service_name=e", "__name__=cpu"), "ok")
        # TLS files that are not there are an error of the configuration, and the server stays as it was.
        invar.rewrite(config.replace('listen_address = "127.0.0.1"', 'tls { cert_file = "/nowhere/cert.pem"\nkey_file = "/nowhere/key.pem" }'))
        status, _, body = invar.get("/-/reload", method="POST", data=b"")
        self.assertEqual(status, 400)
        self.assertIn(b"failed to create server: unable to read file /nowhere/cert.pem", body)
        self.assertEqual(self.push(profile(), "service_name=f", "__name__=cpu"), "ok")

    def test_a_component_that_is_renamed_under_load_hands_over_its_port(self):
        server = self.server()
        invar = self.relay(server.address)
        config = invar.config.read_text()
        invar.rewrite(config.replace('receive_http "sdk"', 'receive_http "renamed"'))
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        started = time.monotonic()
        until("the new one listens", lambda: self.push(profile(), "service_name=a", "__name__=cpu") == "ok")
        self.assertLess(time.monotonic() - started, 0.9)


class Outage(Relay):
    NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	limit_req_zone $server_addr zone=all:1m rate=1r/m;
	limit_req_status 429;
	server {{
		listen 127.0.0.1:{port};
		location / {{ {rule} }}
	}}
}}
"""

    def nginx(self, rule):
        self.proxy_config.write_text(self.NGINX.format(folder=self.folder(), port=self.proxy_port, rule=rule))

    def test_what_was_acknowledged_survives_a_kill(self):
        """With sync = "always" the answer means that the profiles are on disk: a relay that dies and comes back delivers them."""
        server = self.server()
        server.mode("hang")
        invar = self.relay(server.address, write='queue { sync = "always" }')
        for number in range(5):
            self.assertEqual(self.push(profile(), "service_name=shop", "__name__=cpu", f"id={number}"), "ok")
        status, _, _ = fetch(f"{self.url}/ingest?name=ingested%7Bid%3D5%7D&format=folded", method="POST", data=b"main;work 7\n")
        self.assertEqual(status, 200)
        invar.process.kill()
        invar.process.wait()
        server.mode("ok")
        again = self.invar(invar.config.read_text(), folder=invar.folder)
        until("what was pushed is delivered",
              lambda: {r["labels"]["id"] for r in server.received(service_name="shop")} == {"0", "1", "2", "3", "4"})
        until("what was ingested is delivered", lambda: self.ingested(server, "ingested"))
        self.assertEqual(again.metric("pyroscope_ledger_recovered_total"), 6)

    def test_a_proxy_that_breaks_things_loses_nothing(self):
        server = self.server()
        forward = f"proxy_pass http://{server.address};"
        self.proxy_port, self.proxy_config = free_port(), self.folder() / "nginx.conf"
        self.nginx(forward)
        nginx = subprocess.Popen(["nginx", "-p", self.folder(), "-c", self.proxy_config], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (nginx.terminate(), nginx.wait()))
        invar = self.relay(f"127.0.0.1:{self.proxy_port}")

        sent = []

        def push_one():
            sent.append(f"p{len(sent)}")
            body = field(1, b"".join(field(1, field(1, k) + field(2, v)) for k, v in
                                     ((b"__name__", b"process_cpu"), (b"id", sent[-1].encode()), (b"service_name", b"shop")))
                         + field(2, field(1, profile())))
            status, _, _ = fetch(f"{self.url}/push.v1.PusherService/Push", method="POST", data=body,
                                 headers={"Content-Type": "application/proto"})
            self.assertEqual(status, 200, "the relay takes it whatever happens behind it")

        push_one()
        until("the proxy passes it on", lambda: server.received(id="p0"))
        troubles = {
            "502 with a page": (f"proxy_pass http://127.0.0.1:{free_port()};", None),
            "429 of a rate limit": (f"limit_req zone=all; {forward}", None),
            "a sign-in page": ("default_type text/html; return 200 '<!doctype html><title>Sign in</title>';", None),
            "a cut connection": ("return 444;", None),
            "a slow upstream": (f"proxy_read_timeout 300ms; {forward}", "hang"),
        }
        for what, (rule, mode) in troubles.items():
            if mode:
                server.mode(mode)
            before = invar.metric("pyroscope_write_failed_attempts_total")
            self.nginx(rule)
            nginx.send_signal(signal.SIGHUP)
            # The old configuration may serve a moment longer.
            until(f"pushes meet {what}", lambda: push_one() or invar.metric("pyroscope_write_failed_attempts_total") >= before + 3)
            if mode:
                server.mode("ok")
        self.nginx(forward)
        nginx.send_signal(signal.SIGHUP)
        until("everything is delivered", lambda: {r["labels"]["id"] for r in server.received(service_name="shop")} == set(sent))
        until("the queue is empty", lambda: invar.metric("pyroscope_ledger_queued") == 0)
        delivered = [r["labels"]["id"] for r in server.received(service_name="shop")]
        self.assertEqual(sorted(delivered), sorted(sent), "and nothing twice: no trouble came after the server had it")
        self.assertEqual(invar.metric("pyroscope_ledger_sent_total"), len(sent))


if __name__ == "__main__":
    unittest.main()
