"""The main job with real parts: Go programs are profiled, a Connect server checks what arrives."""

import json
import signal
import subprocess
import time
import unittest

from harness import Case, HandlerServer, fetch, free_port, pprofcheck, until

CONFIG = """
pyroscope.scrape "app" {{
	targets = [
		{{"__address__" = "{target}", "service_name" = "shop", "team" = "blue", "__meta_hidden" = "x"}},
	]
	forward_to      = [pyroscope.write.out.receiver]
	scrape_interval = "2s"

	profiling_config {{
		profile.fgprof {{ enabled = true }}
		profile.custom "wall" {{
			enabled = true
			path    = "/debug/pprof/goroutine"
		}}
		{more}
	}}
}}

pyroscope.write "out" {{
	endpoint {{
		url     = "http://{server}"
		headers = {{"X-Scope-OrgID" = "squad-1"}}
		min_backoff_period = "50ms"
		max_backoff_period = "200ms"
		max_backoff_retries = 0
	}}
	external_labels = {{"env" = "test"}}
}}
"""
TYPES = ("memory", "block", "goroutine", "mutex", "process_cpu", "fgprof", "wall")


def heap(allocated):
    """A profile of one stack that has allocated so many bytes."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        return varint(number << 3 | 2) + varint(len(value)) + value

    strings = ["", "alloc_space", "bytes", "main.work", "main.go"]
    return (field(1, field(1, 1) + field(2, 2)) + field(2, field(1, 1) + field(2, allocated))
            + field(4, field(1, 1) + field(3, 0x1234) + field(4, field(1, 1) + field(2, 7)))
            + field(5, field(1, 1) + field(2, 3) + field(3, 3) + field(4, 4))
            + b"".join(field(6, s.encode()) for s in strings) + field(9, time.time_ns()))


def ledger(invar):
    """{(destination, profile): row} of the ledger's metrics."""
    rows = {}
    for (name, labels), value in invar.metrics().items():
        if name.startswith("pyroscope_ledger_"):
            label = dict(labels)
            row = rows.setdefault((label["destination"], label["profile"]), {})
            column = name.removeprefix("pyroscope_ledger_").removesuffix("_total")
            row[column] = row.get(column, 0) + value
    return rows


class Push(Case):
    def test_every_profile_type_arrives_whole(self):
        target, server = self.target(), self.server()
        invar = self.invar(CONFIG.format(target=target.address, server=server.address, more=""))
        for name in TYPES:
            until(f"{name} arrives", lambda name=name: len(server.of_type(name)) >= 2)
        self.assertEqual(server.state()["problems"], None)

        for name in TYPES:
            for r in server.of_type(name):
                labels = r["labels"]
                self.assertEqual(labels["service_name"], "shop")
                self.assertEqual(labels["instance"], target.address)
                self.assertEqual(labels["job"], "pyroscope.scrape.app")
                self.assertEqual((labels["team"], labels["env"]), ("blue", "test"))
                self.assertEqual([l for l in labels if l.startswith("__") and l not in ("__name__", "__delta__")], [])
                self.assertEqual(labels.get("__delta__"), "false" if name in ("memory", "block", "mutex") else None)
                self.assertFalse(r["negative"])
                headers = r["headers"]
                self.assertTrue(headers["User-Agent"][0].startswith("invar/v"))
                self.assertEqual(headers["X-Scope-Orgid"], ["squad-1"])
                self.assertEqual(headers["Connect-Protocol-Version"], ["1"])
                self.assertRegex(headers["X-Invar-Id"][0], r"^[0-9a-f-]{36}$")
                self.assertGreater(r["time_nanos"], 0)
        self.assertTrue(any("busyLoop" in f for r in server.of_type("process_cpu") for f in r["functions"]))
        self.assertEqual(set(server.of_type("memory")[0]["types"]),
                         {"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"})

        for (destination, profile), row in ledger(invar).items():
            self.assertEqual(destination, f"http://{server.address}")
            spent = sum(row.get(c, 0) for c in ("sent", "queued", "refused", "expired", "dropped"))
            self.assertEqual(row["taken"], spent, (profile, row))
        self.assertEqual(invar.stop()[0], 0)

    def test_deltas_add_up_to_what_the_target_counted(self):
        target, server = self.target("-stacks=200"), self.server()

        def allocated(file):
            file.write_bytes(fetch(f"http://{target.address}/debug/pprof/allocs")[2])
            checked = pprofcheck(file)[0]
            return dict(zip(checked["types"], checked["totals"]))["alloc_space/bytes"]

        invar = self.invar(CONFIG.format(target=target.address, server=server.address, more=""))
        before = allocated(invar.folder / "before.pb.gz")
        until("memory is sent", lambda: len(server.of_type("memory")) >= 4)
        deltas = [r["totals"]["alloc_space"] for r in server.of_type("memory")]
        after = allocated(invar.folder / "after.pb.gz")
        # The first scrape may come before `before` was taken, the last one before `after`; a sum of cumulative values is far more.
        self.assertGreater(sum(deltas), 0)
        self.assertLess(sum(deltas), (after - before) * 1.5)
        self.assertGreater(min(r["totals"]["inuse_objects"] for r in server.of_type("memory")), 0)

    def test_deltas_are_exact_over_a_restart_and_never_doubled_by_a_kill(self):
        counted = []  # what the target had allocated at each scrape

        def answer(handler):
            counted.append(1000 + 100 * len(counted) ** 2)
            body = heap(counted[-1])
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        target, server = self.start(HandlerServer(answer)), self.server()
        config = CONFIG.format(target=target.address, server=server.address, more="").replace(
            '"service_name" = "shop"', '"service_name" = "shop", "__name__" = "memory"')

        def sent():
            return sum(r["totals"]["alloc_space"] for r in server.of_type("memory"))

        def run_until(count, folder=None):
            invar = self.invar(config, folder=folder)
            until("the target is scraped", lambda: len(counted) >= count)
            return invar

        invar = run_until(3)
        invar.stop()
        invar = run_until(len(counted) + 2, invar.folder)
        until("all of it is sent", lambda: sent() == counted[-1] - counted[0])
        invar.stop(signal.SIGKILL)
        before_kill, scrapes = counted[-1], len(counted)
        run_until(len(counted) + 3, invar.folder)
        # One interval is lost with the process that was killed: the first scrape after it is a new baseline.
        until("what came after it is sent",
              lambda: sent() == counted[-1] - counted[scrapes] + before_kill - counted[0])

    def test_an_outage_is_bridged(self):
        target, server = self.target(), self.server()
        invar = self.invar(CONFIG.format(target=target.address, server=server.address, more=""))
        until("profiles arrive", lambda: server.of_type("goroutine"))
        for mode in ("unavailable", "close", "html", "garbage", "exhausted"):
            server.mode(mode)
            before = server.state()["requests"]
            until(f"pushes meet {mode}", lambda: server.state()["requests"] > before + 2)
        rows = until("the endpoint's trouble is shown", lambda: [r for r in invar.rows("pyroscope.write.out", "endpoint") if r.get("last_error")])
        page = invar.text("/")
        self.assertIn("Problems", page)
        scrapes = invar.metric("pyroscope_scrape_scrapes_total", result="success")
        until("scraping goes on during the outage",
              lambda: invar.metric("pyroscope_scrape_scrapes_total", result="success") >= scrapes + 5)
        self.assertTrue(rows[0]["last_error"])
        taken_times = len(server.of_type("goroutine"))
        server.mode("ok")
        until("what was kept is delivered", lambda: invar.metric("pyroscope_ledger_queued") == 0
              and len(server.of_type("goroutine")) > taken_times + 2)
        self.assertEqual(invar.metric("pyroscope_ledger_dropped_total") + invar.metric("pyroscope_ledger_expired_total"), 0)
        ids = [(r["sha256"], r["labels"]["__name__"]) for r in server.state()["received"]]
        self.assertEqual(len(ids), len(set(ids)), "nothing is delivered twice")

    def test_a_refusal_is_final_and_counted(self):
        target, server = self.target(), self.server()
        server.mode("invalid")
        invar = self.invar(CONFIG.format(target=target.address, server=server.address, more=""))
        until("refusals are counted", lambda: invar.metric("pyroscope_ledger_refused_total") >= 3)
        self.assertEqual(invar.metric("pyroscope_write_retries_total"), 0)
        self.assertIn("profile is invalid", invar.text("/"))

    def test_shutdown_is_prompt_while_the_server_hangs(self):
        target, server = self.target(), self.server()
        server.mode("hang")
        invar = self.invar(CONFIG.format(target=target.address, server=server.address, more=""))
        until("a push hangs", lambda: server.state()["requests"] >= 2)
        status, seconds = invar.stop(signal.SIGINT)
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2.5)

    def test_go_tool_profiles_of_prometheus(self):
        """Debian's prometheus as a target, found by a file that names it."""
        folder = self.invar("").folder
        listen = f"127.0.0.1:{free_port()}"
        (folder / "prometheus.yml").write_text("global: {}\n")
        prometheus = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                                       f"--web.listen-address={listen}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (prometheus.kill(), prometheus.wait()))
        server = self.server()
        (folder / "targets.json").write_text(json.dumps([{"targets": [listen], "labels": {"service_name": "prometheus"}}]))
        self.invar(f"""
discovery.file "sd" {{
	files = ["{folder}/targets.json"]
}}

pyroscope.scrape "prometheus" {{
	targets         = discovery.file.sd.targets
	forward_to      = [pyroscope.write.out.receiver]
	scrape_interval = "2s"
}}

pyroscope.write "out" {{
	endpoint {{
		url = "http://{server.address}"
	}}
}}
""")
        until("prometheus is profiled", lambda: server.of_type("memory") and server.of_type("goroutine"))
        self.assertTrue(any("runtime" in f for f in server.of_type("goroutine")[0]["functions"]))
        self.assertEqual(server.state()["problems"], None)


if __name__ == "__main__":
    unittest.main()
