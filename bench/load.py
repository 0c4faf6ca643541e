"""What the macro benchmarks share: the load server, one Invar, and figures of a process."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def program(variable, default):
    return os.environ.get(variable, str(ROOT / default))


class Load:
    """Targets that answer with fixed bytes, and a push endpoint that takes everything."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([program("LOADSERVER", "build/release/interop/loadserver"), *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.targets, self.sink = [], None
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "target":
                self.targets.append(rest[0])
            elif word == "sink":
                self.sink = rest[0]
            else:
                break

    def counts(self):
        """(profiles taken, bytes taken, bodies served)"""
        return [int(x) for x in OPENER.open(f"http://{self.sink}/count").read().split()]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Agent:
    """A running collector: its address and its process."""

    def __init__(self, process, address):
        self.process, self.address = process, address

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def metric(self, name):
        return self.metrics(name)[0]

    def metrics(self, *names):
        """Of one page: what is told since the last one was asked for is told once."""
        text = OPENER.open(f"http://{self.address}/metrics").read().decode()
        return [sum(float(v) for v in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M)) for name in names]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


class Invar(Agent):
    def __init__(self, config, folder, *flags):
        path = pathlib.Path(folder) / "c.alloy"
        path.write_text(config)
        super().__init__(subprocess.Popen([program("INVAR", "build/release/invar"), "run", "--server.http.listen-addr=127.0.0.1:0",
                                           f"--storage.path={folder}/storage", *flags, str(path)],
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True), None)
        for line in self.process.stdout:
            if match := re.match(r"\s*status\s+http://([^/\s]+)/", line):
                self.address = match[1]
            if line.strip().startswith("stop"):
                return
        raise SystemExit("invar did not start")


class Reference(Agent):
    """The reference agent (a Grafana Alloy program), which reads the same file."""

    def __init__(self, path, config, folder):
        file = pathlib.Path(folder) / "c.alloy"
        file.write_text(config)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        super().__init__(subprocess.Popen([path, "run", "--disable-reporting", f"--server.http.listen-addr={address}",
                                           f"--storage.path={folder}/storage", str(file)],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), address)
        while self.process.poll() is None:
            try:
                OPENER.open(f"http://{address}/-/ready").read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{path} did not start")


def config(targets, sink, interval, pinned=None):
    label = f', "__name__" = "{pinned}"' if pinned else ""
    listed = "\n".join(f'\t\t{{"__address__" = "{t}"{label}}},' for t in targets)
    return f"""
pyroscope.scrape "s" {{
	targets = [
{listed}
	]
	forward_to      = [pyroscope.write.w.receiver]
	scrape_interval = "{interval}s"

	profiling_config {{
		profile.memory {{ path = "/heap" }}
		profile.block {{ path = "/block" }}
		profile.goroutine {{ path = "/goroutine" }}
		profile.mutex {{ path = "/mutex" }}
		profile.process_cpu {{ path = "/cpu" }}
	}}
}}

pyroscope.write "w" {{
	endpoint {{
		url = "http://{sink}"
	}}
}}
"""
