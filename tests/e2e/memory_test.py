"""What is kept after a large profile: nothing that lives with a thread stays as large as the largest profile that it ever saw."""

import base64
import gzip
import json
import pathlib
import time
import unittest
import urllib.parse

from harness import SOURCE, Case, HandlerServer, fetch, free_port, until

STACKS = 150_000
TEXT = 24 << 20  # of names besides
RECORDING = 200  # chunks
PUSHED = urllib.parse.quote('service_name="pushed"')
# What the allocator and the bookkeeping of so many profiles may add to what was there before the large ones, and to the recent profiles,
# which are meant to be kept.
SLACK = 24 << 20

CONFIG = """
pyroscope.receive_http "in" {{
	http {{
		listen_address = "127.0.0.1"
		listen_port    = {port}
	}}
	forward_to = [pyroscope.relabel.all.receiver, pyroscope.fsdump.archive.receiver]
}}

pyroscope.scrape "pull" {{
	targets         = [{{"__address__" = "{target}", "service_name" = "pulled"}}]
	forward_to      = [pyroscope.relabel.all.receiver]
	scrape_interval = "2s"

	profiling_config {{
		profile.process_cpu {{ enabled = false }}
		profile.goroutine   {{ enabled = false }}
		profile.block       {{ enabled = false }}
		profile.mutex       {{ enabled = false }}
	}}
}}

pyroscope.relabel "all" {{
	forward_to = [pyroscope.write.out.receiver]

	rule {{
		source_labels = ["service_name"]
		target_label  = "team"
	}}
}}

pyroscope.fsdump "archive" {{
	target_directory = "{folder}"
}}

pyroscope.write "out" {{
	endpoint {{
		url = "http://{server}"
	}}
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


def profile(stacks, text, value):
    """One sample, location, function and name each; the names share `text` bytes."""
    kinds = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")]
    strings = [""] + [word for kind in kinds for word in kind]
    out = [field(1, field(1, 2 * i + 1) + field(2, 2 * i + 2)) for i in range(len(kinds))]
    for i in range(1, stacks + 1):
        out.append(field(2, field(1, varint(i)) + field(2, varint(value) * len(kinds))))
        out.append(field(4, field(1, i) + field(4, field(1, i) + field(2, 1))))
        out.append(field(5, field(1, i) + field(2, len(strings) + i - 1)))
    strings += [f"f{i}." + "x" * (text // stacks) for i in range(1, stacks + 1)]
    out += [field(6, s.encode()) for s in strings]
    return gzip.compress(b"".join(out) + field(9, time.time_ns()), 1)


def recording(chunks):
    """A recording of a JVM as long as wanted: its parts may follow each other."""
    return gzip.decompress((SOURCE / "testdata/jfr/async-profiler-4.5-wall.jfr.gz").read_bytes()) * chunks


class Memory(Case):
    def resident(self):
        status = pathlib.Path(f"/proc/{self.invar_under_test.process.pid}/status").read_text()
        return int(status.split("RssAnon:")[1].split()[0]) * 1024

    def push(self, body):
        message = {"series": [{"labels": [{"name": "__name__", "value": "memory"}, {"name": "service_name", "value": "pushed"}],
                               "samples": [{"rawProfile": base64.b64encode(body).decode()}]}]}
        status, _, answer = fetch(f"http://127.0.0.1:{self.port}/push.v1.PusherService/Push", method="POST",
                                  headers={"Content-Type": "application/json"}, data=json.dumps(message).encode())
        self.assertEqual(status, 200, answer)

    def ingest(self, body, kind="pprof"):
        status, _, answer = fetch(f"http://127.0.0.1:{self.port}/ingest?name=ingested&format={kind}", method="POST", data=body)
        self.assertEqual(status, 200, answer)

    def test_large_profiles_on_every_path_leave_no_large_buffers(self):
        small, large = profile(10, 1000, 5), profile(STACKS, TEXT, 7)
        served, large_scrapes = [small], []

        def answer(handler):
            body = served[0]
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            if body is large:
                large_scrapes.append(handler.path)

        def take(handler):
            handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")

        target, server = self.start(HandlerServer(answer)), self.start(HandlerServer(take))
        self.port = free_port()
        archive = self.folder() / "archive"
        self.invar_under_test = invar = self.invar(
            CONFIG.format(port=self.port, target=target.address, server=server.address, folder=archive))

        def push_and_ingest(body, times):
            for _ in range(times):
                self.push(body)
                self.ingest(body)

        def gone_every_way(pushed):
            sent = invar.metric("pyroscope_ledger_sent_total", component_id="pyroscope.write.out")
            return (invar.metric("pyroscope_ledger_queued") == 0 and sent > pushed and
                    invar.metric("pyroscope_fsdump_profiles_written_total") == pushed)

        def view(times):
            for _ in range(times):
                for source in "memory", "pyroscope.fsdump.archive":
                    for question in "tree?", "top?", "export?format=pprof&", "export?format=folded&":
                        # The recordings have a memory of another kind.
                        path = f"/api/v1/profiles/{question}type=memory&source={source}&q={PUSHED}"
                        answer = invar.get(path)
                        self.assertEqual(answer[0], 200, (path, answer[-1]))

        def view_recordings(times):
            for _ in range(times):
                self.assertEqual(invar.get("/api/v1/profiles/tree?type=process_cpu&source=pyroscope.fsdump.archive")[0], 200)

        push_and_ingest(small, 3)
        self.ingest(recording(1), "jfr")
        until("small profiles have gone every way", lambda: gone_every_way(7))
        view(1)
        view_recordings(1)
        before = self.resident()

        # As many as there are threads, and more, so that each has had a large one.
        push_and_ingest(large, 4)
        served[0] = large
        until("the large profile was scraped", lambda: len(large_scrapes) >= 2, 60)
        served[0] = small
        self.ingest(recording(RECORDING), "jfr")
        until("the large profiles have gone every way", lambda: gone_every_way(16), 60)
        view(2)
        view_recordings(2)
        self.assertEqual(invar.metric("pyroscope_ledger_dropped_total") + invar.metric("pyroscope_ledger_refused_total"), 0)
        recent = json.loads(invar.text("/api/v1/series"))["kept_bytes"]
        until(f"memory is back near {before >> 20} MiB and {recent >> 20} MiB of recent profiles, from {self.resident() >> 20} MiB",
              lambda: self.resident() < before + recent + SLACK, 60)


if __name__ == "__main__":
    unittest.main()
