"""Delivery with a real disk and a real server: outages, restarts, a second process, and what people are told."""

import json
import os
import pathlib
import re
import signal
import tempfile
import unittest

from harness import Case, HandlerServer, run, until

CONFIG = """
pyroscope.scrape "app" {{
	targets         = [{{"__address__" = "{target}", "service_name" = "shop"}}]
	forward_to      = [pyroscope.write.out.receiver]
	scrape_interval = "1s"
	profiling_config {{
		profile.memory {{ enabled = false }}
		profile.block {{ enabled = false }}
		profile.mutex {{ enabled = false }}
		profile.process_cpu {{ enabled = false }}
	}}
}}

pyroscope.write "out" {{
	endpoint {{
		url                = "http://{server}"
		min_backoff_period = "50ms"
		max_backoff_period = "200ms"
		{more}
	}}
	queue {{
		on_retries_exhausted = "keep"
	}}
}}
"""


def rows(invar):
    return json.loads(invar.text("/api/v0/web/ledger"))


def total(invar, field):
    return sum(row[field] for row in rows(invar))


class Delivery(Case):
    def config(self, server, more=""):
        return CONFIG.format(target=self.target().address, server=server, more=more)

    def test_a_second_process_on_the_storage_directory_says_so_and_stops(self):
        first = self.invar(self.config("127.0.0.1:1"))
        done = run("run", f"--storage.path={first.folder}/storage", str(first.config))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"in use by process {first.process.pid}", done.stderr)
        self.assertIn("--storage.path", done.stderr)
        self.assertIsNone(first.process.poll())

    def test_a_stop_in_an_outage_is_prompt_and_a_restart_delivers_the_rest(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how.name):
                server = self.server()
                server.mode("unavailable")
                config = self.config(server.address)
                first = self.invar(config)
                until("profiles are queued", lambda: total(first, "queued") >= 4)
                until("they are on disk", lambda: first.metric("pyroscope_write_queue_disk_bytes") > 1000)
                queued = total(first, "queued")
                _, took = first.stop(how)
                self.assertLess(took, 2)
                server.mode("ok")
                second = self.invar(config, folder=first.folder)
                until("the rest is found", lambda: total(second, "recovered") >= queued - 2)
                until("the rest is delivered", lambda: total(second, "sent") >= queued and total(second, "queued") <= 1)
                # Whoever is killed may have to leave what is younger than a second.
                self.assertGreaterEqual(total(second, "recovered"), queued if how == signal.SIGTERM else queued - 2)
                hashes = [r["sha256"] for r in server.state()["received"]]
                self.assertEqual(len(hashes), len(set(hashes)))

    def test_a_component_that_leaves_the_file_leaves_its_queue_on_disk_and_finds_it_when_it_comes_back(self):
        server = self.server()
        server.mode("unavailable")
        config = self.config(server.address)
        nothing = "logging {\n}\n"
        invar = self.invar(config)
        until("profiles are queued", lambda: total(invar, "queued") >= 4)
        invar.rewrite(nothing)
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        told = r'profiles stay on disk until the component runs again" .*profiles=(\d+)'
        left = int(until("the log says what stays", lambda: re.search(told, invar.log()))[1])
        self.assertGreaterEqual(left, 4)
        until("the status page says so", lambda: "Left on disk" in invar.text("/"))
        self.assertRegex(invar.text("/"), f'<code>pyroscope.write.out</code></td><td class="number">{left}</td>')
        self.assertEqual(invar.metric("invar_left_on_disk_profiles", component="pyroscope.write.out"), left)

        # Also a start without the component says so, and takes nothing away.
        invar.stop()
        invar = self.invar(nothing, folder=invar.folder)
        until("the log says what waits", lambda: re.search(
            f'profiles on disk wait for a component that is not configured any more" .*component=pyroscope.write.out profiles={left} ',
            invar.log()))
        until("the gauge counts it", lambda: invar.metric("invar_left_on_disk_profiles", component="pyroscope.write.out") == left)

        server.mode("ok")
        invar.rewrite(config)
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        until("all of it is found", lambda: total(invar, "recovered") == left)
        self.assertNotIn("Left on disk", invar.text("/"))
        self.assertEqual(invar.metric("invar_left_on_disk_profiles"), 0)
        until("all of it is delivered", lambda: total(invar, "sent") >= left and total(invar, "queued") <= 1)
        hashes = [r["sha256"] for r in server.state()["received"]]
        self.assertEqual(len(hashes), len(set(hashes)))

    def test_the_ledger_balances_in_json_and_stands_on_the_status_page(self):
        invar = self.invar(self.config(self.server().address))
        until("profiles are sent", lambda: total(invar, "sent") >= 2)
        for row in rows(invar):
            self.assertEqual(row["taken"], sum(row[f] for f in ("sent", "queued", "refused", "expired", "dropped")))
            self.assertEqual(row["componentID"], "pyroscope.write.out")
            self.assertEqual(row["profile"], "goroutine")
        self.assertIn("Where the profiles went", invar.text("/"))

    def test_each_way_to_fail_has_its_sentence_on_the_status_page(self):
        cases = [
            (404, "text/plain", "wrong url? Pyroscope&#39;s push path was not found"),
            (401, "text/plain", "the server refused the credentials; check basic_auth"),
            (413, "text/plain", "refuses bodies of this size"),
            (429, "text/plain", "the server limits what it takes"),
            (200, "text/html", "the answer is a web page, not Pyroscope&#39;s: a proxy in between?"),
            (502, "text/html", "502 Bad Gateway: the answer is a web page"),
        ]
        for status, kind, sentence in cases:
            with self.subTest(status=status, kind=kind):
                def answer(handler, status=status, kind=kind):
                    handler.rfile.read(int(handler.headers["Content-Length"]))
                    handler.send_response(status)
                    handler.send_header("Content-Type", kind)
                    handler.send_header("Content-Length", "6")
                    handler.end_headers()
                    handler.wfile.write(b"<html>")

                server = self.start(HandlerServer(answer))
                invar = self.invar(self.config(server.address))
                until("the page says why", lambda: sentence in invar.text("/"))

    def test_credentials_that_rotate_in_their_file_let_everything_through(self):
        token = pathlib.Path(tempfile.mkdtemp(prefix="invar-e2e.")) / "token"
        token.write_text("old")
        self.addCleanup(os.rmdir, token.parent)
        self.addCleanup(os.remove, token)
        good = []

        def answer(handler):
            handler.rfile.read(int(handler.headers["Content-Length"]))
            status = 200 if handler.headers["Authorization"] == "Bearer new" else 401
            good.append(status == 200)
            handler.send_response(status)
            handler.send_header("Content-Type", "application/proto")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        server = self.start(HandlerServer(answer))
        invar = self.invar(self.config(server.address, f'bearer_token_file = "{token}"'))
        until("profiles wait", lambda: total(invar, "queued") >= 3)
        self.assertEqual(total(invar, "refused") + total(invar, "dropped"), 0)
        self.assertIn("endpoint refuses the credentials", invar.log())
        token.write_text("new")
        until("everything is through", lambda: total(invar, "sent") >= 3 and total(invar, "queued") <= 1)
        self.assertIn("endpoint takes profiles again", invar.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
