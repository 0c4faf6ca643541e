"""pyroscope.java and JVMs that do not just run beside it: in containers of a real Docker daemon (another user, read-only roots, noexec
mounts, attaching disabled; as a pod's), with the number of one that has ended.

The image holds a run-time made of Debian's OpenJDK by jlink, the libraries it needs, a busybox and the program."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import docker_test
import java_test
from harness import SOURCE, until
from kubernetes_peer import Kube, why_not

MISSING = docker_test.MISSING + [program for program in ("jlink", "javac") if not shutil.which(program)]
CONFIG = """
discovery.docker "d" {
  host             = "unix://%(folder)s/sock"
  refresh_interval = "1s"
}

discovery.process "p" {
  join             = discovery.docker.d.targets
  refresh_interval = "1s"
}

discovery.relabel "java" {
  targets = discovery.process.p.targets
  rule {
    source_labels = ["__meta_process_exe", "__meta_docker_container_label_test"]
    regex         = ".*/java;%(label)s"
    action        = "keep"
  }
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.+)"
    target_label  = "service_name"
  }
}

pyroscope.java "j" {
  targets    = discovery.relabel.java.output
  forward_to = [pyroscope.fsdump.d.receiver]
  profiling_config {
    interval = "1s"
  }
}

pyroscope.fsdump "d" {
  target_directory = "archive"
}
"""

setUpModule, tearDownModule = java_test.setUpModule, java_test.tearDownModule


def image(folder):
    """The root file system with the JVM, as a tar archive."""
    root = pathlib.Path(folder) / "java"
    (root / "bin").mkdir(parents=True)
    for name in ("tmp", "var/tmp"):  # what is mounted there takes their modes
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o1777)
    shutil.copy(shutil.which("busybox"), root / "bin/sh")
    home = pathlib.Path(shutil.which("jlink")).resolve().parent.parent
    subprocess.run(["jlink", "--add-modules", "java.base,java.management,jdk.management", "--strip-debug", "--no-header-files",
                    "--no-man-pages", "--output", root / "jre"], check=True, capture_output=True)
    for part in ("bin/java", "lib/server/libjvm.so", "lib/libjava.so", "lib/libmanagement_ext.so"):
        subprocess.run([SOURCE / "packaging/copy_libraries.sh", root / "jre" / part, root / "lib/x86_64-linux-gnu", "--with-libc"], check=True,
                       env={**os.environ, "LD_LIBRARY_PATH": f"{home}/lib:{home}/lib/server"})
    for library in ("libdl.so.2", "libpthread.so.0", "librt.so.1"):  # of the C library, for async-profiler
        shutil.copy(f"/lib/x86_64-linux-gnu/{library}", root / "lib/x86_64-linux-gnu")
    loader = subprocess.run(["readelf", "-p", ".interp", root / "jre/bin/java"], check=True, capture_output=True, text=True).stdout
    loader = pathlib.Path("/" + loader.split("] ")[1].split(" ")[-1].strip().lstrip("/"))
    (root / loader.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
    shutil.copy(loader.resolve(), root / loader.relative_to("/"))
    subprocess.run(["javac", "--release", "11", "-d", root, java_test.PROGRAM], check=True)
    archive = f"{folder}/java.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    shutil.rmtree(root)
    return archive


@unittest.skipIf(os.geteuid() != 0, "a container daemon needs root")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Docker(java_test.JavaCase):
    def setUp(self):
        super().setUp()
        self.place = tempfile.mkdtemp(prefix="invar-docker.")
        self.label = os.path.basename(self.place)
        self.start(docker_test.dockerd(self.place)).wait()
        until("docker", lambda: subprocess.run(["docker", "-H", f"unix://{self.place}/sock", "version"], capture_output=True).returncode == 0)
        self.docker("import", image(self.place), "java:1")

    def docker(self, *arguments):
        done = subprocess.run(["docker", "-H", f"unix://{self.place}/sock", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def run_jvm(self, name, *options, flags=""):
        self.docker("run", "-d", "--name", name, "--network", "host", "--user", "1000:1000", "--read-only", "--label", f"test={self.label}",
                    *options, "java:1", "/bin/sh", "-c", f"(echo go; sleep 3600) | /jre/bin/java -Xmx64m -XX:+UseSerialGC {flags} -cp / Load")
        self.addCleanup(self.docker, "rm", "-f", "-v", name)

    def test_containers_with_little_room_for_files(self):
        self.run_jvm("plain", "--tmpfs", "/tmp:exec,mode=1777")
        self.run_jvm("noexec", "--tmpfs", "/tmp:noexec,mode=1777", "--tmpfs", "/var/tmp:exec,mode=1777")
        self.run_jvm("nowhere", "--tmpfs", "/tmp:noexec,mode=1777")
        self.run_jvm("disabled", "--tmpfs", "/tmp:exec,mode=1777", flags="-XX:+DisableAttachMechanism")
        invar = self.invar(CONFIG % {"folder": self.place, "label": self.label})

        def rows():
            found = {row["target"].split('"service_name"="')[1].split('"')[0]: row
                     for row in invar.rows("pyroscope.java.j", "profiled_targets")}
            return found if len(found) == 4 and all(row["state"] != "waiting" for row in found.values()) else None

        states = until("all four", rows)
        archive = invar.folder / "archive"
        until("profiles of the good ones", lambda: archive.exists() and self.profiled(archive) == {"plain", "noexec"})
        states = rows()
        self.assertTrue(states["plain"]["library"].startswith("/tmp/"), states["plain"])
        self.assertTrue(states["noexec"]["library"].startswith("/var/tmp/"), states["noexec"])
        self.assertEqual(states["noexec"]["directory"], "/tmp")
        self.assertIn("no writable, executable directory in the container; mount an emptyDir at /tmp", states["nowhere"]["error_msg"])
        self.assertEqual(states["disabled"]["error_msg"], "attaching is disabled by -XX:+DisableAttachMechanism")
        invar.stop()
        for name in ("plain", "noexec"):
            self.assertGreater(self.top(archive, f'{{service_name="{name}", __name__="process_cpu"}}', "cpu")[1]["Load.hot"], 0)
            self.assert_nothing_left(int(states[name]["pid"]))
        for name in ("nowhere", "disabled"):
            self.assertNotIn("Full thread dump", self.docker("logs", name))

    def test_the_page_for_kubernetes(self):
        """The page's configuration as it stands but for the server's address and the interval, as in a pod of the node."""
        if reason := why_not():
            self.skipTest(reason)
        kube = self.start(Kube())
        for space, node in (("near", "n1"), ("far", "n2")):
            self.run_jvm(space, "--tmpfs", "/tmp:exec,mode=1777")
            kube.namespace(space)
            kube.pod(space, "shop-1", ip="10.5.0.1", node=node)
            container = self.docker("inspect", "--format", "{{.Id}}", space)
            kube.patch(f"/api/v1/namespaces/{space}/pods/shop-1/status", {"status": {"containerStatuses": [
                {"name": "app", "containerID": f"containerd://{container}", "image": "app:1", "imageID": "", "ready": True,
                 "restartCount": 0, "state": {"running": {}}}]}})
        server = self.server()
        page = (SOURCE / "docs/guides/java.md").read_text()
        config = next(c for c in re.findall(r"^```alloy\n(.*?)^```", page, re.M | re.S) if "discovery.kubernetes" in c)
        for there, here in (("http://pyroscope.profiling.svc:4040", f"http://{server.address}"), ('"30s"', '"1s"')):
            self.assertIn(there, config)
            config = config.replace(there, here)
        pod = kube.as_in_a_pod("near")
        self.invar(config, wrapper=pod["wrapper"], env={**pod["env"], "NODE_NAME": "n1"})
        arrived = until("its profiles", lambda: server.received(service_name="java/near/app", _name__="process_cpu"), 60)[0]
        self.assertEqual((arrived["labels"]["namespace"], arrived["labels"]["pod"]), ("near", "shop-1"))
        self.assertTrue(any(f.startswith("Load.") for f in arrived["functions"]), arrived["functions"])
        self.assertFalse(server.received(service_name="java/far/app"), "a pod of another node")


@unittest.skipIf(os.geteuid() != 0, "only root makes namespaces")
@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class SameNumber(java_test.JavaCase):
    """Invar and two JVMs, one after the other, in a PID namespace where the second gets the number of the first."""

    START = """
        exec 3<>stdin
        jvm() {
          echo go >&3
          echo 99 >/proc/sys/kernel/ns_last_pid
          java -Xmx64m -XX:+UseSerialGC -cp classes Load <&3 >$1 2>&1 &
        }
        (jvm first; read _ <again; kill -9 100; wait; jvm second; wait) &
        exec "$@"
        """

    def test_a_new_jvm_with_the_number_of_an_old_one_is_profiled(self):
        folder = self.folder()
        for fifo in ("stdin", "again"):
            os.mkfifo(folder / fifo)
        subprocess.run(["javac", "--release", "8", "-nowarn", "-d", folder / "classes", java_test.PROGRAM], check=True)
        invar = self.invar(java_test.config("archive", 100, interval="1s"), folder=folder, wrapper=(
            "unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "sh", "-c", self.START, "sh"))
        self.addCleanup(invar.process.wait)
        self.addCleanup(invar.process.kill)
        rounds = lambda: invar.metric("pyroscope_java_rounds_total", result="success")
        until("a round of the first", lambda: rounds() >= 1)
        (folder / "again").write_text("now\n")
        until("the second runs", lambda: (folder / "second").exists())
        before = rounds()
        until("rounds of the second", lambda: rounds() >= before + 2)
        self.assertEqual(list(self.states(invar)), [100])


UNSHARE = ["unshare", "--pid", "--mount", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]


def inside(mounts, user="1000"):
    """A JVM's start in namespaces of its own, with these commands before it, as another user."""
    drop = f"exec setpriv --reuid {user} --regid {user} --clear-groups" if user else "exec"
    return [*UNSHARE, f"cd /; {mounts}; {drop} \"$@\"", "sh"]


def tmpfs(path, *options):
    return f"mkdir -p {path}; mount -t tmpfs -o {','.join(['mode=1777', *options])} tmpfs {path}"


class Containers(java_test.JavaCase):
    def setUp(self):
        if subprocess.run(["unshare", "--pid", "--mount", "--net", "--fork", "--mount-proc", "true"], capture_output=True).returncode != 0:
            self.skipTest("no namespaces can be made here")
        self.archive = self.folder() / "archive"

    def contained(self, mounts, user="1000", then="true"):
        # The classes are outside of the new /tmp; they are handed over.
        keep = f"mkdir -p /run/invar-e2e; mount -t tmpfs tmpfs /run/invar-e2e; cp {java_test.CLASSES}/* /run/invar-e2e; chmod 755 /run/invar-e2e"
        back = f"mkdir -p {java_test.CLASSES}; mount --bind /run/invar-e2e {java_test.CLASSES}"
        self.addCleanup(lambda: os.path.isdir("/run/invar-e2e") and os.rmdir("/run/invar-e2e"))
        return self.jvm(wrap=inside(f"{keep}; {mounts}; {back}; {then}", user))

    def test_another_user_in_namespaces_of_its_own(self):
        jvm = self.contained(tmpfs("/tmp"))
        jvm.tell("go")
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="1s"))
        until("its profiles", lambda: self.archive.exists() and self.profiled(self.archive))
        root = pathlib.Path(f"/proc/{jvm.pid}/root/tmp")
        self.assertEqual([p.name.split("-")[-1] for p in root.glob("invar-asprof-*")], ["1000"])
        self.assertEqual({p.stat().st_uid for p in root.glob("invar-asprof-*/*")}, {1000})
        invar.stop()
        self.assert_nothing_left(jvm.pid)

    def test_a_read_only_or_noexec_directory_is_passed_over(self):
        jvm = self.contained(f"{tmpfs('/tmp', 'noexec')}; {tmpfs('/var/tmp')}")
        jvm.tell("go")
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="1s"))
        until("its profiles", lambda: self.archive.exists() and self.profiled(self.archive))
        row = self.states(invar)[jvm.pid]
        self.assertTrue(row["library"].startswith("/var/tmp/"), row)
        self.assertEqual(row["directory"], "/tmp")
        invar.stop()
        self.assert_nothing_left(jvm.pid)

    def test_a_read_only_tmp_is_said_and_no_signal_sent(self):
        jvm = self.contained(tmpfs("/tmp"), then="mount -o remount,ro /tmp")
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="1s"))
        self.assertIn("mount an emptyDir at /tmp", self.error(invar, jvm.pid))
        invar.stop()
        jvm.tell("go")
        jvm.tell("stop")
        jvm.hear()
        self.assertNotIn("Full thread dump", jvm.said)

    def test_nowhere_to_put_files_is_said_once(self):
        jvm = self.contained("; ".join(tmpfs(path, "noexec") for path in ("/tmp", "/var/tmp", "/dev/shm")))
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="1s"))
        self.assertIn("no writable, executable directory in the container; mount an emptyDir at /tmp", self.error(invar, jvm.pid))
        self.assertIn("no target can be profiled", invar.get("/-/healthy")[2].decode() + invar.text("/"))

    def test_links_out_of_the_container_are_not_followed(self):
        outside = self.folder()
        os.chmod(outside, 0o1777)
        jvm = self.contained(f"{tmpfs('/tmp')}; mkdir -p {outside}; ln -s /proc/1/root{outside} /tmp/planted; "
                             f"ln -s /etc /tmp/.java_pid1; chown -h 1000 /tmp/.java_pid1")
        jvm.tell("go")
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="1s", arguments='tmp_dir = "/tmp/planted"'))
        until("its profiles", lambda: self.archive.exists() and self.profiled(self.archive))
        self.assertEqual(self.states(invar)[jvm.pid]["directory"], "/tmp")
        invar.stop()
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_recording_replaced_by_a_link_is_refused(self):
        jvm = self.contained(tmpfs("/tmp"))
        jvm.tell("go")
        invar = self.invar(java_test.config(self.archive, jvm.pid, interval="2s"))
        self.recording(invar, jvm.pid)
        tmp = pathlib.Path(f"/proc/{jvm.pid}/root/tmp")
        recording, = tmp.glob("asprof-*.jfr")
        recording.unlink()
        recording.symlink_to("/etc/passwd")
        os.lchown(recording, 1000, 1000)
        until("the refusal", lambda: invar.metric("pyroscope_java_rounds_total", result="recording_refused") >= 1)
        until("the next round", lambda: invar.metric("pyroscope_java_rounds_total", result="success") >= 1)
        invar.stop()
        self.assertTrue(pathlib.Path("/etc/passwd").exists())
        self.assert_nothing_left(jvm.pid)


if __name__ == "__main__":
    unittest.main()
