"""What the end-to-end tests share: starting programs, waiting for what must happen, and asking Invar over HTTP.

Every wait polls with a deadline; every program is stopped by its own process id. Ports come from the kernel.
The environment says where the programs are: INVAR (the binary), INTEROP (the Go programs), SOURCE (the repository).
"""

import ctypes
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

INVAR = os.environ["INVAR"]
INTEROP = pathlib.Path(os.environ["INTEROP"])
SOURCE = pathlib.Path(os.environ["SOURCE"])
GO = "/usr/lib/go-1.19/bin/go" if os.path.exists("/usr/lib/go-1.19/bin/go") else shutil.which("go")

# Loopback traffic must never take a proxy from the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(what, check, seconds=30):
    """Calls `check` until it returns something true, and returns that; fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_port():
    """A port that the kernel gives nobody else before a program listens there, and that no other test file is likely to choose."""
    while True:
        port = random.randrange(10_000, 32_000)  # below the ports of outgoing connections
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def fetch(url, method="GET", headers=None, data=None, context=None):
    """(status, headers, body) of a request; errors of HTTP are answers too."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    opener = OPENER if context is None else urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=60) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def have_own_tmp():
    """From now on this process and what it starts have a /tmp of their own, for programs that leave files there; what it returns ends that."""
    if ctypes.CDLL(None).unshare(0x20000) != 0:  # CLONE_NEWNS: it is not allowed here
        return lambda: None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-e2e-tmp.", dir="/tmp"))
    folder.chmod(0o1777)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    if SOURCE.is_relative_to("/tmp"):
        (folder / SOURCE.relative_to("/tmp")).mkdir(parents=True)
        subprocess.run(["mount", "--rbind", SOURCE, folder / SOURCE.relative_to("/tmp")], check=True)
    subprocess.run(["mount", "--rbind", folder, "/tmp"], check=True)

    def end():
        subprocess.run(["umount", "--lazy", "/tmp"], check=True)
        subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)

    return end


class Program:
    """A child process that prints "listening HOST:PORT" on its first line."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words[:1] == ["listening"], f"{command} said {words}"
        self.address = words[1]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class PyroscopeServer(Program):
    def __init__(self, *flags):
        super().__init__(INTEROP / "pyroscope", *flags)

    def state(self):
        return json.loads(fetch(f"http://{self.address}/test/received")[2])

    def received(self, **labels):
        return [r for r in self.state()["received"]
                if all((r["labels"] or {}).get(k.replace("_name__", "__name__") if k == "_name__" else k) == v
                       for k, v in labels.items())]

    def of_type(self, name):
        return [r for r in self.state()["received"] if (r["labels"] or {}).get("__name__") == name]

    def mode(self, mode, **more):
        query = "&".join(f"{k}={v}" for k, v in {"mode": mode, **more}.items())
        fetch(f"http://{self.address}/test/mode?{query}", method="POST", data=b"")


class Invar:
    """One running `invar run` in a folder of its own."""

    def __init__(self, config, *flags, folder=None, wait=True, wrapper=(), env=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="invar-e2e."))
        self.config = self.folder / "config.alloy"
        self.config.write_text(config)
        self.log_path = self.folder / "invar.log"
        self.log_file = open(self.log_path, "a")
        self.process = subprocess.Popen(
            [*wrapper, INVAR, "run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={self.folder}/storage", *flags,
             str(self.config)], stdout=subprocess.PIPE, stderr=self.log_file, text=True, cwd=self.folder,
            env={**os.environ, **(env or {})})
        self.banner = ""
        self.address = None
        if wait:
            for line in self.process.stdout:
                self.banner += line
                if match := re.match(r"\s*status\s+https?://([^/\s]+)/", line):
                    self.address = match.group(1)
                if line.strip().startswith("stop"):
                    break
            if not self.address:
                self.stop()
                raise AssertionError(f"did not start: {self.log()}")

    def log(self):
        return self.log_path.read_text()

    def get(self, path, **kwargs):
        return fetch(f"http://{self.address}{path}", **kwargs)

    def text(self, path):
        status, _, body = self.get(path)
        assert status == 200, f"{path} answered {status}: {body[:200]}"
        return body.decode()

    def metrics(self):
        """{(name, frozenset of labels): value}"""
        out = {}
        for line in self.text("/metrics").splitlines():
            if line.startswith("#"):
                continue
            match = re.match(r"([^{ ]+)(?:\{(.*)\})? (\S+)", line)
            labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
            out[match.group(1), labels] = float(match.group(3))
        return out

    def metric(self, name, **labels):
        """Sum of the series of `name` that carry these labels."""
        return sum(v for (n, have), v in self.metrics().items() if n == name and set(labels.items()) <= have)

    def details(self, component):
        return json.loads(self.text(f"/api/v0/web/components/{component}"))

    def rows(self, component, block):
        """The debug info's blocks of one name, each a dict of attribute values."""
        return [{s["name"]: s["value"]["value"] for s in b["body"] if s["type"] == "attr"}
                for b in self.details(component)["debugInfo"] if b["name"] == block]

    def send(self, number):
        self.process.send_signal(number)

    def rewrite(self, config):
        self.config.write_text(config)

    def close(self):
        """Ends it, if it still runs, and removes its folder."""
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Ends it and returns (exit status, seconds it took)."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop within {seconds} s; log:\n{self.log()[-3000:]}")
        finally:
            self.process.stdout.close()
            self.log_file.close()
        return status, time.monotonic() - started


class Stream:
    """An answer of Invar without an end."""

    def __init__(self, invar, path):
        self.connection = http.client.HTTPConnection(invar.address, timeout=60)
        self.connection.request("GET", path)
        self.response = self.connection.getresponse()
        self.got = ""
        if self.response.status != 200:
            raise AssertionError(f"{path}: {self.response.status} {self.response.read()}")

    def until(self, *patterns, seconds=60):
        """Reads until all were seen, whenever that was; the match of the last."""
        deadline = time.monotonic() + seconds
        while True:
            found = [re.search(pattern, self.got) for pattern in patterns]
            if all(found):
                return found[-1]
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {patterns} in\n{self.got[-3000:]}")
            more = self.response.read1(1 << 16)
            if not more:
                raise AssertionError(f"the stream ended before {patterns}:\n{self.got[-3000:]}")
            self.got += more.decode()

    def until_end(self):
        while more := self.response.read1(1 << 16):
            self.got += more.decode()

    def stop(self):
        self.connection.close()


def run(*arguments, stdin=None, cwd=None):
    """A command of invar that ends by itself."""
    return subprocess.run([INVAR, *arguments], input=stdin, capture_output=True, text=True, timeout=60, cwd=cwd)


def top_functions(profile):
    """The functions that `go tool pprof -top` names."""
    done = subprocess.run([GO, "tool", "pprof", "-top", "-nodecount=500", str(profile)], capture_output=True, text=True,
                          env={**os.environ, "PPROF_TMPDIR": tempfile.gettempdir()})
    assert done.returncode == 0, done.stderr
    return done.stdout


def pprofcheck(*files):
    done = subprocess.run([INTEROP / "pprofcheck", *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class HandlerServer:
    """A small HTTP server of the test's own: `answer(handler)` does what it likes with each request."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                answer(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def outputs(invar, component):
    """The targets that discovery.relabel exports, as dictionaries."""
    return targets(invar, component, "output")


def targets(invar, component, name="targets"):
    """The exported targets as dictionaries."""
    for export in invar.details(component)["exports"]:
        if export["name"] == name:
            return [{pair["key"]: pair["value"]["value"] for pair in target["value"]} for target in export["value"]["value"]]
    return []


class Case(unittest.TestCase):
    """Stops what a test started, in reverse order, and removes its folders."""

    def start(self, thing):
        self.addCleanup(thing.stop)
        return thing

    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-e2e."))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def invar(self, config, *flags, **kwargs):
        instance = Invar(config, *flags, **kwargs)
        self.addCleanup(instance.close)
        return instance

    def target(self, *flags):
        return self.start(Program(INTEROP / "target", *flags))

    def server(self, *flags):
        return self.start(PyroscopeServer(*flags))
