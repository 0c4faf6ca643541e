#!/usr/bin/env python3
"""The relay against a bare Beast server that only reads the same bodies, in turns; and what 1,000 idle connections take.

Usage: bench/relay.py [--seconds 2] [--rounds 4] [--connections 16]
Environment: INVAR (build/release/invar), RELAY_PEER (build/bench/relay_peer).
"""

import argparse
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from load import ROOT, Invar, program

CONFIG = """
pyroscope.receive_http "sdk" {{
	http {{
		listen_address = "127.0.0.1"
		listen_port    = {port}
	}}
	forward_to = [pyroscope.write.nowhere.receiver]
}}

pyroscope.write "nowhere" {{ }}
"""
PUSH = ("/push.v1.PusherService/Push", "application/proto")
INGEST = ("/ingest?name=app%7Bregion%3Deu%7D&from=1&until=2&spyName=gospy&sampleRate=100", "multipart/form-data;boundary=b")


def field(number, data):
    size, out = len(data), bytearray([number << 3 | 2])
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(out) + bytes([size]) + data


def push_body(profile):
    labels = {"__name__": "process_cpu", "service_name": "shop/cart", "region": "eu", "pod": "cart-6f9d8c7b5-x2x9v"}
    pairs = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items()))
    return field(1, pairs + field(2, field(1, profile)))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bare:
    def __init__(self):
        self.process = subprocess.Popen([program("RELAY_PEER", "build/bench/relay_peer"), "serve"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    cpu_seconds = Invar.cpu_seconds

    def stop(self):
        self.process.kill()
        self.process.wait()


def load(port, route, body, connections, seconds):
    done = subprocess.run([program("RELAY_PEER", "build/bench/relay_peer"), "load", str(port), *route, str(connections), str(seconds)],
                          input=body, capture_output=True, check=True)
    answered, took = done.stdout.split()
    return int(answered), float(took)


def memory_kib(invar):
    return int(re.search(r"Pss_Anon:\s+(\d+)", pathlib.Path(f"/proc/{invar.process.pid}/smaps_rollup").read_text())[1])


def compare(name, servers, route, body, options):
    """Requests per second and per second of the server's CPU, ours over the bare server's, in interleaved rounds."""
    totals = {key: [0, 0.0, 0.0] for key in servers}
    for _ in range(options.rounds):
        for key, (server, port) in servers.items():
            cpu = server.cpu_seconds()
            answered, took = load(port, route, body, options.connections, options.seconds)
            totals[key][0] += answered
            totals[key][1] += took
            totals[key][2] += server.cpu_seconds() - cpu
    rate = {key: n / took for key, (n, took, _) in totals.items()}
    cost = {key: cpu * 1e6 / n for key, (n, _, cpu) in totals.items()}
    print(f"{name}, {len(body)} bytes: invar {rate['invar']:.0f} requests/s ({cost['invar']:.1f} us CPU), "
          f"bare {rate['bare']:.0f} ({cost['bare']:.1f} us): {100 * rate['invar'] / rate['bare']:.0f} % of the rate, "
          f"{100 * cost['bare'] / cost['invar']:.0f} % of the requests per CPU second")


def idle(invar, port, count, body):
    before = memory_kib(invar)
    held = subprocess.Popen([program("RELAY_PEER", "build/bench/relay_peer"), "hold", str(port), *INGEST, str(count)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    held.stdin.write(body + b"\0")
    held.stdin.flush()
    held.stdout.readline()
    at_once = memory_kib(invar) - before
    time.sleep(15)  # the allocator gives freed pages back by and by
    print(f"{count} connections, idle after one request of {len(body)} bytes: {at_once / count:.1f} KiB each, "
          f"{(memory_kib(invar) - before) / count:.1f} KiB after 15 s")
    held.stdin.close()
    held.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    small = (ROOT / "testdata/profiles/prom-cpu-2.pb.gz").read_bytes()
    large = (ROOT / "testdata/profiles/go100k-heap-1.pb.gz").read_bytes()
    bare = Bare()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        invar = Invar(CONFIG.format(port=port), folder)
        try:
            # Memory first, in a process that has not grown under load.
            idle(invar, port, 1000, b"main;work 1\n" * 1500)
            servers = {"invar": (invar, port), "bare": (bare, bare.port)}
            compare("Push", servers, PUSH, push_body(small), options)
            compare("Push", servers, PUSH, push_body(large), options)
            compare("/ingest", servers, INGEST, small, options)
        finally:
            invar.stop()
            bare.stop()


if __name__ == "__main__":
    main()
