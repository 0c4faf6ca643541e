"""discovery.docker, discovery.dockerswarm and joined processes against a real Docker daemon (and Podman) in namespaces of their own."""

import os
import pathlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import SOURCE, Case, outputs, until
from discovery_test import targets

MISSING = [p for p in ("dockerd", "docker", "podman", "busybox", "unshare", "openssl") if not shutil.which(p)]


def cgroups():
    """The folders that container daemons make below each controller's root and leave behind, empty."""
    root = "/sys/fs/cgroup"
    return [folder for folder, _, _ in os.walk(root) if {"docker", "libpod_parent"} & set(folder[len(root):].split("/"))]


def remove_cgroups(before):
    for place in sorted(set(cgroups()) - before, key=len, reverse=True):
        try:
            os.rmdir(place)
        except OSError:
            pass  # somebody else's, and in use


class Daemon:
    """A daemon with its own folders, network and mounts. Everything of it is gone after stop()."""

    def __init__(self, *command, socket):
        self.folder = pathlib.Path(command[0])
        self.cgroups = set(cgroups())
        self.socket = self.folder / socket
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh",
                                         *map(str, command[1:])], stdout=self.log, stderr=self.log)

    def wait(self):
        until(f"the daemon: {(self.folder / 'log').read_text()[-500:]}",
              lambda: self.socket.exists() or self.process.poll() is not None, 60)
        if self.process.poll() is not None:
            raise unittest.SkipTest("the daemon does not run here: " + (self.folder / "log").read_text()[-500:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(self.folder)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        remove_cgroups(self.cgroups)
        shutil.rmtree(self.folder, ignore_errors=True)


def dockerd(folder):
    return Daemon(folder, "dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid",
                  "-H", f"unix://{folder}/sock", "--bridge", "none", "--iptables=false", "--ip6tables=false",
                  "--storage-driver", "vfs", socket="sock")


def image(folder):
    """A root file system with nothing but busybox, as a tar archive."""
    root = pathlib.Path(folder) / "image/bin"
    root.mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "busybox")
    archive = f"{folder}/image.tar"
    subprocess.run(["tar", "-C", root.parent, "-cf", archive, "."], check=True)
    return archive


class TcpDoor:
    """A TCP port, with TLS where there is a context for it, in front of a daemon's socket, whose network no other program sees."""

    def __init__(self, path, context=None):
        self.path, self.context = str(path), context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as daemon:
            try:
                if self.context:
                    client = self.context.wrap_socket(client, server_side=True)
                daemon.connect(self.path)
            except OSError:
                return
            with client:
                answers = threading.Thread(target=self.copy, args=(daemon, client), daemon=True)
                answers.start()
                self.copy(client, daemon)
                answers.join()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"],
                   check=True, capture_output=True)


@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Docker(Case):
    def docker(self, *arguments):
        done = subprocess.run(["docker", "-H", f"unix://{self.folder}/sock", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def run_container(self, *arguments):
        return self.docker("run", "-d", *arguments, "box:1", "/bin/busybox", "sleep", "3600")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="invar-docker.")
        daemon = self.start(dockerd(self.folder))
        daemon.wait()
        until("docker", lambda: subprocess.run(["docker", "-H", f"unix://{self.folder}/sock", "version"],
                                               capture_output=True).returncode == 0)
        self.docker("import", image(self.folder), "box:1")
        self.addCleanup(self.remove_containers)

    def remove_containers(self):
        if containers := self.docker("ps", "-aq").split():
            self.docker("rm", "-f", *containers)
        for network in self.docker("network", "ls", "-q", "--filter", "type=custom").split():
            subprocess.run(["docker", "-H", f"unix://{self.folder}/sock", "network", "rm", network], capture_output=True)

    def test_containers_appear_and_vanish_within_a_second_or_so(self):
        self.docker("network", "create", "--subnet", "172.29.77.0/24", "shop")
        first = self.run_container("--name", "front", "--network", "shop", "--expose", "8080", "--label", "app=shop")
        self.run_container("--name", "wide", "--network", "host")
        self.run_container("--name", "alone", "--network", "none")
        self.run_container("--name", "beside", "--network", "container:front", "--label", "app=shop")
        invar = self.invar(f'discovery.docker "d" {{\n  host = "unix://{self.folder}/sock"\n  refresh_interval = "1h"\n}}\n'
                           'discovery.process "p" {\n  join = discovery.docker.d.targets\n  refresh_interval = "1s"\n}\n')
        found = until("three containers", lambda: (t := targets(invar, "discovery.docker.d")) and len(t) == 3 and t)
        text = "\n".join(found)
        self.assertIn('"__address__"="172.29.77.2:8080"', text)
        self.assertIn('"__meta_docker_network_name"="shop"', text)
        self.assertIn('"__meta_docker_container_label_app"="shop"', text)
        self.assertIn('"__address__"="localhost"', text)
        self.assertNotIn("/alone", text, "a container without an address gives none")
        self.assertIn("told by the daemon", str(invar.details("discovery.docker.d")["debugInfo"]))

        until("the join", lambda: any(f'"__container_id__"="{first}"' in t and '"__meta_docker_container_name"="/front"' in t
                                      and "sleep 3600" in t for t in targets(invar, "discovery.process.p")))

        self.run_container("--name", "later", "--network", "shop")
        until("the new one", lambda: "/later" in str(targets(invar, "discovery.docker.d")), 5)
        self.docker("rm", "-f", "later")
        until("it to vanish", lambda: "/later" not in str(targets(invar, "discovery.docker.d")), 5)

    def test_the_configuration_of_the_guide(self):
        config = re.search(r"^```alloy\n(.*?)^```", (SOURCE / "docs/guides/docker.md").read_text(), re.M | re.S)[1]
        self.docker("network", "create", "--subnet", "172.29.76.0/24", "guide")
        self.run_container("--name", "shop-web-1", "--network", "guide", "--label", "profiling=true", "--label", "profiling_port=6060",
                           "--label", "com.docker.compose.service=web")
        self.run_container("--name", "other", "--network", "guide")
        invar = self.invar(config.replace("/var/run/docker.sock", f"{self.folder}/sock"))
        found = until("the labelled container", lambda: outputs(invar, "discovery.relabel.containers"))
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0]["__address__"], r"^172\.29\.76\.\d+:6060$")
        self.assertEqual((found[0]["container"], found[0]["service_name"]), ("shop-web-1", "web"))

    def test_hosts_over_tcp_and_tls(self):
        for name in ("server", "client"):
            certificate(self.folder, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/server.crt", f"{self.folder}/server.key")
        context.load_verify_locations(f"{self.folder}/client.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        plain = self.start(TcpDoor(f"{self.folder}/sock"))
        tls = self.start(TcpDoor(f"{self.folder}/sock", context))
        self.docker("network", "create", "--subnet", "172.29.75.0/24", "far")
        self.run_container("--name", "first", "--network", "far", "--expose", "8080")
        invar = self.invar(f"""
discovery.docker "tcp" {{
  host             = "tcp://127.0.0.1:{plain.port}"
  refresh_interval = "1h"
}}
discovery.docker "tls" {{
  host             = "https://127.0.0.1:{tls.port}"
  refresh_interval = "1h"
  tls_config {{
    ca_file   = "{self.folder}/server.crt"
    cert_file = "{self.folder}/client.crt"
    key_file  = "{self.folder}/client.key"
  }}
}}
discovery.docker "nobody" {{
  host             = "https://127.0.0.1:{tls.port}"
  refresh_interval = "1h"
}}
""")
        names = ("discovery.docker.tcp", "discovery.docker.tls")
        for name in names:
            until(f"{name} finds the container", lambda name=name: len(targets(invar, name)) == 1)
        self.run_container("--name", "second", "--network", "far", "--expose", "8080")
        for name in names:
            until(f"{name} is told of another", lambda name=name: len(targets(invar, name)) == 2)
        until("a certificate that is not known is told",
              lambda: "certificate" in invar.details("discovery.docker.nobody")["health"]["message"])

    def test_filters(self):
        self.run_container("--name", "yes", "--network", "host", "--label", "profiling=true")
        self.run_container("--name", "no", "--network", "host")
        invar = self.invar(f'discovery.docker "d" {{\n  host = "unix://{self.folder}/sock"\n  refresh_interval = "1s"\n'
                           '  host_networking_host = "10.9.8.7"\n'
                           '  filter {\n    name = "label"\n    values = ["profiling=true"]\n  }\n}\n')
        found = until("a target", lambda: targets(invar, "discovery.docker.d"))
        self.assertEqual(len(found), 1)
        self.assertIn('"__address__"="10.9.8.7"', found[0])

    def test_a_swarm(self):
        self.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
        self.docker("service", "create", "--detach", "--name", "web", "--label", "app=shop", "--network", "host", "box:1",
                    "/bin/busybox", "sleep", "3600")
        roles = "".join(f'discovery.dockerswarm "{role}" {{\n  host = "unix://{self.folder}/sock"\n  role = "{role}"\n'
                        '  port = 9323\n  refresh_interval = "1s"\n}\n' for role in ("nodes", "tasks", "services"))
        invar = self.invar(roles)
        node = until("the node", lambda: targets(invar, "discovery.dockerswarm.nodes"))[0]
        self.assertIn('"__address__"="127.0.0.1:9323"', node)
        self.assertIn('"__meta_dockerswarm_node_manager_leader"="true"', node)
        for role in ("tasks", "services"):
            until(role, lambda: invar.details(f"discovery.dockerswarm.{role}")["health"]["state"] == "healthy")
        # The manager gives virtual and attached addresses whether or not the tasks can start here.
        self.docker("service", "create", "--detach", "--name", "api", "--publish", "8443:8080", "box:1", "/bin/busybox", "sleep", "3600")
        service = until("a service with a virtual address", lambda: targets(invar, "discovery.dockerswarm.services"))[0]
        self.assertRegex(service, r'"__address__"="10\.0\.\d+\.\d+:8443"')
        for label, value in {"service_name": "api", "service_mode": "replicated", "service_endpoint_port_publish_mode": "ingress",
                             "network_name": "ingress", "service_task_container_image": "box:1"}.items():
            self.assertIn(f'"__meta_dockerswarm_{label}"="{value}"', service)
        task = until("its task", lambda: targets(invar, "discovery.dockerswarm.tasks"))[0]
        self.assertRegex(task, r'"__address__"="10\.0\.\d+\.\d+:8080"', "the port inside, where it listens")
        for label, value in {"service_name": "api", "task_slot": "1", "network_name": "ingress", "task_desired_state": "running"}.items():
            self.assertIn(f'"__meta_dockerswarm_{label}"="{value}"', task)
        self.docker("service", "rm", "api")
        for role in ("tasks", "services"):
            until(f"the {role} to vanish", lambda role=role: not targets(invar, f"discovery.dockerswarm.{role}"))
        self.docker("swarm", "leave", "--force")
        health = until("bad health", lambda: (h := invar.details("discovery.dockerswarm.nodes")["health"])["state"] == "unhealthy" and h)
        self.assertIn("This node is not a swarm manager", health["message"])


@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Podman(Case):
    def test_containers_of_podman(self):
        folder = tempfile.mkdtemp(prefix="invar-podman.")
        common = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs",
                  "--cgroup-manager", "cgroupfs", "--events-backend", "file"]
        daemon = self.start(Daemon(folder, *common, "system", "service", "--time", "0", f"unix://{folder}/sock", socket="sock"))
        daemon.wait()
        docker = ["docker", "-H", f"unix://{folder}/sock"]

        def run(*arguments):
            done = subprocess.run([*docker, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.strip()

        run("import", image(folder), "box:1")
        invar = self.invar(f'discovery.docker "d" {{\n  host = "unix://{folder}/sock"\n  refresh_interval = "1s"\n}}\n')
        until("an answer", lambda: invar.details("discovery.docker.d")["health"]["state"] == "healthy")
        # Podman asks for more open files than a container in a container may have.
        limits = [f"--ulimit={name}={hard}:{hard}" for name, hard in
                  (("nofile", min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1024)),
                   ("nproc", min(resource.getrlimit(resource.RLIMIT_NPROC)[1], 1024)))]
        run("run", "-d", *limits, "--name", "front", "--network", "host", "--label", "app=shop", "box:1", "/bin/busybox", "sleep", "3600")
        self.addCleanup(run, "rm", "-f", "front")
        until("its events", lambda: "told by the daemon" in str(invar.details("discovery.docker.d")["debugInfo"]))
        # Podman lists a container on the host's network without any network, so it has no address.
        self.assertEqual(targets(invar, "discovery.docker.d"), [])
        self.assertEqual(invar.details("discovery.docker.d")["health"]["state"], "healthy")



if __name__ == "__main__":
    unittest.main()
