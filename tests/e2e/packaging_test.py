"""What is shipped: the Debian package and the rpm on a copy of this system, the image under a real Docker daemon."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest

import yaml

import booted_system
import docker_test
from harness import INTEROP, INVAR, SOURCE, Case, run, until

PACKAGES = pathlib.Path(SOURCE) / "build/packages"


def tool(name, *arguments, **more):
    return subprocess.run([pathlib.Path(SOURCE) / "tools" / name, *arguments], capture_output=True, text=True, **more)


@unittest.skipIf(os.geteuid() != 0, "installing needs root")
class Packages(Case):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(PACKAGES, ignore_errors=True)
        done = tool("build_packages.sh")
        assert done.returncode == 0, done.stdout + done.stderr
        cls.deb, cls.rpm = next(PACKAGES.glob("*.deb")), next(PACKAGES.glob("*.rpm"))

    def in_a_copy_of_this_system(self, script):
        """Runs a shell script as root of a root file system that is this one with every change thrown away."""
        folder = tempfile.mkdtemp(prefix="invar-root.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-ec", f"""
            ip link set lo up
            mount -t tmpfs none {folder}
            cd {folder}; mkdir upper work root
            mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
            mount --bind /dev root/dev; mount -t proc none root/proc
            mkdir -p root{PACKAGES}; mount --bind {PACKAGES} root{PACKAGES}
            rm -f root/var/lib/man-db/auto-update  # its index of all pages is none of ours, and takes long
            exec chroot root sh -eux -c "$SCRIPT"
            """], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SCRIPT": textwrap.dedent(script), "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_debian_package_is_installed_upgraded_removed_and_purged(self):
        said = self.in_a_copy_of_this_system(f"""
            dpkg -i {self.deb}
            invar version
            id -u invar >/dev/null
            test "$(stat -c %U:%a /var/lib/invar)" = invar:750
            test -e /etc/systemd/system/multi-user.target.wants/invar.service
            for file in /lib/systemd/system/invar.service /usr/share/man/man1/invar-run.1.gz /usr/share/man/man1/invar.1.gz \\
                /usr/share/bash-completion/completions/invar /usr/share/doc/invar/examples/host.conf /etc/default/invar \\
                /usr/share/doc/invar/licences/preact.txt /usr/share/doc/invar/licences/libssl3.txt; do test -s $file; done
            invar validate /etc/invar/config.alloy

            # As the unit runs it.
            cd /var/lib/invar
            setpriv --reuid invar --regid invar --clear-groups --no-new-privs invar run --storage.path=/var/lib/invar /etc/invar/config.alloy &
            invar=$!
            for i in $(seq 300); do invar archive ls /var/lib/invar/archive 2>/dev/null | grep -q goroutine && break; sleep 0.1; done
            invar archive top /var/lib/invar/archive | grep -i goroutine
            invar healthcheck
            kill $invar; wait $invar

            echo '// mine' >>/etc/invar/config.alloy
            dpkg -i {self.deb}
            grep '// mine' /etc/invar/config.alloy
            dpkg -r invar
            test ! -e /usr/bin/invar -a -e /etc/invar/config.alloy -a -e /var/lib/invar/archive
            test ! -L /etc/systemd/system/multi-user.target.wants/invar.service
            dpkg -P invar
            test ! -e /etc/invar/config.alloy -a ! -e /var/lib/invar
            ! getent passwd invar
            echo all done
            """)
        self.assertIn("all done", said)

    def test_systemd_runs_the_package(self):
        if why := booted_system.why_not():
            self.skipTest(why)
        system = self.start(booted_system.BootedSystem())
        shutil.copy(self.deb, f"/proc/{system.pid}/root/root/invar.deb")

        def do(*command):
            done = system.run(*command)
            self.assertEqual(done.returncode, 0, (command, done.stdout, done.stderr))
            return done.stdout.strip()

        show = lambda name: do("systemctl", "show", "--value", "--property", name, "invar")
        profiled = lambda: "goroutine" in system.run("invar", "archive", "ls", "/var/lib/invar/archive").stdout

        # An installation where Alloy has the port succeeds, and says what does not.
        do("systemd-run", "--unit=alloy", "--service-type=simple", "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "12345")
        until("the port is taken", lambda: ":12345" in do("ss", "-ltn"))
        self.assertIn("invar.service did not start", system.run("dpkg", "-i", "/root/invar.deb").stderr)
        self.assertIn("failed to listen on", do("journalctl", "-u", "invar"))
        do("systemctl", "stop", "alloy")
        do("systemctl", "reset-failed", "invar")
        do("dpkg", "-P", "invar")

        do("dpkg", "-i", "/root/invar.deb")
        self.assertEqual(do("systemctl", "is-enabled", "invar"), "enabled")
        self.assertEqual((show("ActiveState"), show("SubState")), ("active", "running"))
        self.assertIn("running", show("StatusText"))
        do("systemd-analyze", "verify", "--man=no", "invar.service", "invar.socket")
        do("systemd-analyze", "security", "--threshold=30", "invar.service")
        until("a profile of itself", profiled)
        do("invar", "healthcheck")
        do("setpriv", "--reuid", "nobody", "--clear-groups", "sh", "-c", "! ls /var/lib/invar")
        first = show("MainPID")

        do("sh", "-c", "echo '// mine' >>/etc/invar/config.alloy")
        do("systemctl", "reload", "invar")
        self.assertEqual(show("MainPID"), first)
        self.assertIn("config reloaded", do("journalctl", "-u", "invar"))

        # Whoever connects while it restarts is served by the socket's successor.
        do("systemctl", "stop", "invar")
        do("systemctl", "enable", "--now", "--quiet", "invar.socket")
        do("systemctl", "start", "invar")
        first = show("MainPID")
        do("systemctl", "restart", "--no-block", "invar")
        for _ in range(20):
            do("curl", "-sf", "http://127.0.0.1:12345/-/ready")
        until("the restart", lambda: show("MainPID") not in ("0", first))

        # One that hangs is ended and started anew.
        do("mkdir", "-p", "/run/systemd/system/invar.service.d")
        do("sh", "-c", "printf '[Service]\nWatchdogSec=1\nRestartSec=0\nTimeoutAbortSec=1\n' >/run/systemd/system/invar.service.d/test.conf")
        do("systemctl", "daemon-reload")
        do("systemctl", "restart", "invar")
        hung = show("MainPID")
        do("kill", "-STOP", hung)
        until("the watchdog", lambda: show("NRestarts") != "0" and show("ActiveState") == "active")
        self.assertNotEqual(show("MainPID"), hung)
        do("rm", "-r", "/run/systemd/system/invar.service.d")

        # For what looks into other processes; and back, when what root wrote has to be the service's own again.
        do("install", "-D", "/usr/share/doc/invar/examples/host.conf", "/etc/systemd/system/invar.service.d/host.conf")
        do("systemctl", "daemon-reload")
        do("systemctl", "restart", "invar")
        capabilities = do("sh", "-c", f"grep CapEff /proc/{show('MainPID')}/status").split()[1]
        self.assertTrue(int(capabilities, 16) & (1 << 19), "no CAP_SYS_PTRACE")
        do("rm", "-r", "/etc/systemd/system/invar.service.d")
        do("systemctl", "daemon-reload")
        do("systemctl", "restart", "invar")
        self.assertEqual(do("find", "/var/lib/invar", "!", "-user", "invar"), "")

        before = show("MainPID")
        do("dpkg", "-i", "/root/invar.deb")  # an upgrade
        self.assertNotIn(show("MainPID"), ("0", before))
        self.assertIn("// mine", do("cat", "/etc/invar/config.alloy"))
        do("dpkg", "-r", "invar")
        self.assertNotEqual(system.run("systemctl", "is-active", "invar", "invar.socket").returncode, 0)
        do("test", "-e", "/etc/invar/config.alloy", "-a", "-e", "/var/lib/invar/archive")
        do("dpkg", "-P", "invar")
        do("test", "!", "-e", "/etc/invar", "-a", "!", "-e", "/var/lib/invar")

    def test_the_debian_package_says_what_it_needs(self):
        fields = subprocess.run(["dpkg-deb", "-f", self.deb, "Depends", "Section", "Description", "Architecture"],
                                capture_output=True, text=True, check=True).stdout
        for word in ("libcurl4", "libc6 (>=", "adduser", "ca-certificates", "Section: net", "amd64"):
            self.assertIn(word, fields)

    def test_every_part_is_named_with_its_licence(self):
        folder = self.folder()
        done = subprocess.run([SOURCE / "tools/write_sbom.py", SOURCE / "build/release/invar", folder / "sbom.json", folder / "licences"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        sbom = json.loads((folder / "sbom.json").read_text())
        names = {part["name"] for part in sbom["components"]}
        self.assertLessEqual({"libcurl4", "libc6", "libboost1.81-dev", "async-profiler", "preact"}, names)
        self.assertEqual({file.stem for file in (folder / "licences").iterdir() if file.stat().st_size > 100},
                         {name.replace("/", "-") for name in names})
        self.assertEqual(sbom["metadata"]["component"]["hashes"][0]["content"],
                         hashlib.sha256((SOURCE / "build/release/invar").read_bytes()).hexdigest())

    def test_the_rpm_brings_its_libraries(self):
        listed = subprocess.run(["rpm", "-qpl", self.rpm], capture_output=True, text=True, check=True).stdout
        for file in ("/usr/bin/invar", "/usr/lib/invar/libcurl.so.4", "/usr/share/doc/invar/licences/libcurl4.txt", "/etc/invar/config.alloy",
                     "/lib/systemd/system/invar.service"):
            self.assertIn(file, listed.splitlines())
        said = self.in_a_copy_of_this_system(f"""
            rpm --dbpath /var/lib/invar-rpm --initdb
            rpm --dbpath /var/lib/invar-rpm -i --nodeps {self.rpm}
            invar version
            ldd /usr/bin/invar
            id -u invar
            rpm --dbpath /var/lib/invar-rpm -e invar
            test ! -e /usr/bin/invar
            """)
        self.assertIn("libcurl.so.4 => /usr/lib/invar/libcurl.so.4", said)
        self.assertNotIn("not found", said)


class Release(Case):
    """All that is shipped, made twice of one build."""

    def test_the_same_source_gives_the_same_bytes(self):
        dist = SOURCE / "build/dist"
        sums = []
        for _ in range(2):
            done = tool("build_release.sh")
            self.assertEqual(done.returncode, 0, done.stderr)
            sums.append((dist / "SHA256SUMS").read_text())
        self.assertEqual(sums[0], sums[1])
        self.assertEqual(subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dist, capture_output=True).returncode, 0)
        for kind in ("invar_*_amd64.deb", "invar-*.x86_64.rpm", "invar-linux-amd64", "invar-image-root.tar.gz", "invar-chart-*.tgz", "invar-mixin.tar.gz",
                     "invar-compose.tar.gz", "invar-site.tar.gz", "licences.tar.gz", "sbom.cdx.json"):
            self.assertEqual(len(list(dist.glob(kind))), 1, kind)
        helm = subprocess.run([SOURCE / "tools/build_go_peer.sh", "helm", "helm.sh/helm/v3/cmd/helm"], capture_output=True, text=True, check=True)
        drawn = subprocess.run([helm.stdout.strip(), "template", "x", next(dist.glob("invar-chart-*.tgz")), "--kube-version=1.26.0"], capture_output=True, text=True)
        self.assertIn("kind: DaemonSet", drawn.stdout)

    def test_the_version_is_that_of_the_tag(self):
        folder = self.folder()
        (folder / "tools").mkdir()
        shutil.copy(SOURCE / "tools/version.sh", folder / "tools")
        (folder / "CMakeLists.txt").write_text("project(invar VERSION 1.2.3 LANGUAGES CXX)\n")
        ask = lambda: subprocess.run([folder / "tools/version.sh"], capture_output=True, text=True)
        git = lambda *arguments: subprocess.run(["git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments], check=True,
                                                capture_output=True)
        self.assertEqual(ask().stdout, "1.2.3-devel\n")
        git("init")
        git("add", ".")
        git("commit", "-m", "x")
        self.assertEqual(ask().stdout, "1.2.3-devel\n")
        git("tag", "v1.2.3")
        self.assertEqual(ask().stdout, "1.2.3\n")
        git("tag", "v1.3.0")
        self.assertEqual((ask().returncode, ask().stdout), (1, ""))


class Hardening(Case):
    def test_the_binary_is_hardened(self):
        read = lambda what: subprocess.run(["readelf", f"-W{what}", INVAR], capture_output=True, text=True, check=True).stdout
        self.assertIn("Type:                              DYN", read("h"))
        self.assertIn("PIE", read("d"))
        self.assertIn("BIND_NOW", read("d"))
        self.assertIn("GNU_RELRO", read("l"))
        self.assertRegex(read("l"), r"GNU_STACK .* RW ")
        self.assertNotRegex(read("l"), r"LOAD .* RWE ")
        imported = subprocess.run(["nm", "-D", "--undefined-only", INVAR], capture_output=True, text=True, check=True).stdout
        self.assertIn("__stack_chk_fail", imported)
        self.assertRegex(imported, r"__\w+_chk@")
        if os.uname().machine == "x86_64":  # the mark in the file needs Debian's start files to have it, too, and they do not
            self.assertGreater(pathlib.Path(INVAR).read_bytes().count(b"\xf3\x0f\x1e\xfa"), 10000, "no endbr64")


@unittest.skipUnless(shutil.which("aarch64-linux-gnu-g++-12"), "g++-12-aarch64-linux-gnu is not installed")
class Arm64(Case):
    """A cross build takes too long for each run; but what asks for the processor compiles for that one."""

    def test_what_differs_compiles(self):
        asks = re.compile(r"__aarch64__|__x86_64__")
        files = [file for file in (SOURCE / "src").rglob("*.cc") if not file.name.endswith("_test.cc") and asks.search(file.read_text())]
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            done = subprocess.run(["aarch64-linux-gnu-g++-12", "-std=c++23", "-O2", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                                   "-Wno-missing-field-initializers", "-mbranch-protection=standard", "-I", SOURCE / "src", "-idirafter", "/usr/include",
                                   *(f'-DINVAR_{name}=""' for name in ("VERSION", "BRANCH", "REVISION", "BUILD_DATE", "BUILD_USER")), file],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(["clang-14", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror", "-D__TARGET_ARCH_arm64", "-DINVAR_AARCH64",
                               "-isystem", "/usr/aarch64-linux-gnu/include", "-I", SOURCE / "src", "-c", SOURCE / "src/ebpf/bpf/profiler.bpf.c",
                               "-o", "/dev/null"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(docker_test.MISSING, f"not installed: {docker_test.MISSING}")
class Image(Case):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="invar-image.")
        cls.daemon = docker_test.dockerd(cls.place)
        cls.addClassCleanup(cls.daemon.stop)
        cls.daemon.wait()
        until("docker", lambda: cls.run_docker("version").returncode == 0)
        built = tool("build_image.sh", "invar:latest", env={**os.environ, "DOCKER": f"docker -H unix://{cls.place}/sock"})
        assert built.returncode == 0, built.stderr

    @classmethod
    def run_docker(cls, *arguments):
        return subprocess.run(["docker", "-H", f"unix://{cls.place}/sock", *arguments], capture_output=True, text=True)

    def docker(self, *arguments):
        done = self.run_docker(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def run_image(self, name, *options):
        self.docker("run", "-d", "--name", name, "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
                    "--security-opt", "no-new-privileges", "--health-interval", "1s", *options, "invar:latest")
        self.addCleanup(self.docker, "rm", "-f", "-v", name)

    def assert_profiles_itself(self, name):
        until("healthy", lambda: self.docker("inspect", "-f", "{{.State.Health.Status}}", name) == "healthy")
        archive = ("exec", name, "/usr/bin/invar", "archive")
        until("a profile", lambda: "goroutine" in self.docker(*archive, "ls", "/var/lib/invar/archive"))
        self.assertIn("invar::", self.docker(*archive, "top", "--selector", '{__name__="goroutine"}', "/var/lib/invar/archive"))

    def test_the_image_profiles_itself_without_any_right(self):
        self.assertLess(int(self.docker("image", "inspect", "-f", "{{.Size}}", "invar:latest")), 40e6)  # unpacked, as Docker counts
        self.assertTrue((SOURCE / "build/image/root/usr/share/doc/invar/licences/libcurl4.txt.gz").exists())
        self.run_image("invar")
        self.assert_profiles_itself("invar")
        self.assertIn("65532", self.docker("inspect", "-f", "{{.Config.User}}", "invar"))

    def test_the_system_calls_of_the_unit_suffice(self):
        """The unit's filter, as Docker takes one."""
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        names = set()
        for words in re.findall(r"^SystemCallFilter=(.+)", (SOURCE / "packaging/systemd/invar.service").read_text(), re.M):
            words = words.removeprefix("~").split() if (taken_away := words.startswith("~")) else words.split()
            listed = set().union(*(self.system_calls(word) for word in words))
            names = names - listed if taken_away else names | listed
        self.assertGreater(len(names), 200)
        names |= {"capset", "setgid", "setgroups", "setuid"}  # of what starts the container, which is under the filter already
        profile = pathlib.Path(self.place) / "seccomp.json"
        profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}]}))
        self.run_image("filtered", "--security-opt", f"seccomp={profile}")
        self.assert_profiles_itself("filtered")

    def system_calls(self, word):
        """Those of a group of systemd's, with the groups in it."""
        if not word.startswith("@"):
            return {word}
        listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        found = re.findall(r"^ +([@\w-]+)$", listed, re.M)
        return set().union(*(self.system_calls(one) for one in found))

    def compose_up(self, file, **environment):
        if not shutil.which("docker-compose"):
            self.skipTest("docker-compose is not installed")
        compose = ["docker-compose", "-f", str(SOURCE / "packaging/compose" / file), "-p", "invar"]
        there = {"env": {**os.environ, "DOCKER_HOST": f"unix://{self.place}/sock", **environment}, "capture_output": True, "text": True}
        self.addCleanup(subprocess.run, [*compose, "down", "--volumes"], **there)
        done = subprocess.run([*compose, "up", "-d"], **there)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_compose_file_without_a_server_runs(self):
        self.compose_up("local.yaml")
        self.assert_profiles_itself("invar_invar_1")

    def image_of(self, program, tag):
        """One that runs a program of the tests on the C library of our image."""
        folder = pathlib.Path(self.folder())
        shutil.copy(INTEROP / program, folder / "program")
        (folder / "Dockerfile").write_text('FROM invar:latest\nCOPY program /program\nHEALTHCHECK NONE\nENTRYPOINT ["/program"]\n'
                                           'CMD ["-listen", "0.0.0.0:4040"]\n')
        self.docker("build", "-q", "-t", tag, str(folder))
        self.addCleanup(self.docker, "rmi", "-f", tag)

    def test_the_compose_file_with_a_server_runs(self):
        """As it stands, but for the server, which speaks Pyroscope's protocol under the image's name."""
        file = yaml.safe_load((SOURCE / "packaging/compose/pyroscope.yaml").read_text())
        self.image_of("pyroscope", file["services"]["pyroscope"]["image"])
        self.image_of("target", "shop:latest")
        self.compose_up("pyroscope.yaml", DOCKER_SOCKET=f"{self.place}/sock")
        self.docker("run", "-d", "--name", "cart", "--network", "invar_default", "--label", "profiles.grafana.com/port=4040", "shop:latest")
        self.addCleanup(self.docker, "rm", "-f", "-v", "cart")
        address = self.docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "invar_pyroscope_1")

        def services():
            asked = subprocess.run(["nsenter", "--net", "--target", str(self.daemon.process.pid), "curl", "-s", "--noproxy", "*",
                                    f"http://{address}:4040/test/received"], capture_output=True, text=True)
            received = json.loads(asked.stdout)["received"] if asked.returncode == 0 else []
            return {row["labels"]["service_name"] for row in received or [] if row["labels"]}

        until("profiles of the container and of Invar", lambda: services() == {"cart", "invar"}, 60)
        until("healthy", lambda: self.docker("inspect", "-f", "{{.State.Health.Status}}", "invar_invar_1") == "healthy")


class Compose(Case):
    def test_the_configuration_beside_a_server_is_valid(self):
        file = str(SOURCE / "packaging/compose/pyroscope.alloy")
        done = run("validate", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(run("fmt", "-t", file).returncode, 0)


if __name__ == "__main__":
    unittest.main()
