"""The API of the web app over the real binary: what its pages ask, streams, what may change something, a prefix with a password."""

import base64
import gzip
import http.client
import json
import unittest

from harness import SOURCE, Case, fetch, free_port, pprofcheck, until

CONFIG = """
discovery.relabel "all" {
  targets = [
    {"__address__" = "%(self)s", "service_name" = "invar", "team" = "red"},
    {"__address__" = "127.0.0.1:1", "service_name" = "gone", "team" = "red"},
    {"__address__" = "127.0.0.1:2", "service_name" = "other", "team" = "blue"},
  ]
  rule {
    source_labels = ["team"]
    regex         = "red"
    action        = "keep"
  }
  rule {
    source_labels = ["team"]
    target_label  = "group"
  }
}
pyroscope.scrape "s" {
  targets         = discovery.relabel.all.output
  scrape_interval = "1s"
  scrape_timeout  = "1s"
  forward_to      = [%(to)s]
  profiling_config {
    profile.process_cpu { enabled = false }
    profile.block { enabled = false }
    profile.mutex { enabled = false }
    profile.goroutine { enabled = true }
  }
}
pyroscope.fsdump "archive" {
  target_directory = "archive"
}
"""
WRITE = """
pyroscope.write "server" {
  endpoint {
    url = "http://%(server)s"
    basic_auth {
      username = "u"
      password = "s3cret"
    }
  }
}
"""
CONFIG += WRITE
RELAY = """
pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = %d
  }
  forward_to = [pyroscope.fsdump.archive.receiver]
}
pyroscope.fsdump "archive" {
  target_directory = "archive"
}
"""
RELABEL = """
pyroscope.relabel "r" {
  rule {
    source_labels = ["service_name"]
    regex         = "cart"
    action        = "drop"
  }
  rule {
    source_labels = ["service_name"]
    target_label  = "team"
  }
  forward_to = [pyroscope.fsdump.archive.receiver]
}
"""
SELF = "invar.internal:12345"


class WebApi(Case):
    def start_invar(self, *flags, server="127.0.0.1:9", to="pyroscope.fsdump.archive.receiver"):
        return self.invar(CONFIG % {"self": SELF, "server": server, "to": to}, *flags)

    def ask(self, invar, path, status=200, base="/api/v1/", **kwargs):
        got, _, body = invar.get(base + path, **kwargs)
        self.assertEqual(got, status, f"{path}: {body[:300]}")
        return json.loads(body)

    def post(self, invar, path, body, status, headers=()):
        return self.ask(invar, path, status, method="POST", data=json.dumps(body).encode(),
                        headers={"Content-Type": "application/json", **dict(headers)})

    def scraped(self, invar):
        """The rows of the target that works, once it does."""
        def rows():
            answer = self.ask(invar, "targets?by=cause&q=%7Bservice_name%3D%22invar%22%7D")
            return answer["rows"] if answer["counts"]["ok"] == 2 else None
        return until("the target is scraped", rows)

    def test_targets_and_how_their_labels_came_to_be(self):
        invar = self.start_invar()
        row = self.scraped(invar)[0]
        answer = until("the other one fails", lambda: (a := self.ask(invar, "targets?by=cause"))["counts"]["failing"] == 2 and a)
        self.assertEqual(answer["counts"]["left_out"], 1)
        self.assertEqual(answer["groups"][0]["state"], "failing")
        self.assertEqual(answer["groups"][0]["count"], 2)
        detail = self.ask(invar, "targets/" + row["id"])
        self.assertEqual(detail["discovered"]["team"], "red")
        self.assertEqual([(s["rule"], s["effect"]) for s in detail["steps"]], [(1, "kept"), (2, "changed")])
        self.assertEqual(detail["steps"][1]["changed"], [{"label": "group", "before": "", "after": "red"}])
        self.assertEqual([(s["file"], s["line"]) for s in detail["steps"]], [(str(invar.config), 8), (str(invar.config), 13)])
        self.assertEqual(detail["scrapes"][0]["outcome"], "ok")
        left_out = self.ask(invar, "targets?state=left_out")["rows"][0]
        self.assertIn("rule 1", left_out["text"])
        self.assertEqual(self.ask(invar, "targets/" + left_out["id"])["steps"][0]["effect"], "dropped")
        self.assertIn("deliver nothing", self.ask(invar, "verdict")["text"])
        problem = self.ask(invar, "problems")["problems"][0]
        self.assertEqual((problem["kind"], problem["count"], problem["of"]), ("targets", 2, 4))

    def test_an_order_stays_while_it_is_used(self):
        invar = self.start_invar()
        self.scraped(invar)
        first = self.ask(invar, "targets?sort=-took")
        again = self.ask(invar, f"targets?sort=-took&snapshot={first['snapshot']}&offset=1")
        self.assertEqual([r["id"] for r in again["rows"]], [r["id"] for r in first["rows"]][1:])
        self.assertEqual(self.ask(invar, "targets?snapshot=none", 410)["error"]["code"], "snapshot_gone")
        path = f"/api/v1/targets?snapshot={first['snapshot']}"
        tag = invar.get(path)[1]["ETag"]
        self.assertEqual(invar.get(path, headers={"If-None-Match": tag})[0], 304)

    def test_profiles_of_memory_and_archive(self):
        invar = self.start_invar()
        self.scraped(invar)
        series = until("memory has two types", lambda: len((s := self.ask(invar, "series"))["types"]) >= 2 and s)
        self.assertIn("goroutine", series["types"])
        self.assertGreater(series["kept_bytes"], 0)
        self.assertEqual(series["sources"], ["memory", "pyroscope.fsdump.archive"])
        for source in series["sources"]:
            tree = until(f"{source} has profiles", lambda: self.tree_of(invar, f"type=goroutine&source={source}"))
            self.assertIn("root", tree["tree"]["strings"])
            self.assertGreater(sum(tree["profiles"]), 0)
            top = self.ask(invar, f"profiles/top?type=goroutine&source={source}&limit=5")
            self.assertEqual(top["unit"], "count")
            profile = self.ask(invar, f"profiles/list?type=goroutine&source={source}")["profiles"][0]
            one = self.ask(invar, f"profiles/tree?id={profile['id']}&source={source}")
            self.assertEqual(one["profiles"], [1])
            chart = self.ask(invar, f"profiles/timeline?type=goroutine&source={source}&from=-5m")
            self.assertTrue(any(v is not None for v in chart["values"]))
            status, headers, body = invar.get(f"/api/v1/profiles/export?format=pprof&type=goroutine&source={source}")
            self.assertEqual(status, 200)
            file = invar.folder / "exported.pb.gz"
            file.write_bytes(body)
            self.assertEqual(pprofcheck(file)[0]["types"], ["goroutine/count"])
        self.assertRegex(invar.text("/api/v1/profiles/export?format=folded&type=goroutine"), r"(?m)^\S.* \d+$")
        diff = self.ask(invar, "profiles/tree?type=goroutine&vs_from=-10m&vs_to=now")
        self.assertEqual(len(diff["tree"]["sides"]), 2)
        self.assertEqual(self.ask(invar, "profiles/tree?type=nothing", 404)["error"]["code"], "not_found")
        self.assertEqual(self.ask(invar, "profiles/tree", 400)["error"]["field"], "type")

    def test_recordings_of_java_are_drawn_from_memory_and_archive(self):
        port = free_port()
        invar = self.invar(RELAY % port)
        self.push_recording(port)
        until("it is stored", lambda: list((invar.folder / "archive").glob("*.gz")))
        for source, name in (("memory", r"^\d+:\d+$"), ("pyroscope.fsdump.archive", r"\.ingest\.gz:\d+$")):
            self.recording_is_drawn(invar, f"source={source}", name)
        self.assertEqual({row["component"] for row in self.ask(invar, "series")["series"]}, {"pyroscope.receive_http.sdk"})

    def push_recording(self, port):
        recording = gzip.decompress((SOURCE / "testdata/jfr/async-profiler-4.5-locks.jfr.gz").read_bytes())
        status, _, body = fetch(f"http://127.0.0.1:{port}/ingest?name=shop&format=jfr&from=1&until=2", method="POST", data=recording,
                                headers={"Content-Type": "application/octet-stream"})
        self.assertEqual(status, 200, body)

    def push(self, port, query, body, content_type="application/octet-stream"):
        status, _, answer = fetch(f"http://127.0.0.1:{port}/ingest?{query}", method="POST", data=body, headers={"Content-Type": content_type})
        self.assertEqual(status, 200, answer)

    def test_other_formats_of_ingest_are_drawn_or_counted(self):
        port = free_port()
        invar = self.invar(RELAY % port)
        profile = (SOURCE / "testdata/profiles/prom-goroutine-1.pb.gz").read_bytes()
        form = b'--b\r\nContent-Disposition: form-data; name="profile"; filename="p"\r\n\r\n' + profile + b"\r\n--b--\r\n"
        self.push(port, "name=shop&format=pprof", form, "multipart/form-data; boundary=b")
        self.push(port, "name=shop&format=folded&sampleRate=100", b"main;serve;read 12\nmain 1\n")
        self.push(port, "name=shop&format=trie", b"\x00\x01")
        for source in ("memory", "pyroscope.fsdump.archive"):
            series = until(f"{source} has both", lambda: len((s := self.ask(invar, f"series?source={source}"))["types"]) == 2 and s)
            self.assertEqual((series["types"], series["not_shown"]), (["goroutine", "process_cpu"], 1))
            top = self.ask(invar, f"profiles/top?type=process_cpu&source={source}")
            self.assertEqual((top["type"], top["sum"], top["functions"][0]["name"]), ("cpu", [130_000_000], "read"))
            self.assertGreater(self.ask(invar, f"profiles/top?type=goroutine&source={source}")["sum"][0], 0)

    def recording_is_drawn(self, invar, source, name):
        # Of `jfr summary`: what the file beside the recording says.
        until("it is listed", lambda: self.ask(invar, f"series?{source}")["types"] == ["memory", "mutex", "process_cpu"])
        tree = self.tree_of(invar, f"type=mutex&{source}")
        self.assertTrue(any(each.startswith("Busy.") for each in tree["tree"]["strings"]), tree["tree"]["strings"])
        row = self.ask(invar, f"profiles/list?type=process_cpu&{source}")["profiles"][0]
        self.assertRegex(row["id"], name)
        self.assertEqual(row["labels"]["service_name"], "shop")
        one = self.ask(invar, f"profiles/top?id={row['id']}&{source}")
        self.assertEqual((one["type"], one["unit"]), ("cpu", "nanoseconds"))
        self.assertGreater(one["sum"][0], 0)

    def tree_of(self, invar, query):
        status, _, body = invar.get("/api/v1/profiles/tree?" + query)
        return json.loads(body) if status == 200 else None

    def test_recent_profiles_can_be_switched_off(self):
        invar = self.start_invar("--server.http.recent-profiles-bytes=0")
        self.scraped(invar)
        series = self.ask(invar, "series")
        self.assertEqual((series["limit_bytes"], series["total"]), (0, 0))

    def test_nothing_changes_for_another_origin(self):
        invar = self.start_invar()
        target = self.scraped(invar)[0]["id"]
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            self.assertEqual(self.post(invar, f"targets/{target}/scrape", {}, 403, headers)["error"]["code"], "wrong_origin")
        self.ask(invar, f"targets/{target}/scrape", 415, method="POST", data=b"{}", headers={"Content-Type": "text/plain"})
        self.assertEqual(invar.get(f"/api/v1/targets/{target}/scrape")[0], 405)

        def accepted():
            status, _, _ = invar.get(f"/api/v1/targets/{target}/scrape", method="POST", data=b"{}", headers={
                "Content-Type": "application/json", "Origin": f"http://{invar.address}", "Sec-Fetch-Site": "same-origin"})
            return status == 202  # 409 while the regular one runs
        until("a scrape is begun", accepted)

    def test_streams_tell_states_and_what_passes(self):
        invar = self.start_invar()
        for path, wanted in (("events?topics=verdict,counters,peers,remotecfg,rates::60",
                              (b"event: verdict\n", b"event: counters\n", b"event: peers\n", b"event: remotecfg\n", b"event: rates::60\n", b'"window":60')),
                             ("live/pyroscope.scrape.s", (b"event: item\n", b'"kind":"profile"'))):
            connection = http.client.HTTPConnection(invar.address, timeout=30)
            self.addCleanup(connection.close)
            connection.request("GET", "/api/v1/" + path)
            response = connection.getresponse()
            self.assertEqual(response.getheader("Content-Type"), "text/event-stream")
            got = b""
            while not all(part in got for part in wanted):
                got += response.readline()
        for topic in ("weather", "rates:no-window", "rates::7"):
            self.ask(invar, f"events?topics={topic}", 400)
        self.ask(invar, "live/no.such", 404)

    def test_what_waits_is_told_by_its_age(self):
        port = free_port()
        invar = self.invar(RELAY.replace("pyroscope.fsdump.archive.receiver", "pyroscope.write.server.receiver") % port + WRITE % {"server": "127.0.0.1:9"})
        self.push_recording(port)
        endpoint = next(e["id"] for e in self.ask(invar, "endpoints")["endpoints"] if e["kind"] == "server")
        ages = self.ask(invar, f"endpoints/{endpoint}/ages")
        self.assertEqual(ages["total"], 1)
        self.assertEqual([(a["from"], a["to"]) for a in ages["ages"]], [(0, 60), (60, 300), (300, 900), (900, 3600), (3600, None)])
        self.assertEqual(ages["ages"][0]["count"], ages["total"])
        self.assertEqual(ages["max_age"], 3600)
        archive = next(e["id"] for e in self.ask(invar, "endpoints")["endpoints"] if e["kind"] == "archive")
        self.assertEqual(self.ask(invar, f"endpoints/{archive}/ages")["ages"], [])
        self.assertEqual([(e["took_p50"], e["took_p99"]) for e in self.ask(invar, "endpoints")["endpoints"]], [(None, None)] * 2)  # nobody answered
        self.ask(invar, "endpoints/none/ages", 404)

    def test_an_archive_is_replayed(self):
        server = self.server()
        invar = self.start_invar(server=server.address)
        until("the archive has files", lambda: len(list((invar.folder / "archive").glob("*.gz"))) >= 3)
        begun = self.post(invar, "replays", {"archive": "pyroscope.fsdump.archive", "to": "pyroscope.write.server"}, 201)
        done = until("it ends", lambda: (r := self.ask(invar, f"replays/{begun['id']}"))["state"] != "running" and r)
        self.assertEqual(done["state"], "done", done)
        self.assertGreaterEqual(done["sent"], 3)
        until("the server has them", lambda: len(server.state()["received"]) >= 3)
        self.post(invar, "replays", {"archive": "nowhere", "to": "pyroscope.write.server"}, 404)
        endpoints = self.ask(invar, "endpoints")["endpoints"]
        self.assertEqual({e["kind"] for e in endpoints}, {"server", "archive"})
        for endpoint in endpoints:
            self.assertLessEqual(0, endpoint["took_p50"])
            self.assertLessEqual(endpoint["took_p50"], endpoint["took_p99"])

    def test_configuration_without_secrets_and_the_rule_lab(self):
        invar = self.start_invar()
        files = self.ask(invar, "config/files")
        text = self.ask(invar, "config/files/0")["text"]
        self.assertNotIn("s3cret", text)
        self.assertIn('password = "(secret)"', text)
        self.assertEqual(files["files"][0]["lines"], len(text.splitlines()))
        tried = self.post(invar, "rules/try", {"component": "discovery.relabel.all", "rules": 'rule {\n action = "labeldrop"\n regex = "team"\n}'}, 200)
        self.assertEqual((tried["before"]["kept"], tried["after"]["kept"], tried["changed"]), (2, 3, 3))
        self.assertEqual(self.rule_lines(invar, 0), [(8, "keep", 3, 1, 0), (13, "replace", 2, 0, 2)])
        self.assertNotIn("kept_files", files)
        self.rewrite_badly(invar)
        diagnostics = self.ask(invar, "config/diagnostics")["diagnostics"]
        self.assertEqual(diagnostics[0]["line"], 2)
        self.assertNotIn("s3cret", invar.get("/api/v1/components/pyroscope.write.server")[2].decode())

    def rule_lines(self, invar, n):
        return [(r["line"], r["action"], r["seen"], r["dropped"], r["changed"]) for r in self.ask(invar, f"config/files/{n}/rules")["rules"]]

    def test_what_was_refused_and_what_keeps_running(self):
        invar = self.start_invar()
        loaded = self.ask(invar, "config/files")["loaded"]
        rules = self.rule_lines(invar, 0)
        for _ in range(2):
            self.rewrite_badly(invar)
            files = self.ask(invar, "config/files")
            self.assertEqual((files["applied"], files["kept_loaded"], [f["n"] for f in files["kept_files"]]), (False, loaded, [1]))
            self.assertIn("nonsense", self.ask(invar, "config/files/0")["text"])
            kept = self.ask(invar, "config/files/1")["text"]
            self.assertIn("discovery.relabel", kept)
            self.assertNotIn("s3cret", kept)
            self.assertEqual((self.rule_lines(invar, 0), self.rule_lines(invar, 1)), ([], rules))
        self.ask(invar, "config/files/2", 404)
        self.ask(invar, "config/files/2/rules", 404)
        invar.config.unlink()
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 400)
        files = self.ask(invar, "config/files")
        self.assertEqual((files["files"], len(files["kept_files"]), self.ask(invar, "config/diagnostics")["total"]), ([], 1, 0))
        self.assertEqual(self.ask(invar, "config/files/0")["text"], kept)

    def test_rules_for_profiles_are_counted_by_the_label_sets_that_came(self):
        port = free_port()
        invar = self.invar(RELAY.replace("pyroscope.fsdump.archive.receiver", "pyroscope.relabel.r.receiver") % port + RELABEL)
        for name in ("shop", "shop", "cart"):
            self.push(port, f"name={name}&format=folded", b"main;serve 12\n")
        self.assertEqual(self.rule_lines(invar, 0), [(14, "drop", 2, 1, 0), (19, "replace", 1, 0, 1)])
        self.assertEqual({r["of"] for r in self.ask(invar, "config/files/0/rules")["rules"]}, {"series"})

    def test_a_new_version_is_marked_in_the_chart(self):
        port = free_port()
        invar = self.invar(RELAY % port)
        for version in ("1.0", "1.0", "1.1"):
            self.push(port, f"name=shop%7Bversion%3D{version}%7D&format=folded&sampleRate=100", b"main;serve 12\nmain 1\n")
        marks = until("it is there", lambda: self.ask(invar, "profiles/timeline?type=process_cpu&from=-5m")["marks"])
        self.assertEqual([(m["service"], m["label"], m["before"], m["value"]) for m in marks], [("shop", "version", "1.0", "1.1")])

    def rewrite_badly(self, invar):
        invar.rewrite("\nnonsense \"x\" {}\n")
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 400)

    def test_below_a_prefix_with_a_password(self):
        config = 'http {\n  auth {\n    basic {\n      username = "u"\n      password = "p"\n    }\n  }\n}\n'
        invar = self.invar(config, "--server.http.ui-path-prefix=/invar")
        self.assertEqual(fetch(f"http://{invar.address}/invar/api/v1/verdict")[0], 401)
        word = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}
        self.assertEqual(self.ask(invar, "verdict", base="/invar/api/v1/", headers=word)["state"], "empty")


if __name__ == "__main__":
    unittest.main()
