"""Invar as a service: what it tells a service manager, its unit, its manual pages, its health check, its alerts and dashboards."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness import INVAR, SOURCE, Case, free_port, until

PACKAGING = pathlib.Path(SOURCE) / "packaging"

FAILING = """
pyroscope.scrape "s" {
    targets         = [{"__address__" = "invar.internal:12345"}, {"__address__" = "127.0.0.1:1"}]
    forward_to      = [pyroscope.write.w.receiver, pyroscope.fsdump.a.receiver]
    scrape_interval = "3s"
    scrape_timeout  = "3s"
    profiling_config {
        profile.process_cpu { enabled = false }
    }
}
pyroscope.write "w" {
    endpoint { url = "http://127.0.0.1:1" }
}
pyroscope.fsdump "a" {
    target_directory = "archive"
}
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


class Service(Case):
    def test_the_service_manager_is_told_the_whole_life(self):
        address = str(self.folder() / "notify")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.settimeout(20)
        told = []

        def wait_for(start):
            while not any(message.startswith(start) for message in told):
                told.append(manager.recv(4096).decode())

        invar = self.invar("", env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"})
        wait_for("READY=1\nSTATUS=running")
        wait_for("WATCHDOG=1")
        del told[:]
        invar.send(signal.SIGHUP)
        wait_for("RELOADING=1\nMONOTONIC_USEC=")
        wait_for("READY=1\nSTATUS=running\n")
        invar.rewrite("nonsense {")
        invar.send(signal.SIGHUP)
        wait_for("READY=1\nSTATUS=running the configuration before the last reload")
        invar.send(signal.SIGTERM)
        wait_for("STOPPING=1")

    def test_a_socket_of_the_service_manager_is_served(self):
        """Whoever connects before Invar runs is served when it does."""
        port = free_port()
        invar = self.invar("", wrapper=("systemd-socket-activate", f"--listen=127.0.0.1:{port}"), wait=False)
        invar.address = f"127.0.0.1:{port}"

        def first_answer():
            try:
                return invar.get("/-/ready")[0] == 200
            except OSError:
                return False  # nobody listens yet

        until("an answer", first_answer)
        self.assertIn(f"addr={invar.address}", invar.log())
        self.assertEqual(invar.stop()[0], 0)

    def test_the_unit_is_valid_and_exposes_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        folder = self.folder()
        unit = folder / "invar.service"
        unit.write_text((PACKAGING / "systemd/invar.service").read_text().replace("/usr/bin/invar", INVAR))
        shutil.copy(PACKAGING / "systemd/invar.socket", folder)
        verified = run("systemd-analyze", "verify", "--man=no", unit, folder / "invar.socket")
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))
        judged = run("systemd-analyze", "security", "--offline=true", "--threshold=30", unit)
        self.assertEqual(judged.returncode, 0, judged.stdout[-300:])
        host = folder / "invar.service.d"
        host.mkdir()
        shutil.copy(PACKAGING / "systemd/host.conf", host)
        verified = run("systemd-analyze", "verify", "--man=no", unit)
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))

    def test_manual_pages_are_complete_and_clean(self):
        pages = self.folder() / "man"
        self.assertEqual(run(INVAR, "help", "--write-man", pages).returncode, 0)
        for command in re.findall(r"^  (\w+) ", run(INVAR, "--help").stdout.split("Subcommands:")[1], re.M):
            self.assertTrue((pages / f"invar-{command}.1").exists(), command)
        for page in pages.iterdir():
            done = run("groff", "-man", "-Tutf8", "-ww", "-z", page)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)
        shown = run("groff", "-man", "-Tascii", "-P-c", pages / "invar-run.1").stdout
        self.assertIn("--storage.path=VALUE", re.sub(r".\x08", "", shown))

    def test_healthcheck(self):
        invar = self.invar("")
        url = f"http://{invar.address}"
        self.assertEqual(run(INVAR, "healthcheck", f"{url}/-/healthy").returncode, 0)
        for wrong, why in ((f"{url}/debug/pprof/nothing", "404"), ("http://127.0.0.1:1/", "refused"), ("nope", "missing protocol scheme")):
            done = run(INVAR, "healthcheck", wrong)
            self.assertEqual((done.returncode, done.stdout), (1, ""), wrong)
            self.assertIn(why, done.stderr)


class Mixin(Case):
    def test_alerts_are_right(self):
        self.assertEqual(run("promtool", "check", "rules", PACKAGING / "mixin/alerts.yaml").returncode, 0)
        tested = run("promtool", "test", "rules", PACKAGING / "mixin/alerts_test.yaml")
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
        alerts = lambda name: set(re.findall(r"alert(?:name)?: (\w+)", (PACKAGING / f"mixin/{name}").read_text()))
        self.assertEqual(alerts("alerts.yaml"), alerts("alerts_test.yaml"))

    def test_dashboards_are_current(self):
        self.assertEqual(run("python3", "-B", PACKAGING / "mixin/dashboards.py", "--check").returncode, 0)

    def test_every_metric_of_dashboards_and_alerts_exists(self):
        texts = [(PACKAGING / "mixin/alerts.yaml").read_text()] + [
            target["expr"] for file in (PACKAGING / "mixin/dashboards").glob("*.json")
            for panel in json.loads(file.read_text())["panels"] for target in panel["targets"]]
        wanted = set(re.findall(r"\b(?:invar|pyroscope|process)_[a-z_]+\b", "\n".join(texts)))
        self.assertGreater(len(wanted), 30)
        # Those of a cluster need one: the reference, which is written from the sources, has to know them.
        of_clusters = set(re.findall(r"\bcluster_(?!name\b)[a-z_]+\b", "\n".join(texts)))
        reference = (pathlib.Path(SOURCE) / "docs/reference/metrics.md").read_text()
        self.assertEqual({name for name in of_clusters if f"`{name}`" not in reference}, set())

        # A server that is away, an archive that becomes a file, and then a configuration without both.
        invar = self.invar(FAILING)
        archive = invar.folder / "archive"

        def made_a_file():
            shutil.rmtree(archive, ignore_errors=True)
            archive.touch()  # which says nothing where Invar has just made the folder again
            return archive.is_file()

        until("the archive is a file", made_a_file)
        until("profiles are lost and wait", lambda: invar.metric("pyroscope_ledger_dropped_total") and invar.metric("pyroscope_write_failed_attempts_total"), 60)
        self.assertEqual(invar.metric("pyroscope_write_queue_max_age_seconds"), 3600)
        there = {name for name, _ in invar.metrics()}
        invar.rewrite("")
        invar.send(signal.SIGHUP)
        until("what waits is left on disk", lambda: invar.metric("invar_left_on_disk_profiles"))
        there |= {name for name, _ in invar.metrics()}
        self.assertEqual(wanted - there, set())


if __name__ == "__main__":
    unittest.main()
