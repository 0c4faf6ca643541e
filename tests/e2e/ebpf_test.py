"""pyroscope.ebpf over real programs, found by discovery.process, into a real archive. Skipped where the machine does not permit it."""

import os
import pathlib
import subprocess
import unittest

from harness import Case, Stream, run, until

PROGRAM = """
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void shop_total(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int shop_deep(int n) { if (n == 0) for (;;) shop_total(); int r = shop_deep(n - 1); sum++; return r + 1; }
int main(void) { alarm(200); return shop_deep(5); }
"""

PROBE = run("ebpf", "probe")


def programs_of(pid):
    """How many BPF programs a process holds."""
    try:
        return sum("bpf-prog" in os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0  # it has just ended


def loaded_programs():
    """How many BPF programs all processes hold."""
    return sum(programs_of(int(p.name)) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and p.exists())


def pinned():
    return sorted(p.name for p in pathlib.Path("/sys/fs/bpf").iterdir()) if os.path.isdir("/sys/fs/bpf") else []


class Probe(unittest.TestCase):
    def test_it_says_what_this_machine_permits(self):
        self.assertIn("capability PERFMON", PROBE.stdout)
        self.assertIn("pyroscope.ebpf runs here" if PROBE.returncode == 0 else "pyroscope.ebpf does not run here", PROBE.stdout)

    def test_it_knows_no_other_word(self):
        done = run("ebpf", "prove")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is probe", done.stderr)


@unittest.skipUnless(PROBE.returncode == 0, "this machine does not permit it: " + PROBE.stdout[-200:])
class Ebpf(Case):
    def setUp(self):
        super().setUp()
        self.place = self.folder()
        self.archive = self.place / "archive"
        self.program = self.place / "shop"
        (self.place / "shop.c").write_text(PROGRAM)
        subprocess.run(["cc", "-O2", "-fno-optimize-sibling-calls", self.place / "shop.c", "-o", self.program], check=True)
        self.shop = subprocess.Popen([self.program])
        self.addCleanup(self.shop.wait)
        self.addCleanup(self.shop.kill)

    def top(self, service):
        """Functions of the archived profiles of a service."""
        done = run("archive", "top", "--selector", f'{{service_name="{service}"}}', str(self.archive))
        return done.stdout if done.returncode == 0 else ""

    def config(self, arguments=""):
        return f"""
discovery.process "all" {{
	discover_config {{
		exe = true
	}}
}}

discovery.relabel "shop" {{
	targets = discovery.process.all.targets

	rule {{
		source_labels = ["__meta_process_exe"]
		regex         = "{self.program}"
		action        = "keep"
	}}

	rule {{
		target_label = "service_name"
		replacement  = "shop"
	}}
}}

pyroscope.ebpf "e" {{
	targets          = discovery.relabel.shop.output
	forward_to       = [pyroscope.fsdump.d.receiver]
	collect_interval = "1s"
	sample_rate      = 97
	{arguments}
}}

pyroscope.fsdump "d" {{
	target_directory = "{self.archive}"
}}
"""

    def test_a_process_that_discovery_found(self):
        invar = self.invar(self.config())
        self.start(Stream(invar, "/api/v1/live/pyroscope.ebpf.e")).until(
            r'"type":"process_cpu","bytes":[1-9]\d*,"destination":"pyroscope\.fsdump\.d","outcome":"accepted"')
        text = until("the functions of the program", lambda: (t if "shop_deep" in (t := self.top("shop")) else ""), 90)
        self.assertIn("shop_total", text)
        self.assertGreater(invar.metric("pyroscope_ebpf_pprofs_total", service_name="shop"), 0)
        self.assertEqual(invar.metric("pyroscope_ebpf_active_targets"), 1)
        self.assertTrue(any(row["path"] == str(self.program) and "eh_frame" in row["unwound_by"]
                            for row in invar.rows("pyroscope.ebpf.e", "binary")))

    def test_the_whole_host(self):
        self.invar(self.config('targets_only = false\n\tdefault_target = {"service_name" = "host"}'))
        until("the target's own profiles", lambda: "shop_total" in self.top("shop"), 90)
        until("profiles of everything else", lambda: self.top("host").strip(), 90)

    def test_a_reload_and_an_end_leave_nothing_behind(self):
        pins = pinned()
        invar = self.invar(self.config())
        until("programs in the kernel", lambda: programs_of(invar.process.pid) > 0, 60)
        invar.rewrite(self.config().replace("discovery.relabel.shop.output", "[]"))
        self.assertEqual(invar.get("/-/reload", method="POST")[0], 200)
        until("the kernel to have none", lambda: programs_of(invar.process.pid) == 0, 60)
        invar.rewrite(self.config())
        self.assertEqual(invar.get("/-/reload", method="POST")[0], 200)
        until("programs in the kernel again", lambda: programs_of(invar.process.pid) > 0, 60)
        self.assertEqual(pinned(), pins)
        self.assertEqual(invar.stop()[0], 0)

    def test_a_kill_leaves_nothing_behind(self):
        pins = pinned()
        invar = self.invar(self.config())
        until("programs in the kernel", lambda: programs_of(invar.process.pid) > 0, 60)
        loaded = loaded_programs()
        invar.process.kill()
        invar.process.wait()
        until("the kernel to have none of them", lambda: loaded_programs() < loaded, 60)
        self.assertEqual(pinned(), pins)

    def test_two_components_share_one_engine(self):
        invar = self.invar(self.config())
        until("programs in the kernel", lambda: programs_of(invar.process.pid) > 0, 60)
        alone = programs_of(invar.process.pid)
        other = """
pyroscope.ebpf "other" {
	targets          = [{"__process_pid__" = "%d", "service_name" = "twin"}]
	forward_to       = [pyroscope.fsdump.d.receiver]
	collect_interval = "1s"
	sample_rate      = 19
}
""" % self.shop.pid
        invar.rewrite(self.config() + other)
        self.assertEqual(invar.get("/-/reload", method="POST")[0], 200)
        for service in ("shop", "twin"):
            until(f"profiles of {service}", lambda service=service: "shop_total" in self.top(service), 90)
        self.assertEqual(programs_of(invar.process.pid), alone)


if __name__ == "__main__":
    unittest.main()
