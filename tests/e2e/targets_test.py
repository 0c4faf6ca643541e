"""Targets that misbehave: each says so in a plain sentence, once in the log, and never disturbs the others."""

import gzip
import re
import time
import unittest

from harness import Case, HandlerServer, until


def reply(handler, status, content_type, body, **headers):
    handler.send_response(status)
    if content_type:
        handler.send_header("Content-Type", content_type)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"\x1f\x8b" + b"x" * 65536)
    except OSError:
        pass


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def hang(handler):
    try:
        handler.rfile.read(1)
    except OSError:
        pass


BOMB = gzip.compress(b"\0" * (200 << 20))
BEHAVIOURS = {
    "html": (lambda h: reply(h, 200, "text/html", b"<!doctype html><html><title>Login</title></html>"), "this is a web page, not a profile"),
    "json": (lambda h: reply(h, 200, "application/json", b'{"error": "no"}'), "unexpected Content-Type application/json"),
    "empty": (lambda h: reply(h, 200, "application/octet-stream", b""), "empty goroutine profile"),
    "garbage": (lambda h: reply(h, 200, "application/octet-stream", bytes(range(255, 0, -1)) * 50), "invalid profile data"),
    "truncated": (lambda h: reply(h, 200, "application/octet-stream", gzip.compress(b"abc" * 1000)[:30]), "invalid profile data"),
    "bomb": (lambda h: reply(h, 200, "application/octet-stream", BOMB), "too large"),
    "endless": (endless, "the answer is larger than 16 MiB"),
    "drip": (drip, "timed out after 1s"),
    "no_content": (lambda h: reply(h, 204, "", b""), "server returned HTTP status (204) 204 No Content"),
    "hang": (hang, "timed out after 1s"),
    "missing": (lambda h: reply(h, 404, "text/plain", b"404 page not found\n"), "this program has no goroutine profile"),
    "broken": (lambda h: reply(h, 500, "text/plain", b"oops\n"), "server returned HTTP status (500) oops"),
    "redirects": (lambda h: reply(h, 302, "text/plain", b"", Location=h.path), "redirect"),
}


class Targets(Case):
    def test_each_kind_of_trouble_is_said_and_kept_apart(self):
        good = self.target()
        servers = {name: self.start(HandlerServer(answer)) for name, (answer, _) in BEHAVIOURS.items()}
        targets = "".join(f'\t\t{{"__address__" = "{s.address}", "service_name" = "{n}"}},\n' for n, s in servers.items())
        invar = self.invar(f"""
pyroscope.scrape "all" {{
	targets = [
		{{"__address__" = "{good.address}", "service_name" = "good"}},
		{{"__address__" = "127.0.0.1:1", "service_name" = "refused"}},
		{{"service_name" = "no_address"}},
{targets}	]
	forward_to        = [pyroscope.fsdump.d.receiver]
	scrape_interval   = "2s"
	scrape_timeout    = "1s"
	max_profile_bytes = 16777216

	profiling_config {{
		profile.memory {{ enabled = false }}
		profile.block {{ enabled = false }}
		profile.mutex {{ enabled = false }}
		profile.process_cpu {{ enabled = false }}
	}}
}}

pyroscope.fsdump "d" {{
	target_directory = "dump"
}}
""")

        def shown():
            rows = {r["labels"] and dict((f["key"], f["value"]["value"]) for f in r["labels"])["service_name"]: r
                    for r in invar.rows("pyroscope.scrape.all", "target")}
            return rows if all(r["health"] != "unknown" for r in rows.values()) else None

        rows = until("every target was tried", shown)
        self.assertEqual(rows["good"]["health"], "up")
        for name, (_, sentence) in {**BEHAVIOURS, "refused": (None, "connection refused")}.items():
            self.assertIn(sentence, rows[name].get("last_error", ""), name)
        page = invar.text("/")
        self.assertIn("this is a web page, not a profile: is the path right?", page)
        self.assertIn("no address", page)
        scripts = re.findall(r"<script[^>]*>", page)
        self.assertEqual([one for one in scripts if ' src="assets/' not in one], [], "the app's own, no target's")

        before = rows["good"]["last_success"]
        until("the good one goes on", lambda: shown() and shown()["good"]["last_success"] > before)
        lines = [l for l in invar.log().splitlines() if "fetch profile failed" in l and servers["html"].address in l]
        self.assertEqual(len(lines), 1, "one line per change of state, not per scrape")
        reasons = {dict(labels).get("reason") for (name, labels), _ in invar.metrics().items() if name == "pyroscope_scrape_scrapes_total"}
        self.assertLessEqual({"connect", "timeout", "too_large", "not_a_profile", "http_status"}, reasons)
        self.assertLess(invar.metric("process_resident_memory_bytes"), 250 << 20, "a bomb and an endless body stay bounded")

    def test_a_target_that_comes_back_is_scraped_again(self):
        healthy = [False]

        def answer(handler):
            if healthy[0]:
                _, _, body = self.fetch_profile()
                reply(handler, 200, "application/octet-stream", body)
            else:
                reply(handler, 503, "text/plain", b"starting")

        target = self.target()
        from harness import fetch
        self.fetch_profile = lambda: fetch(f"http://{target.address}/debug/pprof/goroutine")
        front = self.start(HandlerServer(answer))
        invar = self.invar(f"""
pyroscope.scrape "a" {{
	targets         = [{{"__address__" = "{front.address}", "__name__" = "goroutine"}}]
	forward_to      = []
	scrape_interval = "2s"
}}
""")
        until("it is down", lambda: invar.metric("pyroscope_scrape_scrapes_total", result="failure") >= 1)
        healthy[0] = True
        until("it is up", lambda: invar.metric("pyroscope_scrape_up") == 1)
        until("the log says so", lambda: "target is scraped again" in invar.log())


if __name__ == "__main__":
    unittest.main()
