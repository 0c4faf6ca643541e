"""Live debugging over the real binary: what passes through components, with real targets, a real server that also fails, inside a module too."""

import json
import unittest

from harness import Case, Stream, fetch, free_port

CONFIG = """
livedebugging { enabled = %(enabled)s }

discovery.file "f" {
  files            = ["%(folder)s/targets.json"]
  refresh_interval = "200ms"
}

declare "feature" {
  argument "targets" { }
  argument "to" { }
  pyroscope.scrape "s" {
    targets         = argument.targets.value
    scrape_interval = "1s"
    scrape_timeout  = "1s"
    forward_to      = argument.to.value
    profiling_config {
      profile.process_cpu { enabled = false }
      profile.memory { enabled = false }
      profile.block { enabled = false }
      profile.mutex { enabled = false }
      profile.goroutine { enabled = true }
    }
  }
}

feature "app" {
  targets = discovery.file.f.targets
  to      = [pyroscope.relabel.r.receiver]
}

pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = %(port)d
  }
  forward_to = [pyroscope.relabel.r.receiver]
}

pyroscope.relabel "r" {
  forward_to = [pyroscope.enrich.e.receiver]
  rule {
    source_labels = ["service_name"]
    regex         = "unwanted"
    action        = "drop"
  }
}

pyroscope.enrich "e" {
  targets              = [{"service_name" = "shop", "team" = "red"}]
  target_match_label   = "service_name"
  profiles_match_label = "service_name"
  forward_to           = [pyroscope.write.w.receiver, pyroscope.fsdump.d.receiver]
}

pyroscope.write "w" {
  endpoint {
    url = "http://%(server)s"
  }
}

pyroscope.fsdump "d" {
  target_directory = "%(folder)s/archive"
}
"""
SCRAPED = r'\{[^}]*service_name="shop"[^}]*\} type=goroutine size=[1-9][0-9]* '


class LiveDebugging(Case):
    def daemon(self, enabled="true"):
        self.server_peer = self.server()
        self.at = self.target().address
        self.files = self.folder()
        self.values = {"enabled": enabled, "folder": self.files, "port": free_port(), "server": self.server_peer.address}
        self.find("shop")
        return self.invar(CONFIG % self.values, "--stability.level=experimental")

    def find(self, service):
        (self.files / "targets.json").write_text(json.dumps([{"targets": [self.at], "labels": {"service_name": service}}]))

    def stream(self, invar, component, query=""):
        return self.start(Stream(invar, f"/api/v0/web/debug/{component}{query}"))

    def push(self, service):
        status, _, body = fetch(f"http://127.0.0.1:{self.values['port']}/ingest?name={service}&from=1&until=2&format=folded", method="POST",
                                data=b"main;work 3\n")
        self.assertEqual(status, 200, body)

    def test_each_component_shows_what_passes_where_to_and_how_it_ended(self):
        invar = self.daemon()
        url = f"http://{self.server_peer.address}"
        listening = {part: self.stream(invar, id) for part, id in (
            ("discovery", "discovery.file.f"), ("scrape", "feature.app/pyroscope.scrape.s"), ("receive", "pyroscope.receive_http.sdk"),
            ("relabel", "pyroscope.relabel.r"), ("enrich", "pyroscope.enrich.e"), ("write", "pyroscope.write.w"), ("dump", "pyroscope.fsdump.d"))}
        listening["scrape"].until(SCRAPED + r'destination="pyroscope\.relabel\.r" outcome="accepted"')
        listening["relabel"].until(SCRAPED + r'destination="pyroscope\.enrich\.e" outcome="accepted"')
        listening["enrich"].until(r'team="red"[^|]*destination="pyroscope\.write\.w, pyroscope\.fsdump\.d" outcome="accepted"')
        listening["write"].until(SCRAPED.replace("shop\"[^}]*", "shop\"[^}]*team=\"red\"[^}]*") + f'destination="{url}" outcome="queued"',
                                 f'destination="{url}" outcome="sent"')
        listening["dump"].until(f'destination="{self.files}/archive" outcome="stored"')
        self.push("unwanted")
        listening["receive"].until(r'service_name="unwanted"[^|]*destination="pyroscope\.relabel\.r" outcome="accepted"')
        listening["relabel"].until(r'service_name="unwanted"[^|]*destination="" outcome="dropped by a rule"')
        self.server_peer.mode("invalid")
        listening["write"].until(f'destination="{url}" outcome="refused: [^"]+"')
        self.find("other")
        listening["discovery"].until("targets has 1 targets now", f'"__address__"="{self.at}"[^|]*"service_name"="other"')
        self.assertNotIn("does not keep up", invar.log())
        self.assertEqual(invar.stop()[0], 0)

    def test_the_block_says_whether_it_is_there(self):
        invar = self.daemon(enabled="false")

        def refused(component):
            status, _, body = invar.get(f"/api/v0/web/debug/{component}")
            self.assertEqual(status, 500)
            return body.decode()

        self.assertIn("live debugging service is disabled", refused("pyroscope.write.w"))
        self.assertFalse(invar.details("pyroscope.write.w")["liveDebuggingEnabled"])

        def enable(word):
            self.values["enabled"] = word
            invar.rewrite(CONFIG % self.values)
            self.assertEqual(invar.get("/-/reload")[0], 200)

        enable("true")
        self.assertTrue(invar.details("pyroscope.write.w")["liveDebuggingEnabled"])
        self.assertFalse(invar.details("feature.app")["liveDebuggingEnabled"])
        self.assertEqual(refused("no.such"), "component not found\n")
        self.assertEqual(refused("feature.app"), 'the component "feature" does not support live debugging\n')
        self.assertEqual(invar.get("/api/v0/web/debug/pyroscope.write.w?sampleProb=2")[0], 400)
        stream = self.stream(invar, "feature.app/pyroscope.scrape.s")
        stream.until("outcome=\"accepted\"")
        enable("false")
        stream.until_end()
        self.assertIn("live debugging service is disabled", refused("pyroscope.write.w"))

    def test_the_web_app_needs_no_block_and_hears_the_same(self):
        invar = self.daemon(enabled="false")
        stream = self.start(Stream(invar, "/api/v1/live/feature.app/pyroscope.scrape.s"))
        line = stream.until(r'data: (\{.*"kind":"profile".*\})\n')
        item = json.loads(line[1])
        self.assertEqual((item["type"], item["destination"], item["outcome"]), ("goroutine", "pyroscope.relabel.r", "accepted"))
        self.assertEqual(item["labels"]["service_name"], "shop")
        self.assertGreater(item["bytes"], 0)


if __name__ == "__main__":
    unittest.main()
