"""docs/guides/host.md as it stands, on a host of its own: a network and mounts in which there is all that the guide speaks of."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from docker_test import MISSING, cgroups, image, remove_cgroups
from harness import INTEROP, SOURCE, Case, Program, PyroscopeServer, outputs, targets, until

INSIDE = "INVAR_TEST_HOST"  # set where the namespaces are entered
GUIDE = (SOURCE / "docs/guides/host.md").read_text()


def shell(command):
    subprocess.run(["sh", "-ec", command], check=True, capture_output=True)


@unittest.skipUnless(INSIDE in os.environ, "namespaces take root")
class HostGuide(Case):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="invar-host."))
        shell(f"cp -a /etc {cls.place}/etc && mount --bind {cls.place}/etc /etc && mount -t tmpfs none /opt && mount -t tmpfs none /run"
              " && rm -f /etc/resolv.conf && echo nameserver 127.0.0.1 > /etc/resolv.conf && mkdir -p /opt/shop /etc/invar/targets"
              " && echo 127.0.0.1 localhost pyroscope.example.com > /etc/hosts")
        cls.pyroscope = PyroscopeServer("-listen", "127.0.0.1:4040")

    @classmethod
    def tearDownClass(cls):
        cls.pyroscope.stop()
        shell("umount /etc /opt /run")
        shutil.rmtree(cls.place)

    def example(self, n, language="alloy"):
        return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)[n]

    def process(self, *command):
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def arrive(self, **labels):
        until(f"profiles of {labels}", lambda: self.pyroscope.received(**labels), 60)

    @unittest.skipIf(MISSING, f"not installed: {MISSING}")
    def test_processes_and_their_containers(self):
        self.addCleanup(remove_cgroups, set(cgroups()))
        daemon = self.process("dockerd", "--data-root", self.place / "data", "--exec-root", self.place / "exec", "--pidfile",
                              self.place / "pid", "--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs")

        def docker(*arguments):
            done = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

        until("docker", lambda: daemon.poll() is not None or subprocess.run(["docker", "version"], capture_output=True).returncode == 0)
        if daemon.poll() is not None:
            self.skipTest("dockerd does not run here")
        docker("import", image(self.place), "box:1")
        docker("network", "create", "--subnet", "172.29.74.0/24", "shop")
        self.addCleanup(docker, "network", "rm", "shop")
        libraries = ("-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro") if os.path.isdir("/lib64") else ("-v", "/lib:/lib:ro")
        docker("run", "-d", "--name", "front", "--network", "shop", "--expose", "6060", "-v", f"{INTEROP}/target:/opt/shop/front:ro",
               *libraries, "box:1", "/opt/shop/front", "-listen", "0.0.0.0:6060")
        self.addCleanup(docker, "rm", "-f", "front")
        shutil.copy(INTEROP / "target", "/opt/shop/cart")
        self.start(Program("/opt/shop/cart", "-listen", "localhost:6060"))

        invar = self.invar(self.example(0))
        until("both programs", lambda: {t["service_name"]: t["__address__"] for t in outputs(invar, "discovery.relabel.shop")}
              == {"cart": "localhost:6060", "front": "172.29.74.2:6060"})
        front, = (t for t in outputs(invar, "discovery.relabel.shop") if t["service_name"] == "front")
        self.assertEqual(front["__meta_docker_container_name"], "/front")
        self.assertEqual(front["__meta_process_username"], "root")
        for name in ("cart", "front"):
            self.arrive(service_name=name)

    @unittest.skipUnless(shutil.which("dnsmasq"), "not installed: dnsmasq")
    def test_a_fixed_list(self):
        shell("ip addr add 10.0.0.1/32 dev lo; ip addr add 10.0.0.2/32 dev lo; ip addr add 10.0.0.3/32 dev lo")
        for address in ("10.0.0.1:6060", "10.0.0.2:6060", "10.0.0.3:6061"):
            self.start(Program(INTEROP / "target", "-listen", address))
        self.process("dnsmasq", "--no-daemon", "--no-resolv", "--conf-file=/dev/null", "--user=", "--group=", "--listen-address=127.0.0.1",
                     "--bind-interfaces", "--local=/workers.example.com/", "--host-record=one.workers.example.com,10.0.0.3",
                     "--srv-host=_pprof._tcp.workers.example.com,one.workers.example.com,6061")
        pathlib.Path("/etc/invar/targets/shop.yml").write_text(self.example(0, "yaml"))
        invar = self.invar(self.example(1))
        until("the file's", lambda: len(targets(invar, "discovery.file.services")) == 2)
        until("the server's", lambda: [t["__address__"] for t in targets(invar, "discovery.dns.workers")] == ["one.workers.example.com:6061"],
              60)
        self.arrive(service_name="shop", instance="10.0.0.1:6060")
        self.arrive(service_name="shop", instance="10.0.0.2:6060")
        self.arrive(instance="one.workers.example.com:6061")


if __name__ == "__main__":
    if os.geteuid() == 0 and INSIDE not in os.environ:
        os.execvpe("unshare", ["unshare", "--mount", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, "-B",
                               __file__, *sys.argv[1:]], {**os.environ, INSIDE: "1"})
    unittest.main()
