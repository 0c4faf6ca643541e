"""The support bundle: what is in it, what must not be in it, and who may have it."""

import gzip
import io
import json
import os
import pathlib
import socket
import threading
import time
import unittest
import zipfile
from unittest import mock

from harness import Case, pprofcheck, until

SECRETS = ["hunter2", "bearer-s3", "header-s3", "proxypass", "urlpass", "adminpass", "oauth-s3", "typo-s3", "comment-s3", "envpass"]

CONFIG = """
pyroscope.scrape "s" {
	targets         = [{"__address__" = "127.0.0.1:1", "service_name" = "a"}]
	forward_to      = [pyroscope.write.w.receiver]
	scrape_interval = "2s"
	bearer_token    = "bearer-" + "s3" // not one literal
	// password = "comment-s3"
}

discovery.http "d" {
	url       = "http://user:urlpass@127.0.0.1:1/targets"
	proxy_url = "http://user:proxypass@127.0.0.1:1"

	oauth2 {
		client_id     = "id"
		client_secret = "oauth-s3"
		token_url     = "http://127.0.0.1:1/token"
	}
}

pyroscope.write "w" {
	endpoint {
		url          = "http://127.0.0.1:1"
		http_headers = {"X-Key" = ["header-s3", "header-s3-2"]}

		basic_auth {
			username = "u"
			password = "hunter2"
		}
	}
}

http {
	auth {
		basic {
			username = "admin"
			password = "adminpass"
		}

		filter {
			paths                       = ["/"]
			authenticate_matching_paths = false
		}
	}
}
"""

ENTRIES = {
    "invar-metadata.yaml", "invar-components.json", "invar-peers.json", "invar-metrics-sample-start.txt", "invar-metrics-sample-end.txt",
    "invar-runtime-flags.txt", "invar-environment.txt", "invar-logs.txt", "pprof/cpu.pprof", "pprof/heap.pprof", "pprof/goroutine.pprof",
    "sources/config.alloy",
}


class Support(Case):
    def bundle(self, invar, duration=1):
        status, headers, body = invar.get(f"/-/support?duration={duration}")
        self.assertEqual(status, 200, body[:300])
        self.assertEqual(headers["Content-Type"], "application/zip")
        self.assertEqual(headers["Content-Disposition"], 'attachment; filename="invar-support-bundle.zip"')
        archive = zipfile.ZipFile(io.BytesIO(body))
        self.assertIsNone(archive.testzip())
        prefix = "invar-support-bundle/"
        for name in archive.namelist():
            self.assertTrue(name.startswith(prefix), name)
        return {name.removeprefix(prefix): archive.read(name) for name in archive.namelist()}

    def test_everything_is_in_it_but_the_secrets(self):
        with mock.patch.dict(os.environ, {"HTTPS_PROXY": "user:envpass@127.0.0.1:1", "GOGC": "50"}):
            invar = self.invar(CONFIG, "--stability.level=generally-available", "--disable-reporting")
        started = time.monotonic()
        files = self.bundle(invar, duration=3)
        self.assertGreaterEqual(time.monotonic() - started, 3)
        self.assertEqual(set(files), ENTRIES)
        for name, content in files.items():
            plain = gzip.decompress(content) if name.startswith("pprof/") else content
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), plain, name)

        metadata = dict(line.split(": ") for line in files["invar-metadata.yaml"].decode().splitlines())
        self.assertEqual(list(metadata), ["build_version", "os", "architecture", "uptime"])
        self.assertTrue(metadata["build_version"].startswith("v"))
        self.assertEqual(metadata["os"], "linux")
        self.assertGreater(int(metadata["uptime"]), 0)
        names = {c["localID"] for c in json.loads(files["invar-components.json"])}
        self.assertEqual(names, {"pyroscope.scrape.s", "discovery.http.d", "pyroscope.write.w"})
        self.assertTrue(json.loads(files["invar-peers.json"])[0]["isSelf"])
        for name in ("start", "end"):
            self.assertIn(b"\nprocess_cpu_seconds_total", files[f"invar-metrics-sample-{name}.txt"])
        self.assertNotEqual(files["invar-metrics-sample-start.txt"], files["invar-metrics-sample-end.txt"])
        flags = files["invar-runtime-flags.txt"].decode().splitlines()
        for flag in ("server.http.listen-addr=127.0.0.1:0", f"storage.path={invar.folder}/storage", "server.http.enable-pprof=true",
                     "server.http.disable-support-bundle=false", "disable-reporting=true", "stability.level=generally-available",
                     "config.format=alloy", "config.extra-args=", "feature.component-shutdown-deadline=10m"):
            self.assertIn(flag, flags)
        environment = files["invar-environment.txt"].decode().splitlines()
        self.assertIn("GOGC=50", environment)
        self.assertIn("HTTPS_PROXY=user:xxxxx@127.0.0.1:1", environment)
        self.assertIn("component_id=pyroscope.scrape.s", files["invar-logs.txt"].decode())

        source = files["sources/config.alloy"].decode()
        for line in ('bearer_token    = "(secret)" + "(secret)" // not one literal', '// password = "(secret)"',
                     'url       = "http://user:xxxxx@127.0.0.1:1/targets"', 'proxy_url = "http://user:xxxxx@127.0.0.1:1"',
                     'http_headers = {"X-Key" = ["(secret)", "(secret)"]}', 'username = "u"', 'client_secret = "(secret)"',
                     'targets         = [{"__address__" = "127.0.0.1:1", "service_name" = "a"}]'):
            self.assertIn(line, source)
        self.assertEqual(source.count('password = "(secret)"'), 3)

        for name in ("cpu", "heap", "goroutine"):
            path = pathlib.Path(invar.folder) / f"{name}.pprof"
            path.write_bytes(files[f"pprof/{name}.pprof"])
            pprofcheck(path)

    def test_sources_are_those_that_parsed_last(self):
        invar = self.invar(CONFIG)
        # Parses, and is refused: nothing describes the first component, and so all of it is hidden.
        invar.rewrite('pyroscope.nope "n" {\n\ttokn = "typo-s3"\n}\n')
        self.assertEqual(invar.get("/-/reload")[0], 400)
        self.assertEqual(self.bundle(invar)["sources/config.alloy"], b'pyroscope.nope "n" {\n\ttokn = "(secret)"\n}\n')
        invar.rewrite('pyroscope.write "w" { password = "hunter2"')
        self.assertEqual(invar.get("/-/reload")[0], 400)
        self.assertEqual(self.bundle(invar)["sources/config.alloy"], b'pyroscope.nope "n" {\n\ttokn = "(secret)"\n}\n')

    def test_refusals(self):
        invar = self.invar("")
        for query, error in (("x", 'should be a positive integer: "x" is not one'), ("0", "should be larger than 1")):
            status, _, body = invar.get(f"/-/support?duration={query}")
            self.assertEqual((status, body.decode()), (400, f"duration value (in seconds) {error}\n"))
        status, _, body = invar.get("/-/support?duration=31")
        self.assertEqual((status, body), (400, b"duration value exceeds the server's write timeout\n"))
        self.assertEqual(invar.get("/-/support", method="POST", data=b"")[0], 405)

        disabled = self.invar("", "--server.http.disable-support-bundle")
        status, _, body = disabled.get("/-/support?duration=1")
        self.assertEqual(status, 403)
        self.assertIn(b"--server.http.disable-support-bundle", body)

    def test_others_wait_and_the_server_goes_on(self):
        invar = self.invar("")
        done = []
        threads = [threading.Thread(target=lambda: done.append((self.bundle(invar), time.monotonic()))) for _ in range(2)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        self.assertEqual(invar.get("/-/ready")[0], 200)
        self.assertLess(time.monotonic() - started, 1)
        for thread in threads:
            thread.join()
        self.assertEqual(len(done), 2)
        self.assertGreaterEqual(done[1][1] - started, 2)

    def test_a_client_that_hangs_up_ends_it(self):
        invar = self.invar("")
        host, port = invar.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as client:
            client.sendall(f"GET /-/support HTTP/1.1\r\nHost: {invar.address}\r\n\r\n".encode())
            # Until the CPU profiler is taken.
            until("the bundle is under way", lambda: invar.get("/debug/pprof/profile?seconds=1")[0] == 500)
        started = time.monotonic()
        self.bundle(invar)
        self.assertLess(time.monotonic() - started, 15)


if __name__ == "__main__":
    unittest.main()
