"""pyroscope.ebpf over containers of a real Docker daemon, found by discovery.docker and, as a pod's, by discovery.kubernetes."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from docker_test import MISSING, dockerd
from ebpf_test import PROBE, PROGRAM, functions_of, of_the_page
from harness import Case, until
from kubernetes_peer import Kube, why_not


@unittest.skipUnless(PROBE.returncode == 0, "this machine does not permit it: " + PROBE.stdout[-200:])
@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Containers(Case):
    def setUp(self):
        super().setUp()
        self.daemon_folder = tempfile.mkdtemp(prefix="invar-docker.")
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

    def seen(self, server, service, seconds=120):
        until(f"the functions of {service}", lambda: {"shop_total", "shop_deep"} <= functions_of(server, service), seconds)

    def test_the_page_for_docker(self):
        for name, arguments in (("plain", ()), ("user", ("--user", "1000")), ("sealed", ("--read-only",))):
            self.shop(name, *arguments)
        server = self.server()
        self.invar(of_the_page("discovery.docker", server).replace("/var/run/docker.sock", f"{self.daemon_folder}/sock"))
        for name in ("plain", "user", "sealed"):
            self.seen(server, f"/{name}")
        self.shop("later")
        self.seen(server, "/later")

    def test_the_page_for_kubernetes(self):
        if reason := why_not():
            self.skipTest(reason)
        kube = self.start(Kube())
        for space, node in (("near", "n1"), ("far", "n2")):
            container = self.shop(space)
            kube.namespace(space)
            kube.pod(space, "shop-1", ip="10.5.0.1", node=node)
            kube.patch(f"/api/v1/namespaces/{space}/pods/shop-1/status", {"status": {"containerStatuses": [
                {"name": "app", "containerID": f"containerd://{container}", "image": "app:1", "imageID": "", "ready": True,
                 "restartCount": 0, "state": {"running": {}}}]}})
        server = self.server()
        pod = kube.as_in_a_pod("near")
        self.invar(of_the_page("discovery.kubernetes", server), wrapper=pod["wrapper"], env={**pod["env"], "NODE_NAME": "n1"})
        self.seen(server, "ebpf/near/app")
        self.assertFalse(functions_of(server, "ebpf/far/app"), "a pod of another node")


if __name__ == "__main__":
    unittest.main()
