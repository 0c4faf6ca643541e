"""Debian's etcd, for tests: on loopback, without the disk's time."""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess

from harness import fetch, free_port, until

NO_ETCD = None if shutil.which("etcd") else "etcd is not installed (package etcd-server)"


class Etcd:
    """One member of an etcd, which can be killed and started again with its data. `members`: all of them, and their ports for each other;
    `host`: the address for clients."""

    def __init__(self, folder, *flags, scheme="http", name="default", members=None, host="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        members = members or {name: free_port()}
        self.host, self.port, peer = host, free_port(), members[name]
        self.url = f"{scheme}://{host}:{self.port}"
        self.command = ["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                        "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                        "--initial-cluster", ",".join(f"{n}=http://127.0.0.1:{p}" for n, p in members.items()), "--name", name, "--heartbeat-interval", "50", "--election-timeout", "500",
                        "--unsafe-no-fsync", *flags]
        self.start(wait=len(members) == 1)

    def start(self, wait=True):
        self.log = open(self.folder / "etcd.log", "a")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        if wait:
            self.wait()

    def wait(self):
        def listens():
            if self.process.poll() is not None:
                raise AssertionError("etcd ended: " + (self.folder / "etcd.log").read_text()[-1000:])
            with contextlib.suppress(OSError):
                socket.create_connection((self.host, self.port), 1).close()
                return True

        until("etcd listens", listens)

    def ask(self, path, token=None, **body):
        status, _, answer = fetch(self.url + path, "POST", {"Authorization": token} if token else {}, json.dumps(body).encode())
        assert status == 200, (path, answer)
        return json.loads(answer)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
