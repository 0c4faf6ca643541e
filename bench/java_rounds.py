#!/usr/bin/env python3
"""Many JVMs profiled in short rounds for long: what a round costs, what it adds to the JVM's pauses, and whether anything grows.

--jvms JVMs run the program of the end-to-end test, the first of them busy; --rounds rounds of --interval seconds are recorded in each.
Then: CPU time of Invar for a round of one JVM; the safepoints of the JVMs against those of one that is not profiled; memory, open files
and threads after a tenth of the rounds and at the end. Needs root, and a JDK 11 or later. Environment: INVAR (build/release/invar).
Exit status 1 when a round costs more than --most milliseconds, or something grew.

Usage: bench/java_rounds.py [--jvms 20] [--rounds 20] [--interval 1] [--most 20]      a leak: --jvms 1 --rounds 500
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from load import OPENER, ROOT, Invar

CONFIG = """
pyroscope.java "j" {{
	targets    = [
{targets}	]
	forward_to = [pyroscope.fsdump.d.receiver]

	profiling_config {{
		interval = "{interval}s"
	}}
}}

pyroscope.fsdump "d" {{
	target_directory = "{folder}/archive"
	max_size_bytes   = 67108864
}}
"""
ROUNDS = "pyroscope_java_rounds_total"


def start_jvm(classes, log):
    jvm = subprocess.Popen(["java", "-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Xlog:safepoint:file={log}:none", "-cp",
                            classes, "Load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert jvm.stdout.readline() == "ready\n"
    return jvm


def pauses(log):
    """(number, sum, longest) of a JVM's safepoints in milliseconds."""
    all_of_it = [int(total) / 1e6 for total in re.findall(r"Total: +(\d+) ns", pathlib.Path(log).read_text())]
    return len(all_of_it), sum(all_of_it), max(all_of_it, default=0)


def lost_rounds(invar):
    text = OPENER.open(f"http://{invar.address}/metrics").read().decode()
    return sum(float(value) for labels, value in re.findall(rf"^{ROUNDS}{{(.*)}} (\S+)$", text, re.M) if '"success"' not in labels)


class Size:
    """What must not grow."""

    def __init__(self, invar):
        status = pathlib.Path(f"/proc/{invar.process.pid}/status").read_text()
        self.mib = invar.rss_mib()
        self.threads = int(re.search(r"Threads:\s+(\d+)", status)[1])
        self.files = len(os.listdir(f"/proc/{invar.process.pid}/fd"))

    def __str__(self):
        return f"{self.mib:.1f} MiB, {self.threads} threads, {self.files} open files"

    def grew_from(self, earlier, jvms):
        """A round under way has a few files open."""
        return self.mib > 1.1 * earlier.mib + 4 or self.threads > earlier.threads or self.files > earlier.files + 2 * jvms


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jvms", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--interval", type=int, default=1)
    parser.add_argument("--most", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["javac", "--release", "11", "-d", folder, str(ROOT / "tests/e2e/java/Load.java")], check=True)
        jvms = [start_jvm(folder, f"{folder}/safepoints-{i}") for i in range(options.jvms + 1)]
        alone, profiled = jvms[0], jvms[1:]
        for jvm in (alone, profiled[0]):
            jvm.stdin.write("go\n")
            jvm.stdin.flush()
        targets = "".join(f'\t\t{{"__process_pid__" = "{jvm.pid}"}},\n' for jvm in profiled)
        invar = Invar(CONFIG.format(targets=targets, interval=options.interval, folder=folder), folder)

        def wait_for(rounds):
            deadline = time.monotonic() + 30 + 3 * options.rounds * options.interval
            while invar.metric(ROUNDS) < rounds * options.jvms:
                assert time.monotonic() < deadline, "the rounds do not come"
                time.sleep(0.2)
            return invar.cpu_seconds(), invar.metric(ROUNDS), Size(invar)

        cpu, rounds, early = wait_for(max(2, options.rounds // 10))
        cpu_then, rounds_then, late = wait_for(options.rounds)
        cost = 1000 * (cpu_then - cpu) / (rounds_then - rounds)
        lost = lost_rounds(invar)
        print(f"{cost:.1f} ms of CPU for a round of one JVM; {lost:.0f} of {rounds_then:.0f} rounds lost")
        for name, index in (("not profiled, busy", 0), ("profiled, busy", 1), ("profiled, idle", min(2, options.jvms))):
            number, total, longest = pauses(f"{folder}/safepoints-{index}")
            print(f"safepoints, {name}: {number}, {total:.1f} ms in all, the longest {longest:.2f} ms")
        print(f"early: {early}\nlate:  {late}")
        invar.stop()
        for jvm in jvms:
            jvm.kill()
            jvm.wait()
        sys.exit(1 if cost > options.most or late.grew_from(early, options.jvms) or lost else 0)


if __name__ == "__main__":
    main()
