#!/usr/bin/env python3
"""What a node costs that has nothing to do but to be in a cluster: as many real processes as nodes, on loopback, and the CPU time that each
uses over some time. Environment: INVAR (build/release/invar).

Usage: bench/cluster_idle.py [--nodes 100] [--seconds 60]
"""

import argparse
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from load import OPENER, Agent, program

INVAR = program("INVAR", "build/release/invar")
FIRST_PORT = 28000


def peers(port):
    try:
        with OPENER.open(f"http://127.0.0.1:{port}/api/v0/web/peers", timeout=5) as answer:
            return sum(p["state"] == "participant" for p in json.loads(answer.read()))
    except OSError:
        return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is stopped
    ports = range(FIRST_PORT, FIRST_PORT + options.nodes)
    processes = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.alloy").write_text("")
        try:
            for n, port in enumerate(ports):
                processes.append(subprocess.Popen(
                    [INVAR, "run", f"--server.http.listen-addr=127.0.0.1:{port}", f"--storage.path={folder}/{n}", "--cluster.enabled",
                     f"--cluster.node-name=node-{n}", "--cluster.advertise-address=127.0.0.1",
                     f"--cluster.join-addresses=127.0.0.1:{ports[0]},127.0.0.1:{ports[n // 2]}", str(folder / "config.alloy")],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                time.sleep(0.1)
            deadline = time.monotonic() + 180
            while any(peers(port) != options.nodes for port in (ports[0], ports[-1], ports[options.nodes // 2])):
                if time.monotonic() > deadline:
                    raise SystemExit("they do not all meet")
                time.sleep(1)
            time.sleep(20)  # the news of the start are told
            nodes = [Agent(process, None) for process in processes]
            before, began = [node.cpu_seconds() for node in nodes], time.monotonic()
            time.sleep(options.seconds)
            took = time.monotonic() - began
            shares = [(node.cpu_seconds() - b) / took for node, b in zip(nodes, before)]
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()
    print(f"{options.nodes} idle nodes, {took:.0f} s: {statistics.mean(shares):.3%} of a core each, the most {max(shares):.3%}")


if __name__ == "__main__":
    main()
