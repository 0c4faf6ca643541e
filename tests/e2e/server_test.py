"""The HTTP side: endpoints, API, reload, authentication, TLS, metrics that promtool accepts."""

import base64
import gzip
import json
import pathlib
import re
import signal
import ssl
import subprocess
import time
import unittest
import urllib.request

from harness import OPENER, Case, fetch, pprofcheck, until

BASE = """
pyroscope.scrape "s" {
	targets         = [{"__address__" = "127.0.0.1:1", "service_name" = "a"}]
	forward_to      = [pyroscope.write.w.receiver]
	scrape_interval = "2s"
}

pyroscope.write "w" {
	endpoint {
		url = "http://127.0.0.1:1"

		basic_auth {
			username = "u"
			password = "hunter2"
		}
	}
}
"""


class Server(Case):
    def test_endpoints(self):
        invar = self.invar(BASE)
        self.assertEqual(invar.get("/-/healthy")[2], b"All Invar components are healthy.\n")
        self.assertEqual(invar.get("/-/ready")[2], b"Invar is ready.\n")
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[2], b"config reloaded\n")
        self.assertEqual(invar.get("/-/reload", method="DELETE")[0], 405)
        self.assertEqual(invar.get("/api/v0/component/pyroscope.write.w/x")[0], 404)
        self.assertEqual(invar.get("/api/v0/component/none/x")[0], 400)
        status, headers, body = invar.get("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"pyroscope.scrape.s", body)

    def test_methods_and_paths(self):
        invar = self.invar(BASE)
        # What does something asks for its method; HEAD and OPTIONS of a careful client must not set it off.
        for path in ("/-/reload", "/-/support"):
            for method in ("HEAD", "PUT", "OPTIONS"):
                self.assertEqual(invar.get(path, method=method)[0], 405, (method, path))
        self.assertNotIn("reload requested", invar.log())
        for path in ("/-/healthy", "/-/ready", "/metrics", "/", "/api/v0/web/components", "/api/v0/web/peers", "/debug/pprof/cmdline"):
            for method in ("HEAD", "POST", "PUT"):
                status, _, body = invar.get(path, method=method)
                self.assertEqual((status, not body), (200, method == "HEAD"), (method, path))
        # Links into the reference's UI show the page; what is no page is not found.
        for path in ("/graph", "/component/pyroscope.scrape.s", "/clustering", "/remotecfg"):
            status, headers, body = invar.get(path)
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"), path)
            self.assertIn(b"<title>Invar</title>", body)
        for path in ("/-/nothing", "/api/v0/web/nothing", "/api/v1/nothing", "/debug/pprof/trace", "/debug/nothing", "/favicon.ico"):
            self.assertEqual(invar.get(path)[0], 404, path)

    def test_long_answers_are_compressed_for_clients_that_take_it(self):
        invar = self.invar(BASE)
        for path in ("/metrics", "/api/v0/web/components", "/api/v0/web/components/pyroscope.scrape.s", "/"):
            plain = invar.get(path)
            packed = invar.get(path, headers={"Accept-Encoding": "gzip"})
            self.assertIsNone(plain[1]["Content-Encoding"])
            self.assertEqual((packed[1]["Content-Encoding"], packed[1]["Content-Type"]), ("gzip", plain[1]["Content-Type"]))
            self.assertEqual(gzip.decompress(packed[2])[:20], plain[2][:20])
            self.assertLess(len(packed[2]), len(plain[2]))

    def test_profiles_as_text_and_over_time(self):
        invar = self.invar(BASE)
        base = "/debug/pprof/"
        for query, begin in (("goroutine?debug=2", "goroutine profile: total "), ("heap?debug=1", "heap profile: "), ("mutex?debug=1", "--- contention:")):
            status, headers, body = invar.get(base + query)
            self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))
            self.assertTrue(body.decode().startswith(begin), body[:200])
        self.assertIn("invar::", invar.text(base + "goroutine?debug=1"))
        for wrong in ("heap?seconds=1&debug=1", "goroutine?seconds=1", "heap?seconds=0", "allocs?seconds=x", "profile?seconds=1.5"):
            self.assertEqual(invar.get(base + wrong)[0], 400, wrong)
        self.assertEqual(invar.get(base + "heap?debug=0")[2][:2], b"\x1f\x8b")
        started = time.monotonic()
        change = invar.get(base + "allocs?seconds=1")
        self.assertGreaterEqual(time.monotonic() - started, 1)
        (invar.folder / "change.pb.gz").write_bytes(change[2])
        (invar.folder / "whole.pb.gz").write_bytes(invar.get(base + "allocs")[2])
        whole, some = pprofcheck(invar.folder / "whole.pb.gz", invar.folder / "change.pb.gz")
        self.assertEqual(whole["types"], some["types"])
        self.assertLess(some["totals"][1], whole["totals"][1] / 2)

    def test_the_api_shows_components_without_secrets(self):
        invar = self.invar(BASE)
        status, headers, body = invar.get("/api/v0/web/components")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        by_id = {c["localID"]: c for c in json.loads(body)}
        scrape = by_id["pyroscope.scrape.s"]
        self.assertEqual((scrape["name"], scrape["label"], scrape["type"], scrape["moduleID"]), ("pyroscope.scrape", "s", "block", ""))
        self.assertEqual((scrape["referencesTo"], scrape["dataFlowEdgesTo"]), (["pyroscope.write.w"], ["pyroscope.write.w"]))
        self.assertEqual(by_id["pyroscope.write.w"]["referencedBy"], ["pyroscope.scrape.s"])
        self.assertEqual((scrape["health"]["state"], scrape["arguments"]), ("healthy", []))

        write = invar.details("pyroscope.write.w")
        self.assertIn({"type": "capsule", "value": 'capsule("pyroscope.Appendable")'}, [e["value"] for e in write["exports"]])
        text = json.dumps(write) + invar.text("/") + invar.text("/metrics") + invar.log()
        self.assertIn("(secret)", text)
        self.assertNotIn("hunter2", text)
        self.assertEqual(invar.get("/api/v0/web/components/none")[0], 404)
        self.assertEqual(invar.get("/api/v0/web/modules/none/components")[0], 500)
        self.assertEqual(json.loads(invar.text("/api/v0/web/peers"))[0]["isSelf"], True)
        self.assertEqual(json.loads(invar.text("/api/v0/web/remotecfg/components")), [])

    def test_metrics_pass_promtool(self):
        invar = self.invar(BASE)
        until("scrapes are counted", lambda: invar.metric("pyroscope_scrape_scrapes_total") > 0)
        text = invar.text("/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        # promtool's naming advice concerns names that the reference fixed long ago; anything else is an error.
        complaints = [l for l in (done.stdout + done.stderr).splitlines()
                      if l and not l.startswith(("pyroscope_fanout_latency", "pyroscope_write_latency"))]
        self.assertEqual(complaints, [])
        for name in ("invar_build_info", "process_cpu_seconds_total", "invar_component_controller_running_components", "invar_config_hash",
                     "invar_config_last_load_successful",
                     "process_virtual_memory_max_bytes", "process_open_fds"):
            self.assertIn("\n" + name, text)
        info = re.search(r"^invar_build_info\{(.*)\} 1$", text, re.M).group(1)
        self.assertLessEqual({"branch", "revision", "version", "goversion", "goos", "goarch", "tags"}, set(re.findall(r"(\w+)=", info)))

    def test_a_bad_reload_changes_nothing(self):
        invar = self.invar(BASE)
        for bad in ("pyroscope.scrape {{{", 'pyroscope.nope "x" { }\n' + BASE, BASE + BASE):
            invar.rewrite(bad)
            status, _, body = invar.get("/-/reload")
            self.assertEqual(status, 400, bad)
            self.assertTrue(body.startswith((b"reading config path", b"error during the initial load: ")), body)
            self.assertEqual(len(json.loads(invar.text("/api/v0/web/components"))), 2)
        self.assertIn("The last reload was refused", invar.text("/"))
        self.assertRegex(invar.log(), 'msg="failed to reload config" service=http err=')
        invar.config.unlink()
        self.assertEqual(invar.get("/-/reload")[0], 400)
        invar.rewrite(BASE.replace('"s"', '"t"'))
        invar.send(signal.SIGHUP)
        until("SIGHUP reloads", lambda: "pyroscope.scrape.t" in invar.text("/api/v0/web/components"))
        self.assertNotIn("The last reload was refused", invar.text("/"))

    def test_a_component_that_fails_on_reload_keeps_its_last_good_arguments(self):
        invar = self.invar(BASE)
        # The graph is right, one value is wrong: everything else of the new file is applied.
        invar.rewrite(BASE.replace('"2s"', '"-1s"') + 'discovery.relabel "new" {\n\ttargets = []\n}\n')
        status, _, body = invar.get("/-/reload")
        self.assertEqual(status, 400)
        self.assertIn(b"scrape_interval must be greater than 0", body)
        self.assertEqual(invar.details("pyroscope.scrape.s")["health"]["state"], "unhealthy")
        self.assertEqual(invar.get("/-/healthy")[2], b"unhealthy components: pyroscope.scrape\n")
        self.assertEqual(invar.details("discovery.relabel.new")["health"]["state"], "healthy")
        self.assertIn("The last reload was applied but for what is wrong in it", invar.text("/"))
        scraped = invar.metric("pyroscope_scrape_scrapes_total")
        until("it goes on as before", lambda: invar.metric("pyroscope_scrape_scrapes_total") > scraped)

    def test_basic_auth_with_a_filter(self):
        invar = self.invar(BASE + """
http {
	auth {
		basic {
			username = "admin"
			password = "s3cret"
		}

		filter {
			paths                       = ["/metrics"]
			authenticate_matching_paths = false
		}
	}
}
""")
        status, headers, body = invar.get("/-/ready")
        self.assertEqual((status, body, headers["WWW-Authenticate"]), (401, b"", 'Basic realm="Restricted"'))
        self.assertEqual(invar.get("/metrics")[0], 200)
        good = {"Authorization": "Basic " + base64.b64encode(b"admin:s3cret").decode()}
        self.assertEqual(invar.get("/-/ready", headers=good)[0], 200)
        self.assertNotIn("s3cret", invar.log())
        self.assertIn('level=info msg="failed to authenticate request" service=http path=/-/ready err=unauthorized', invar.log())

    def test_tls(self):
        folder = pathlib.Path(self.invar("").folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        invar = self.invar(BASE + f"""
http {{
	tls {{
		cert_file = "{folder}/cert.pem"
		key_file  = "{folder}/key.pem"
	}}
}}
""")
        self.assertIn("https://" + invar.address, invar.banner)
        context = ssl.create_default_context(cafile=folder / "cert.pem")
        self.assertEqual(fetch(f"https://{invar.address}/-/ready", context=context)[0], 200)
        status, _, body = fetch(f"http://{invar.address}/-/ready")
        self.assertEqual((status, body.strip()), (400, b"Client sent an HTTP request to an HTTPS server."))

    def test_ui_prefix(self):
        invar = self.invar(BASE, "--server.http.ui-path-prefix=/ui")
        self.assertIn("pyroscope.scrape.s", invar.text("/ui/"))
        self.assertIn("pyroscope.scrape.s", invar.text("/ui"))
        self.assertEqual(len(json.loads(invar.text("/ui/api/v0/web/components"))), 2)
        self.assertIn("<title>Invar</title>", invar.text("/ui/graph"))
        self.assertEqual(invar.get("/")[0], 404)
        self.assertEqual(invar.get("/nothing")[0], 404)

    def test_the_address_of_a_server_on_all_addresses_can_be_opened(self):
        invar = self.invar(BASE, "--server.http.listen-addr=0.0.0.0:0")
        self.assertIn("  status      http://localhost:", invar.banner)
        self.assertEqual(invar.get("/-/ready")[0], 200)

    def test_without_its_own_profiles(self):
        invar = self.invar(BASE, "--server.http.enable-pprof=false")
        self.assertEqual(invar.get("/debug/pprof/")[0], 404)
        self.assertNotIn("debug/pprof/\"", invar.text("/"))

    def test_logging_block(self):
        invar = self.invar(BASE + 'logging {\n\tlevel  = "debug"\n\tformat = "json"\n}\n')
        until("debug lines", lambda: "scraping profile" in invar.log())
        for line in invar.log().splitlines():
            self.assertIn("msg", json.loads(line))


if __name__ == "__main__":
    unittest.main()
