"""pyroscope.ebpf over real programs, found by discovery.process, into a real archive. Skipped where the machine does not permit it."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import INVAR, SOURCE, Case, Stream, run, until

PROGRAM = """
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void shop_total(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int shop_deep(int n) { if (n == 0) for (;;) shop_total(); int r = shop_deep(n - 1); sum++; return r + 1; }
int main(void) { alarm(200); return shop_deep(5); }
"""

PROBE = run("ebpf", "probe")


PAGE = (SOURCE / "docs/guides/ebpf.md").read_text()


def of_the_page(words, server):
    """The configuration of the page "Profiling a host with eBPF" that has these words, as it stands but for the server's address."""
    config = next(c for c in re.findall(r"^```alloy\n(.*?)^```", PAGE, re.M | re.S) if words in c)
    assert "http://pyroscope:4040" in config
    return config.replace("http://pyroscope:4040", f"http://{server.address}")


def functions_of(server, service):
    """The functions that a Pyroscope server has got of a service."""
    return {f for r in server.received(service_name=service) for f in r["functions"] or []}


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

    @unittest.skipIf(os.geteuid() != 0, "privileges are given up by root")
    def test_it_names_the_privilege_that_is_missing(self):
        for missing, left in (("PERFMON", "-perfmon,-sys_admin"), ("BPF, PERFMON", "-bpf,-perfmon,-sys_admin")):
            done = subprocess.run(["setpriv", "--bounding-set", left, INVAR, "ebpf", "probe"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"(missing: {missing}); run as root, or add them to the container", done.stdout)

    @unittest.skipIf(os.geteuid() != 0, "a PID namespace takes root")
    def test_it_wants_the_process_ids_of_the_host(self):
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", INVAR, "ebpf", "probe"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("hostPID: true", done.stdout)

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
        done = run("archive", "top", "--selector", f'{{service_name="{service}", __name__="process_cpu"}}', str(self.archive))
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

    @unittest.skipIf(os.geteuid() != 0, "a control group takes root")
    def test_containers_as_their_runtimes_name_the_groups(self):
        rows = {"containerd": "kubepods-pod1.slice/cri-containerd-%s.scope", "cgroupfs": "kubepods/burstable/pod1/%s",
                "crio": "crio-%s.scope", "podman": "machine.slice/libpod-%s.scope/container", "ecs": "ecs/task/%s",
                "systemd": "docker-%s.scope/system.slice/shop.service", "monitor": "crio-conmon-%s.scope"}
        root = next((pathlib.Path(m.split()[1]) for m in pathlib.Path("/proc/mounts").read_text().splitlines() if m.split()[2] == "cgroup2"), None)
        if root is None:
            self.skipTest("no cgroup2 is mounted")
        top = root / f"invar-e2e-{os.getpid()}"
        targets = []
        for number, (service, path) in enumerate(rows.items()):
            container = f"{number:032x}-{os.getpid()}" if service == "ecs" else f"{number:064x}"
            targets.append('{"__container_id__" = "%s", "service_name" = "%s"}' % (container, service))
            group = top / (path % container)
            try:
                group.mkdir(parents=True)
            except OSError as error:
                self.skipTest(f"no control group can be made: {error}")
            for made in [*(p for p in reversed(group.parents) if p.is_relative_to(top)), group]:  # the innermost is removed first
                self.addCleanup(lambda made=made: made.exists() and not any(c.is_dir() for c in made.iterdir()) and made.rmdir())
            running = subprocess.Popen([self.program])
            self.addCleanup(running.wait)
            self.addCleanup(running.kill)
            (group / "cgroup.procs").write_text(str(running.pid))
        self.invar(self.config().replace("discovery.relabel.shop.output", "[" + ",".join(targets) + "]"))
        for service in rows.keys() - {"monitor"}:
            until(f"profiles of {service}", lambda service=service: "shop_total" in self.top(service), 90)
        self.assertEqual(self.top("monitor").strip(), "", "a container's monitor is not in it")

    def test_the_whole_host(self):
        self.invar(self.config('targets_only = false\n\tdefault_target = {"service_name" = "host"}'))
        until("the target's own profiles", lambda: "shop_total" in self.top("shop"), 90)
        until("profiles of everything else", lambda: self.top("host").strip(), 90)

    def test_the_page_for_the_whole_host(self):
        server = self.server()
        self.invar(of_the_page("targets_only", server))
        until("the functions of everything", lambda: {"shop_total", "shop_deep"} <= functions_of(server, "host/web-1"), 120)
        self.assertIn("main", functions_of(server, "host/web-1"))

    @unittest.skipIf(os.geteuid() != 0, "a folder in /opt takes root")
    def test_the_page_for_services_by_their_program(self):
        opt = pathlib.Path(tempfile.mkdtemp(dir="/opt", prefix="invar-e2e."))
        self.addCleanup(shutil.rmtree, opt)
        (opt / "bin").mkdir()
        shutil.copy(self.program, opt / "bin/page-shop")
        running = subprocess.Popen([opt / "bin/page-shop"])
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        server = self.server()
        self.invar(of_the_page("discovery.process", server))
        until("the functions of the service", lambda: {"shop_total", "shop_deep"} <= functions_of(server, "page-shop"), 120)

    @unittest.skipIf(os.geteuid() != 0, "privileges are given up by root")
    def test_two_capabilities_are_enough(self):
        plain = subprocess.Popen(["setpriv", "--bounding-set", "-all", self.program])
        self.addCleanup(plain.wait)
        self.addCleanup(plain.kill)
        targets = '[{"__process_pid__" = "%d", "service_name" = "shop"}]' % plain.pid
        invar = self.invar(self.config().replace("discovery.relabel.shop.output", targets),
                           wrapper=("setpriv", "--bounding-set", "-all,+bpf,+perfmon"))
        until("the functions of the program", lambda: "shop_deep" in self.top("shop"), 90)
        self.assertEqual(invar.details("pyroscope.ebpf.e")["health"]["state"], "healthy")

    @unittest.skipIf(os.geteuid() != 0, "privileges are given up by root")
    def test_without_a_capability_it_says_which(self):
        invar = self.invar(self.config(), wrapper=("setpriv", "--bounding-set", "-perfmon,-sys_admin"))
        until("the sentence", lambda: "(missing: PERFMON)" in invar.details("pyroscope.ebpf.e")["health"]["message"], 60)

    def test_every_argument_can_be_changed_while_it_runs(self):
        invar = self.invar(self.config())
        until("programs in the kernel", lambda: programs_of(invar.process.pid) > 0, 60)
        other = """demangle = "full"
	comm = "both"
	pid_label = true
	kernel_frames = false
	off_cpu_threshold = 0.5
	targets_only = false
	default_target = {"service_name" = "rest"}
	symbol_lines = true
	python_enabled = false
	go_enabled = false
	reporter_unsymbolized_stubs = true
	verbose_mode = true
	debug_info {
		on_target_symbolization = true
	}
"""
        changed = self.config(other).replace('"1s"', '"2s"').replace("97", "19")
        for config in (changed, self.config(), changed):
            invar.rewrite(config)
            self.assertEqual(invar.get("/-/reload", method="POST")[0], 200)
        until("profiles as they were asked for last", lambda: "shop_total" in self.top("shop") and self.top("rest").strip(), 120)
        self.assertEqual(invar.details("pyroscope.ebpf.e")["health"]["state"], "healthy")

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
