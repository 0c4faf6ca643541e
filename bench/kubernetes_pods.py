#!/usr/bin/env python3
"""Thousands of pods of three targets, eight relabel rules, pyroscope.scrape: how long until the first set is complete, what a pod takes
in memory, what a changed pod costs, when it is seen, and how long a task holds the event loop. As root, the loop's thread gets real-time
priority, so that other programs of the machine do not count as its tasks.

The API server is one of ours, which holds its answers ready: a real one would be what is measured. The references of the run are the
time in which a bare client reads the same list, and the same Invar with no pods. One pod in fifty passes the rules.

Usage: bench/kubernetes_pods.py [--pods 5000] [--seconds 20] [--rate 50]     Environment: INVAR (build/release/invar)
"""

import argparse
import http.server
import os
import pathlib
import queue
import re
import struct
import tempfile
import threading
import time
import urllib.parse

from load import OPENER, Invar

JOBS = "pyroscope_scrape_jobs"
LONGEST = "invar_loop_longest_task_seconds"  # since it was read last
RULES = "".join(f"""
  rule {{
    source_labels = ["__meta_kubernetes_pod_annotation_profiles_grafana_com_{name}"]
    target_label  = "{name}"
  }}""" for name in ("cpu_scrape", "cpu_port", "memory_scrape", "memory_port")) + """
  rule {
    source_labels = ["cpu_scrape"]
    regex         = "true"
    action        = "keep"
  }
  rule {
    source_labels = ["__meta_kubernetes_namespace"]
    target_label  = "namespace"
  }
  rule {
    source_labels = ["__meta_kubernetes_pod_name"]
    target_label  = "pod"
  }
  rule {
    source_labels = ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_container_name"]
    separator     = "/"
    target_label  = "service_name"
  }
"""
CONFIG = """
discovery.kubernetes "pods" {{
  role       = "pod"
  api_server = "{url}"
}}
discovery.relabel "chosen" {{
  targets = discovery.kubernetes.pods.targets
{rules}}}
pyroscope.scrape "pods" {{
  targets         = discovery.relabel.chosen.output
  forward_to      = []
  scrape_interval = "1h"
}}
"""


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """One field of Protobuf: a number, a text, or a message that is encoded already."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def envelope(kind, message):
    return b"k8s\0" + field(1, field(1, "v1") + field(2, kind)) + field(2, message)


def pod(i, version, generation=0, passes=None):
    """About 3 kB, as a pod of a deployment has it; of every field the part that Invar does not read is filler."""
    passes = i % 50 == 0 if passes is None else passes
    pairs = [("app", f"app-{i % 200}"), ("team", f"team-{i % 20}"), ("pod-template-hash", f"{i % 200:010x}"), ("generation", str(generation))]
    notes = [("profiles.grafana.com/cpu_scrape", "true" if passes else "false"), ("profiles.grafana.com/cpu_port", "6060"),
             ("filler", "x" * 1500)]
    meta = (field(1, f"app-{i % 200}-{i}") + field(3, f"space-{i % 30}") + field(5, f"uid-{i}") + field(6, str(version)) +
            b"".join(field(11, field(1, k) + field(2, v)) for k, v in pairs) +
            b"".join(field(12, field(1, k) + field(2, v)) for k, v in notes) +
            field(13, field(1, "ReplicaSet") + field(3, f"app-{i % 200}") + field(6, 1)))

    def port(name, number):
        return field(6, field(1, name) + field(3, number) + field(4, "TCP"))
    spec = (field(2, field(1, "app") + field(2, "registry/app:1") + port("http", 8080) + port("pprof", 6060)) +
            field(2, field(1, "side") + field(2, "registry/side:1") + port("metrics", 9090)) + field(10, f"node-{i % 100}") +
            field(15, "y" * 1000))
    status = (field(1, "Running") + field(2, field(1, "Ready") + field(2, "True")) + field(5, "192.168.0.1") +
              field(6, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"))
    return field(1, meta) + field(2, spec) + field(3, status)


class Api:
    """Lists in pages of 500, which are ready, and one watch at a time."""

    def __init__(self, pods):
        self.version = 1000
        self.pages = []
        for at in range(0, max(pods, 1), 500):
            more = str(at + 500) if at + 500 < pods else ""
            meta = field(2, str(self.version)) + (field(3, more) if more else b"")
            items = b"".join(field(2, pod(i, self.version)) for i in range(at, min(at + 500, pods)))
            self.pages.append(envelope("PodList", field(1, meta) + items))
        self.events = queue.Queue()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                self.send_response(200)
                self.send_header("Content-Type", "application/vnd.kubernetes.protobuf" + (";stream=watch" if "watch" in query else ""))
                if "watch" not in query:
                    page = api.pages[int(query.get("continue", ["0"])[0]) // 500]
                    self.send_header("Content-Length", str(len(page)))
                    self.end_headers()
                    self.wfile.write(page)
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while event := api.events.get():
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                    self.wfile.flush()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def change(self, i, generation, passes=None):
        self.version += 1
        event = field(1, "MODIFIED") + field(2, field(1, envelope("Pod", pod(i, self.version, generation, passes))))
        self.events.put(struct.pack(">I", len(event)) + event)

    def seconds_of_a_bare_client(self):
        began = time.monotonic()
        for at in range(len(self.pages)):
            OPENER.open(f"{self.url}/api/v1/pods?limit=500&continue={at * 500}").read()
        return time.monotonic() - began

    def stop(self):
        self.events.put(None)
        self.server.shutdown()


def peak_mib(invar):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{invar.process.pid}/status").read_text())[1]) / 1024


def seconds_until_seen(api, invar, rounds=10):
    """Of pods that pass the rules and then no more, one every two seconds: until the jobs of pyroscope.scrape are others."""
    jobs, seen = invar.metric(JOBS), []
    for n in range(rounds):
        time.sleep(2)
        began = time.monotonic()
        api.change(1, 1_000_000 + n, passes=n % 2 == 0)
        while (now := invar.metric(JOBS)) == jobs:
            assert time.monotonic() - began < 20, "the change is not seen"
        seen.append(time.monotonic() - began)
        jobs = now
    return sorted(seen)


def run(pods, seconds, rate):
    api = Api(pods)
    bare = api.seconds_of_a_bare_client() if pods else 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        invar = Invar(CONFIG.format(url=api.url, rules=RULES), folder)
        ready = time.monotonic()
        expected, longest = 5 * 3 * -(-pods // 50), 0
        try:
            os.sched_setscheduler(invar.process.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            print("without real-time priority: what other programs take counts too")
        while True:
            jobs, stall = invar.metrics(JOBS, LONGEST)
            longest = max(longest, stall)
            if jobs >= expected:
                break
            assert time.monotonic() - began < 60, "the first set is not complete"
            time.sleep(0.02)
        result = {"complete": time.monotonic() - ready, "cpu": invar.cpu_seconds(), "bare": bare}
        time.sleep(3)
        result["longest first"] = max(longest, invar.metric(LONGEST))
        result["rss"] = invar.rss_mib()
        idle = invar.cpu_seconds()
        time.sleep(5)
        result["idle"] = (invar.cpu_seconds() - idle) / 5
        if pods:
            invar.metric(LONGEST)
            before, began = invar.cpu_seconds(), time.monotonic()
            changes = int(seconds * rate)
            for n in range(changes):
                api.change(n * 7919 % pods, n + 1)
                time.sleep(max(0, began + (n + 1) / rate - time.monotonic()))
            took = time.monotonic() - began
            cores = (invar.cpu_seconds() - before) / took
            result |= {"cores": cores, "change": (cores - result["idle"]) * took / changes, "rss after": invar.rss_mib(),
                       "longest": invar.metric(LONGEST), "seen": seconds_until_seen(api, invar)}
        result["peak"] = peak_mib(invar)
        invar.stop()
    api.stop()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=50)
    options = parser.parse_args()
    none = run(0, 0, 0)
    full = run(options.pods, options.seconds, options.rate)
    print(f"{options.pods} pods: complete {full['complete']:.2f} s after the start, where a bare client reads the list in {full['bare']:.2f} s"
          f" ({full['complete'] / full['bare']:.2f} ×); CPU until then {full['cpu'] - none['cpu']:.2f} s more than without pods")
    print(f"memory {full['rss']:.0f} MiB, without pods {none['rss']:.0f}: {(full['rss'] - none['rss']) * 1024 / options.pods:.1f} KiB a pod;"
          f" peak {full['peak']:.0f} MiB ({full['peak'] / full['rss']:.2f} ×)")
    print(f"{options.rate:g} changes a second: {full['cores']:.3f} cores, at rest {full['idle']:.3f}; {full['change'] * 1000:.2f} ms a change;"
          f" memory then {full['rss after']:.0f} MiB")
    seen = full["seen"]
    print(f"a lone change is seen after {seen[len(seen) // 2] * 1000:.0f} ms (the slowest of {len(seen)}: {seen[-1] * 1000:.0f}), the asking"
          f" included; longest task on the loop {full['longest first'] * 1000:.0f} ms at the first set, {full['longest'] * 1000:.0f} under"
          " changes")


if __name__ == "__main__":
    main()
