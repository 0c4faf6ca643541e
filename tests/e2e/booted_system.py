"""A copy of this system that its own systemd has booted, in namespaces of its own: every change is thrown away.

Only what systemd itself needs runs in it; its services start when they are asked for."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import until

BOOT = """
mount -t tmpfs none "$FOLDER"
cd "$FOLDER"; mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
rm -f root/var/lib/man-db/auto-update  # packages that come and go would have all pages indexed anew
cd root
mount -t proc none proc
mount --bind proc/sys proc/sys; mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 none dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/shm dev/pts; mount -t tmpfs none dev/shm; ln -s /proc/self/fd dev/fd; ln -s pts/ptmx dev/ptmx; touch dev/console
mount -t tmpfs -o mode=755 none run; mount -t tmpfs none tmp
mkdir old; pivot_root . old; umount -l old; rmdir old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no systemd.unit=basic.target
"""


def why_not():
    """Why none can be booted here; None where one can."""
    if os.geteuid() != 0:
        return "only root makes namespaces"
    if not os.path.exists("/lib/systemd/systemd"):
        return "systemd is not installed"
    if not any("cgroup2" in line.split()[2] for line in pathlib.Path("/proc/mounts").read_text().splitlines()):
        return "there are no control groups of version 2"
    return None


class BootedSystem:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="invar-booted.")
        mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        self.cgroup = pathlib.Path(next(where for _, where, kind, *_ in mounts if kind == "cgroup2")) / pathlib.Path(self.folder).name
        self.cgroup.mkdir()
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo 0 >"$CGROUP/cgroup.procs"; exec unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child sh -ec "$BOOT"'],
            env={**os.environ, "FOLDER": self.folder, "CGROUP": str(self.cgroup), "BOOT": BOOT}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until("systemd runs", self.init)
        until("it has booted", lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"))

    def init(self):
        """systemd's process id out here."""
        assert self.process.poll() is None, "it did not boot"
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.pid = children[0] if children else None
        return self.pid and pathlib.Path(f"/proc/{self.pid}/comm").read_text() == "systemd\n"

    def run(self, *command):
        return subprocess.run(["nsenter", "-t", self.pid, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "env", "-i",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *map(str, command)],
                              capture_output=True, text=True, timeout=120)

    def stop(self):
        os.kill(int(self.pid), signal.SIGKILL)
        self.process.wait(20)
        def empty():
            for folder, _, _ in sorted(os.walk(self.cgroup), reverse=True):
                try:
                    os.rmdir(folder)
                except OSError:
                    return False  # what ended is still on its way out
            return True
        until("its control groups are empty", empty)
        shutil.rmtree(self.folder, ignore_errors=True)
