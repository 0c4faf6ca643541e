#!/usr/bin/env python3
"""CPU of the main job against a bare libcurl loop that moves the same bytes, and Invar's memory; all over loopback, in one run.

Usage: bench/pass_through.py [--targets 100] [--interval 1] [--seconds 30] [--profile FILE]
Environment: INVAR (build/release/invar), BARE (build/bench/bare_loop), LOADSERVER (build/release/interop/loadserver).
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def program(variable, default):
    return os.environ.get(variable, str(ROOT / default))


def start_load(arguments):
    process = subprocess.Popen([program("LOADSERVER", "build/release/interop/loadserver"), *arguments], stdout=subprocess.PIPE, text=True)
    targets, sink = [], None
    for line in process.stdout:
        word, *rest = line.split()
        if word == "target":
            targets.append(rest[0])
        elif word == "sink":
            sink = rest[0]
        else:
            return process, targets, sink


def taken(sink):
    return [int(x) for x in OPENER.open(f"http://{sink}/count").read().split()]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def start_invar(config, folder):
    path = pathlib.Path(folder) / "c.alloy"
    path.write_text(config)
    invar = subprocess.Popen([program("INVAR", "build/release/invar"), "run", "--server.http.listen-addr=127.0.0.1:0",
                              f"--storage.path={folder}/storage", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in invar.stdout:
        if line.strip().startswith("stop"):
            return invar
    raise SystemExit("invar did not start")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=100)
    parser.add_argument("--interval", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--profile", default=str(ROOT / "testdata/profiles/go100k-goroutine-3.pb.gz"))
    options = parser.parse_args()

    load, targets, sink = start_load([f"-targets={options.targets}", f"-file={options.profile}"])
    size = os.path.getsize(options.profile)
    try:
        with tempfile.TemporaryDirectory() as folder:
            listed = "\n".join(f'\t\t{{"__address__" = "{t}", "__name__" = "goroutine"}},' for t in targets)
            invar = start_invar(f"""
pyroscope.scrape "s" {{
	targets = [
{listed}
	]
	forward_to      = [pyroscope.write.w.receiver]
	scrape_interval = "{options.interval}s"
}}

pyroscope.write "w" {{
	endpoint {{
		url = "http://{sink}"
	}}
}}
""", folder)
            idle = rss_mib(invar.pid)
            time.sleep(max(3, options.interval + 1))
            cpu, count = cpu_seconds(invar.pid), taken(sink)[0]
            time.sleep(options.seconds)
            cpu, count = cpu_seconds(invar.pid) - cpu, taken(sink)[0] - count
            rss = rss_mib(invar.pid)
            invar.send_signal(signal.SIGINT)
            invar.wait()
        expected = options.targets * options.seconds / options.interval
        bare = float(subprocess.run([program("BARE", "build/bench/bare_loop"), sink, "/x", str(max(2000, int(expected))), *targets],
                                    capture_output=True, text=True, check=True).stdout)
    finally:
        load.kill()
        load.wait()
    ours = cpu * 1e6 / count
    print(f"pass-through of {size} bytes, {options.targets} targets every {options.interval} s: {count} of {expected:.0f} profiles")
    print(f"  invar     {ours:7.1f} us CPU per profile, RSS {rss:.1f} MiB ({idle:.1f} MiB at start)")
    print(f"  bare loop {bare:7.1f} us CPU per GET + POST")
    print(f"  ratio     {ours / bare:7.2f}")


if __name__ == "__main__":
    main()
