#!/usr/bin/env python3
"""What pyroscope.ebpf costs: time in the kernel and in user space per sample, memory over a daemon that has nothing to do.

Two busy programs of about 15 frames and --processes idle-ish ones are profiled with targets_only = false. Needs the privileges of the
component and of /proc/sys/kernel/bpf_stats_enabled, which is put back.

With --own they alone are profiled, for a machine that has other work; what the engine then sees of the others is that it leaves them
alone. First the time that loading the programs takes: `invar ebpf probe` does it twice, in a process of its own.

Usage: bench/ebpf.py [--rate 97] [--seconds 30] [--processes 0] [--own]
"""

import argparse
import os
import pathlib
import resource
import subprocess
import tempfile
import time

from load import OPENER, Invar
from load import program as program_of

STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
PROGRAM = """
#include <poll.h>
#include <stdlib.h>
static volatile unsigned long sum;
__attribute__((noinline)) void work(int n) { for (int i = 0; i < n; ++i) sum += i * sum; }
__attribute__((noinline)) int deep(int n, int idle) {
  if (n == 0) for (;;) { work(100000); if (idle) poll(0, 0, 200); }
  int r = deep(n - 1, idle); sum++; return r + 1; }
int main(int argc, char** argv) { return deep(9, argc > 1); }
"""
CONFIG = """
pyroscope.ebpf "e" {{
	targets_only     = {only}
	targets          = {targets}
	forward_to       = [pyroscope.fsdump.d.receiver]
	collect_interval = "5s"
	sample_rate      = {rate}
}}
pyroscope.fsdump "d" {{
	target_directory = "{folder}/archive"
}}
"""


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def metric(invar, name, label=""):
    text = OPENER.open(f"http://{invar.address}/metrics").read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name) and label in line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=97)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_args()
    was = STATS.read_text()
    STATS.write_text("1")
    running = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            program = f"{folder}/busy"
            pathlib.Path(f"{folder}/busy.c").write_text(PROGRAM)
            subprocess.run(["cc", "-O2", "-fno-optimize-sibling-calls", f"{folder}/busy.c", "-o", program], check=True)
            idle = Invar("", folder)
            time.sleep(1)
            bare = idle.rss_mib()
            idle.stop()
            loads = []
            for _ in range(5):
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                began = time.monotonic()
                subprocess.run([program_of("INVAR", "build/release/invar"), "ebpf", "probe"], stdout=subprocess.DEVNULL, check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
                loads.append((cpu / 2, (time.monotonic() - began) / 2))
            print(f"load   {sorted(loads)[2][0]:.3f} s of CPU, {sorted(l[1] for l in loads)[2]:.3f} s (median of 5)")
            running += [subprocess.Popen([program]) for _ in range(2)]
            running += [subprocess.Popen([program, "idle"]) for _ in range(options.processes)]
            targets = ",".join('{"__process_pid__" = "%d", "service_name" = "bench"}' % p.pid for p in running) if options.own else ""
            only = "true" if options.own else "false"
            invar = Invar(CONFIG.format(rate=options.rate, folder=folder, targets=f"[{targets}]", only=only), folder)
            time.sleep(12)  # every binary has been met
            names = {"taken": ("pyroscope_ebpf_samples_total", 'outcome="taken"'), "bpf": ("pyroscope_ebpf_bpf_seconds_total", ""),
                     "frames": ("pyroscope_ebpf_frames_total", "")}
            before = {key: metric(invar, *name) for key, name in names.items()}
            cpu, began = cpu_seconds(invar.process.pid), time.monotonic()
            time.sleep(options.seconds)
            after = {key: metric(invar, *name) for key, name in names.items()}
            user, elapsed = cpu_seconds(invar.process.pid) - cpu, time.monotonic() - began
            samples = after["taken"] - before["taken"]
            bpf = after["bpf"] - before["bpf"]
            print(f"{samples:.0f} samples in {elapsed:.0f} s, {(after['frames'] - before['frames']) / samples:.1f} frames each")
            print(f"kernel {bpf / samples * 1e6:.2f} us a sample, {bpf / elapsed * 100:.3f} % of a core")
            print(f"user   {user / samples * 1e6:.2f} us a sample, {user / elapsed * 100:.2f} % of a core (the whole daemon)")
            print(f"RSS {invar.rss_mib():.1f} MiB, idle daemon {bare:.1f}; maps {metric(invar, 'pyroscope_ebpf_map_bytes') / 2**20:.1f} MiB, "
                  f"tables {metric(invar, 'pyroscope_ebpf_table_bytes') / 2**20:.1f}, names {metric(invar, 'pyroscope_ebpf_name_bytes') / 2**20:.1f}")
            invar.stop()
    finally:
        STATS.write_text(was)
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
