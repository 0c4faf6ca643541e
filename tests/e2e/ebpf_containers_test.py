"""pyroscope.ebpf over containers of a real Docker daemon, found by discovery.docker and, as a pod's, by discovery.kubernetes."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from docker_test import MISSING, dockerd
from ebpf_test import PROBE, PROGRAM
from harness import Case, run, until
from kubernetes_peer import Kube, why_not


@unittest.skipUnless(PROBE.returncode == 0, "this machine does not permit it: " + PROBE.stdout[-200:])
@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Containers(Case):
    def setUp(self):
        super().setUp()
        self.daemon_folder = tempfile.mkdtemp(prefix="invar-docker.")
        self.archive = self.folder() / "archive"
        daemon = self.start(dockerd(self.daemon_folder))
        daemon.wait()
        until("docker", lambda: subprocess.run(["docker", "-H", f"unix://{self.daemon_folder}/sock", "version"],
                                               capture_output=True).returncode == 0, 60)
        self.docker("import", self.image(), "shop:1")
        self.addCleanup(self.remove_containers)

    def image(self):
        """A root file system with nothing but the program."""
        root = pathlib.Path(self.daemon_folder) / "image"
        root.mkdir()
        (root.parent / "shop.c").write_text(PROGRAM)
        subprocess.run(["cc", "-O2", "-static", "-fno-optimize-sibling-calls", root.parent / "shop.c", "-o", root / "shop"], check=True)
        archive = f"{self.daemon_folder}/image.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        return archive

    def docker(self, *arguments):
        done = subprocess.run(["docker", "-H", f"unix://{self.daemon_folder}/sock", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def shop(self, name, *arguments):
        return self.docker("run", "-d", "--name", name, "--network", "host", *arguments, "shop:1", "/shop")

    def remove_containers(self):
        if containers := self.docker("ps", "-aq").split():
            self.docker("rm", "-f", *containers)

    def stack_of(self, service):
        done = run("archive", "top", "--selector", f'{{service_name="{service}"}}', str(self.archive))
        return done.stdout if done.returncode == 0 else ""

    def seen(self, service, seconds=60):
        until(f"the functions of {service}", lambda: "shop_total" in self.stack_of(service), seconds)
        self.assertIn("shop_deep", self.stack_of(service))

    def profiles(self, targets):
        return f"""
pyroscope.ebpf "e" {{
	targets          = {targets}
	forward_to       = [pyroscope.fsdump.d.receiver]
	collect_interval = "1s"
	sample_rate      = 97
}}
pyroscope.fsdump "d" {{
	target_directory = "{self.archive}"
}}
"""

    def test_docker(self):
        self.shop("plain")
        self.shop("user", "--user", "1000")
        self.shop("sealed", "--read-only")
        self.invar(f"""
discovery.docker "d" {{
	host             = "unix://{self.daemon_folder}/sock"
	refresh_interval = "1s"
}}
""" + self.profiles("discovery.docker.d.targets"))
        for name in ("plain", "user", "sealed"):
            self.seen(f"/{name}")
        self.shop("later")
        self.seen("/later")

    def test_kubernetes(self):
        if reason := why_not():
            self.skipTest(reason)
        kube = self.start(Kube())
        container = self.shop("pod")
        kube.namespace("ns")
        kube.pod("ns", "shop-1", ip="10.5.0.1")
        kube.patch("/api/v1/namespaces/ns/pods/shop-1/status", {"status": {"containerStatuses": [
            {"name": "app", "containerID": f"containerd://{container}", "image": "app:1", "imageID": "", "ready": True, "restartCount": 0,
             "state": {"running": {}}}]}})
        self.invar(f"""
discovery.kubernetes "pods" {{
	role         = "pod"
	api_server   = "{kube.url}"
	bearer_token = "admin-token"
	tls_config {{
		ca_file = "{kube.ca}"
	}}
}}
""" + self.profiles("discovery.kubernetes.pods.targets"))
        self.seen("ebpf/ns/app")


if __name__ == "__main__":
    unittest.main()
