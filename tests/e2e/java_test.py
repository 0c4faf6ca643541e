"""pyroscope.java against real JVMs: what it measures, what it leaves alone, and what it leaves behind."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import SOURCE, Case, HandlerServer, Stream, fetch, free_port, have_own_tmp, run, top_functions, until

PROGRAM = SOURCE / "tests/e2e/java/Load.java"
MISSING = [p for p in ("java", "javac", "unshare", "setpriv") if not shutil.which(p)]
SMALL = ["-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
CLASSES = None


def setUpModule():
    global CLASSES
    if MISSING:
        raise unittest.SkipTest(f"not installed: {', '.join(MISSING)}")
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root makes namespaces and users")
    unittest.addModuleCleanup(have_own_tmp())  # a JVM that is killed leaves its socket there, async-profiler stays for the next one
    CLASSES = tempfile.mkdtemp(prefix="invar-e2e-java.")
    os.chmod(CLASSES, 0o755)
    subprocess.run(["javac", "--release", "8", "-d", CLASSES, str(PROGRAM)], check=True)


def tearDownModule():
    shutil.rmtree(CLASSES, ignore_errors=True)


class Jvm:
    """A JVM that runs Load; `wrap` is what it is started by, which may put it into namespaces."""

    def __init__(self, *flags, wrap=(), java="java"):
        self.process = subprocess.Popen([*wrap, java, *SMALL, *flags, "-cp", CLASSES, "Load"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = ""
        while not self.said.endswith("ready\n"):
            line = self.process.stdout.readline()
            assert line, f"the JVM did not start: {self.said}"
            self.said += line
        self.pid = self.java_below(self.process.pid)

    @staticmethod
    def java_below(pid):
        """The JVM itself, where others started it."""
        while pathlib.Path(f"/proc/{pid}/comm").read_text() != "java\n":
            pid = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        self.said += line
        return line

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def config(archive, *targets, interval="1h", arguments="", profiling=""):
    rows = "".join(f'    {{"__process_pid__" = "{pid}", "service_name" = "load-{pid}"}},\n' for pid in targets)
    return f"""
pyroscope.java "j" {{
  targets = [
{rows}  ]
  forward_to = [pyroscope.fsdump.d.receiver]
  {arguments}
  profiling_config {{
    interval = "{interval}"
    {profiling}
  }}
}}

pyroscope.fsdump "d" {{
  target_directory = "{archive}"
}}
"""


class JavaCase(Case):
    def jvm(self, *flags, **kwargs):
        return self.start(Jvm(*flags, **kwargs))

    def states(self, invar):
        return {int(row["pid"]): row for row in invar.rows("pyroscope.java.j", "profiled_targets")}

    def results(self, invar):
        """How rounds have ended so far."""
        return {dict(labels)["result"] for (name, labels), value in invar.metrics().items()
                if name == "pyroscope_java_rounds_total" and value > 0}

    def recording(self, invar, *pids):
        until("the recordings", lambda: all(self.states(invar)[p]["state"] == "recording" for p in pids))

    def error(self, invar, pid):
        return until("an error", lambda: self.states(invar)[pid].get("error_msg"))

    def listed(self, archive):
        done = run("archive", "ls", "--json", str(archive))
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def profiled(self, archive):
        """The services of which a profile is there."""
        return {row["labels"]["service_name"] for row in self.listed(archive)}

    def top(self, archive, selector, sample_type):
        """(the sum, {function: with what it calls}) of all profiles together."""
        done = self.ask_top(archive, selector, sample_type)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        return found["totals"][0][0], {row["name"]: row["total"][0][0] for row in found["rows"]}

    def ask_top(self, archive, selector, sample_type):
        return run("archive", "top", "--json", "--limit=0", "--selector", selector, "--sample-type", sample_type, str(archive))

    def functions_so_far(self, archive, selector, sample_type):
        """Those with a value; none while there is no such profile."""
        done = self.ask_top(archive, selector, sample_type)
        return {row["name"] for row in json.loads(done.stdout)["rows"] if row["total"][0][0] > 0} if done.returncode == 0 else set()

    def assert_nothing_left(self, pid, directory="/tmp"):
        root = pathlib.Path(f"/proc/{pid}/root{directory}")
        own_number = re.search(r"NSpid:.*\t(\d+)\n", pathlib.Path(f"/proc/{pid}/status").read_text())[1]
        self.assertEqual([p.name for p in root.glob(f"asprof-*-{own_number}-*")], [])
        self.assertEqual([p.name for p in root.glob(".attach_pid*")], [])
        self.assertFalse(list(pathlib.Path(f"/proc/{pid}/cwd").glob(".attach_pid*")))


class Values(JavaCase):
    def test_cpu_allocations_and_locks_are_what_the_program_measured(self):
        archive = self.folder() / "archive"
        jvm = self.jvm()
        invar = self.invar(config(archive, jvm.pid))
        self.recording(invar, jvm.pid)
        before = jvm.cpu_seconds()
        jvm.tell("go")
        time.sleep(4)
        jvm.tell("stop")
        measured = re.match(r"allocated (\d+) waited (\d+)", jvm.hear())
        spent = jvm.cpu_seconds() - before
        self.assertEqual(invar.stop()[0], 0)

        names = {row["labels"]["__name__"] for row in self.listed(archive)}
        self.assertLessEqual({"process_cpu", "memory", "mutex"}, names)
        self.assertEqual({(row["labels"]["pyroscope_spy"], row["labels"]["jfr_event"]) for row in self.listed(archive)},
                         {("invar.java", "itimer")})

        total, cpu = self.top(archive, '{__name__="process_cpu"}', "cpu")
        self.assertAlmostEqual(total / 1e9, spent, delta=0.1 * spent + 0.05)
        self.assertGreater(cpu["Load.hot"], 0.8 * total)

        _, memory = self.top(archive, '{__name__="memory"}', "alloc_in_new_tlab_bytes")
        allocated = int(measured[1])
        self.assertAlmostEqual(memory["Load.waste"], allocated, delta=0.15 * allocated)

        _, mutex = self.top(archive, '{__name__="mutex"}', "delay")
        waited = int(measured[2])
        self.assertAlmostEqual(mutex["Load.contend"], waited, delta=0.1 * waited)
        self.assert_nothing_left(jvm.pid)

    def test_rounds_follow_each_other_without_a_gap(self):
        archive = self.folder() / "archive"
        jvm = self.jvm()
        jvm.tell("go")
        invar = self.invar(config(archive, jvm.pid, interval="1s", profiling="per_thread = true"))
        self.start(Stream(invar, "/api/v1/live/pyroscope.java.j")).until(
            r'"type":"process_cpu","bytes":[1-9]\d*,"destination":"pyroscope\.fsdump\.d","outcome":"accepted"')
        until("four rounds", lambda: invar.metric("pyroscope_java_rounds_total", result="success") >= 4)
        gaps = invar.metric("pyroscope_java_unprofiled_seconds_total")
        self.assertLess(gaps / 3, 0.25)  # 13 ms on a machine of its own
        self.assertEqual(self.results(invar), {"success"})
        row = self.states(invar)[jvm.pid]
        self.assertRegex(row["jvm"], "VM version")
        self.assertRegex(row["library"], r"^/tmp/invar-asprof-[0-9a-f]{16}-0/libasyncProfiler\.so$")
        invar.stop()
        self.assert_nothing_left(jvm.pid)
        done = run("archive", "merge", "--selector", '{__name__="process_cpu"}', "-o", str(self.folder() / "m.pb.gz"), str(archive))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_other_versions(self):
        """JDK 8, 11, 21 and one for musl as tools/build_sdks.sh installs them, and what else is installed here."""
        pinned = sorted(pathlib.Path(os.environ["SDKS"]).glob("jdk-*/home/bin/java"))
        if not shutil.which("musl-gcc"):
            pinned = [java for java in pinned if "musl" not in str(java)]  # its zlib is made by that
        found = [*pinned, *{p.resolve() for p in pathlib.Path("/usr/lib/jvm").glob("*/bin/java")}]
        if os.uname().machine == "x86_64":
            self.assertGreaterEqual(len(pinned), 3)
        archive = self.folder() / "archive"
        jvms = [self.jvm(java=str(java)) for java in found]
        for jvm in jvms:
            jvm.tell("go")
        invar = self.invar(config(archive, *(jvm.pid for jvm in jvms), interval="2s"))
        kinds = (("process_cpu", "cpu", "Load.hot"), ("memory", "alloc_in_new_tlab_bytes", "Load.waste"), ("mutex", "delay", "Load.contend"))
        for java, jvm in zip(found, jvms):
            with self.subTest(java):
                for name, sample_type, function in kinds:
                    selector = f'{{service_name="load-{jvm.pid}", __name__="{name}"}}'
                    until(f"{name} of {java}", lambda: archive.exists() and function in self.functions_so_far(archive, selector, sample_type))
        invar.stop()
        for jvm in jvms:
            self.assert_nothing_left(jvm.pid)

    def test_twenty_cost_little_and_nothing_grows(self):
        """For 500 rounds, and for the pauses of the JVMs: bench/java_rounds.py."""
        with concurrent.futures.ThreadPoolExecutor(4) as starters:
            jvms = list(starters.map(lambda _: self.jvm(), range(20)))
        jvms[0].tell("go")
        invar = self.invar(config(self.folder() / "archive", *(jvm.pid for jvm in jvms), interval="1s"))

        def after(rounds):
            until(f"{rounds} rounds", lambda: invar.metric("pyroscope_java_rounds_total") >= rounds, 60)
            proc = pathlib.Path(f"/proc/{invar.process.pid}")
            fields = (proc / "stat").read_text().rsplit(")", 1)[1].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            return invar.metric("pyroscope_java_rounds_total"), cpu, len(os.listdir(proc / "fd")), int(fields[17])

        rounds, cpu, files, threads = after(40)
        rounds_then, cpu_then, files_then, threads_then = after(140)
        self.assertLess((cpu_then - cpu) / (rounds_then - rounds), 0.020)
        self.assertLessEqual(files_then, files + 20)  # a round under way has some open
        self.assertLessEqual(threads_then, threads)
        self.assertEqual(self.results(invar), {"success"})
        self.assertGreater(invar.metric("pyroscope_java_events_total", type="jdk.ExecutionSample"), 0)
        invar.stop()
        for jvm in jvms:
            self.assert_nothing_left(jvm.pid)


class Recordings(JavaCase):
    """Fresh recordings, pushed as SDKs push them, against what the JDK's own tool reads in them."""

    KINDS = {"jdk.ExecutionSample": ("process_cpu", "cpu", 0), "jdk.ObjectAllocationInNewTLAB": ("memory", "alloc_in_new_tlab_bytes", 1),
             "jdk.ObjectAllocationSample": ("memory", "alloc_sample_bytes", 1), "jdk.JavaMonitorEnter": ("mutex", "delay", 1),
             "jdk.ThreadPark": ("block", "delay", 1)}

    def sums(self, recording):
        """{event: [count, amount]} of what has a stack, as `jfr print` has it."""
        done = subprocess.run(["python3", "-B", str(SOURCE / "testdata/jfr/expect.py"), str(recording)], check=True,
                              capture_output=True, text=True)
        sums = {}
        for line in done.stdout.splitlines():
            event, count, amount, _ = line.split(" ", 3)
            total = sums.setdefault(event, [0, 0])
            total[0] += int(count)
            total[1] += int(amount)
        return sums

    def test_hold_what_jfr_print_says(self):
        folder = self.folder()
        archive = folder / "archive"
        port = free_port()
        first = self.jvm()
        first.tell("go")
        invar = self.invar(config(folder / "rounds", first.pid) + f"""
pyroscope.receive_http "sdk" {{
  http {{
    listen_address = "127.0.0.1"
    listen_port    = {port}
  }}
  forward_to = [pyroscope.fsdump.sdk.receiver]
}}
pyroscope.fsdump "sdk" {{ target_directory = "{archive}" }}
""")
        self.recording(invar, first.pid)
        library = self.states(invar)[first.pid]["library"]
        recordings = {"agent": folder / "agent.jfr", "jdk": folder / "jdk.jfr"}
        writers = {"agent": f"-agentpath:{library}=start,jfr,file={recordings['agent']},event=itimer,interval=5ms,alloc=64k,lock=1ms",
                   "jdk": f"-XX:StartFlightRecording=filename={recordings['jdk']},settings=profile"}
        jvms = [self.jvm(flag) for flag in writers.values()]
        for jvm in jvms:
            jvm.tell("go")
        time.sleep(1.5)
        for jvm in jvms:
            jvm.tell("stop")
            until("its figures", lambda: jvm.hear().startswith("allocated"))
            jvm.process.stdin.close()
            jvm.process.wait(20)
            jvm.process.stdin = open(os.devnull, "w")
        for name, recording in recordings.items():
            status, _, body = fetch(f"http://127.0.0.1:{port}/ingest?name={name}&format=jfr&from=1&until=2", method="POST",
                                    data=recording.read_bytes(), headers={"Content-Type": "application/octet-stream"})
            self.assertEqual(status, 200, body)
        until("both", lambda: archive.exists() and len(self.listed(archive)) == 2)
        for name, recording in recordings.items():
            sums = self.sums(recording)
            self.assertIn("jdk.ExecutionSample", sums)
            for event, (kind, sample_type, is_amount) in self.KINDS.items():
                if event not in sums:
                    continue
                with self.subTest(f"{name} {event}"):
                    total, _ = self.top(archive, f'{{service_name="{name}", __name__="{kind}"}}', sample_type)
                    interval = 1 if is_amount else (5_000_000 if name == "agent" else 10_000_000)
                    self.assertEqual(total, sums[event][is_amount] * interval)
        exported = folder / "cpu.pb.gz"
        done = run("archive", "export", "--format", "pprof", "--selector", '{service_name="agent", __name__="process_cpu"}',
                   "--output", str(exported), str(archive))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Load.hot", top_functions(exported))


class Guide(JavaCase):
    def test_the_hosts_configuration_profiles_what_runs(self):
        """As it stands, but for the server's address, in a PID namespace with one JVM."""
        pushed = []

        def answer(handler):
            body = handler.rfile.read(int(handler.headers["Content-Length"]))
            pushed.append(body)
            handler.send_response(200)
            handler.send_header("Content-Type", "application/proto")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        server = self.start(HandlerServer(answer))
        text = re.search(r"^```alloy\n(.*?)^```", (SOURCE / "docs/guides/java.md").read_text(), re.M | re.S)[1]
        folder = self.folder()
        (folder / "c.alloy").write_text(text.replace("http://pyroscope:4040", f"http://{server.address}"))
        with open(folder / "log", "w") as log:
            both = subprocess.Popen(["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                                     f'(echo go; sleep 300) | java -Xmx64m -cp {CLASSES} Load & exec "$@"', "sh", os.environ["INVAR"], "run",
                                     "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/s", str(folder / "c.alloy")],
                                    stdout=log, stderr=log)
        self.addCleanup(both.wait)
        self.addCleanup(both.kill)
        init = int(until("the namespace", lambda: pathlib.Path(f"/proc/{both.pid}/task/{both.pid}/children").read_text()).split()[0])
        until("the library in the JVM", lambda: any("libasyncProfiler" in p.read_text() for p in self.maps_in(init)))
        time.sleep(2)  # what is recorded before the end
        os.kill(init, signal.SIGTERM)
        until("its profiles", lambda: b"process_cpu" in b"".join(pushed))
        self.assertIn(b"invar.java", b"".join(pushed))

    @staticmethod
    def maps_in(init):
        """The maps of the processes in its PID namespace."""
        inside = os.readlink(f"/proc/{init}/ns/pid")
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "ns/pid") == inside:
                    yield folder / "maps"
            except OSError:
                pass


class Lives(JavaCase):
    def test_a_killed_invar_loses_nothing_and_leaves_nothing(self):
        archive = self.folder() / "archive"
        jvm = self.jvm()
        jvm.tell("go")
        first = self.invar(config(archive, jvm.pid))
        self.recording(first, jvm.pid)
        time.sleep(0.5)
        first.process.kill()
        first.process.wait()
        self.assertEqual(len(list(pathlib.Path("/tmp").glob(f"asprof-*-{jvm.pid}-*.jfr"))), 1)
        again = self.invar(first.config.read_text(), folder=first.folder)
        self.recording(again, jvm.pid)
        until("what was recorded before", lambda: self.profiled(archive) == {f"load-{jvm.pid}"})
        again.stop()
        self.assert_nothing_left(jvm.pid)

    def test_a_recording_that_nobody_ends_ends_by_itself(self):
        archive = self.folder() / "archive"
        jvm = self.jvm()
        jvm.tell("go")
        first = self.invar(config(archive, jvm.pid, interval="2s"))
        self.recording(first, jvm.pid)
        first.process.kill()
        first.process.wait()
        recording, = pathlib.Path("/tmp").glob(f"asprof-*-{jvm.pid}-*.jfr")

        def finished():
            """Its chunk has its real size instead of the one that stands for none."""
            header = recording.read_bytes()[:16]
            return len(header) == 16 and int.from_bytes(header[8:16], "big") != 1 << 30

        self.assertFalse(finished())
        until("the end of the recording", finished)
        again = self.invar(first.config.read_text(), folder=first.folder)
        until("what was recorded before", lambda: archive.exists() and self.profiled(archive))
        self.recording(again, jvm.pid)
        self.assertFalse(recording.exists())
        again.stop()
        self.assert_nothing_left(jvm.pid)

    def test_a_server_that_hangs_holds_up_no_round(self):
        asked, over = [], threading.Event()

        def answer(handler):
            asked.append(handler.path)
            over.wait(60)

        server = self.start(HandlerServer(answer))
        self.addCleanup(over.set)
        jvm = self.jvm()
        jvm.tell("go")
        text = config("unused", jvm.pid, interval="1s").split("pyroscope.fsdump \"d\"")[0].replace("pyroscope.fsdump.d", "pyroscope.write.d")
        invar = self.invar(text + f'pyroscope.write "d" {{\n  endpoint {{ url = "http://{server.address}" }}\n}}\n')
        until("a push that hangs", lambda: asked)
        rounds = invar.metric("pyroscope_java_rounds_total", result="success")
        until("three rounds more", lambda: invar.metric("pyroscope_java_rounds_total", result="success") >= rounds + 3)
        self.assertEqual(invar.metric("pyroscope_write_sent_profiles_total"), 0)
        self.assertLess(invar.metric("pyroscope_java_unprofiled_seconds_total") / (rounds + 3), 0.25)

    def test_another_profiler_is_left_alone_and_named(self):
        folder = self.folder()
        jvm = self.jvm()
        jvm.tell("go")
        first = self.invar(config(folder / "first", jvm.pid, interval="2s"))
        self.recording(first, jvm.pid)
        second = self.invar(config(folder / "second", jvm.pid, interval="2s"))
        self.assertEqual(self.error(second, jvm.pid), "another profiler is running in this JVM")
        rounds = first.metric("pyroscope_java_rounds_total", result="success")
        until("rounds of the first", lambda: first.metric("pyroscope_java_rounds_total", result="success") >= rounds + 2)
        second.stop()
        until("rounds of the first", lambda: first.metric("pyroscope_java_rounds_total", result="success") >= rounds + 4)
        self.assertEqual(self.results(first), {"success"})
        first.stop()
        self.assert_nothing_left(jvm.pid)

    def test_jvms_come_and_go_as_discovery_finds_them(self):
        archive = self.folder() / "archive"
        marker = f"-Dtest.marker={os.getpid()}-{time.monotonic_ns()}"
        rule = f"""
discovery.process "all" {{
  refresh_interval = "1s"
  discover_config {{
    exe         = true
    commandline = true
  }}
}}

discovery.relabel "java" {{
  targets = discovery.process.all.targets
  rule {{
    source_labels = ["__meta_process_exe"]
    regex         = ".*/java"
    action        = "keep"
  }}
  rule {{
    source_labels = ["__meta_process_commandline"]
    regex         = ".*{marker}.*"
    action        = "keep"
  }}
  rule {{
    source_labels = ["__process_pid__"]
    target_label  = "service_name"
  }}
}}
"""
        text = rule + re.sub(r"targets = \[\n  \]", "targets = discovery.relabel.java.output", config(archive, interval="1s"))
        invar = self.invar(text)
        jvms = [self.jvm(marker) for _ in range(6)]
        for jvm in jvms:
            jvm.tell("go")
        pids = {str(jvm.pid) for jvm in jvms}
        until("profiles of all", lambda: archive.exists() and self.profiled(archive) >= pids)
        for jvm in jvms[1:]:
            jvm.stop()
        new = self.jvm(marker)
        new.tell("go")
        until("the new one", lambda: str(new.pid) in self.profiled(archive))
        until("the old ones gone", lambda: set(self.states(invar)) == {jvms[0].pid, new.pid})
        self.assertEqual(invar.get("/-/healthy")[0], 200)
        for not_an_end in ("no_answer", "recording_refused"):
            self.assertEqual(invar.metric("pyroscope_java_rounds_total", result=not_an_end), 0)
        invar.stop()
        for jvm in (jvms[0], new):
            self.assert_nothing_left(jvm.pid)


class Untouched(JavaCase):
    def test_what_is_no_jvm_or_does_not_want_it_gets_no_signal(self):
        sleeper = subprocess.Popen(["sleep", "300"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        disabled, deaf, stopped, good = (self.jvm("-XX:+DisableAttachMechanism"), self.jvm("-Xrs"), self.jvm(), self.jvm())
        stopped.process.send_signal(signal.SIGSTOP)
        archive = self.folder() / "archive"
        invar = self.invar(config(archive, sleeper.pid, disabled.pid, deaf.pid, stopped.pid, good.pid, interval="1s"))
        self.recording(invar, good.pid)
        self.assertEqual(self.error(invar, sleeper.pid), "not a HotSpot JVM: libjvm.so is not loaded")
        self.assertEqual(self.error(invar, disabled.pid), "attaching is disabled by -XX:+DisableAttachMechanism")
        self.assertEqual(self.error(invar, deaf.pid), "attaching is disabled by -Xrs")
        self.assertEqual(self.error(invar, stopped.pid), "JVM does not answer: it is stopped")
        stopped.process.send_signal(signal.SIGCONT)
        self.recording(invar, stopped.pid)
        invar.stop()
        self.assertIsNone(sleeper.poll(), "it died of a signal")
        for jvm in (disabled, deaf):
            jvm.tell("go")
            jvm.tell("stop")
            jvm.hear()
            self.assertNotIn("Full thread dump", jvm.said)

    def test_a_wrong_dist_is_said_at_once(self):
        folder = self.folder()
        (folder / "c.alloy").write_text(config(folder / "a", 1, arguments=f'dist = "{folder}/none"'))
        done = subprocess.run([os.environ["INVAR"], "run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/s",
                               str(folder / "c.alloy")], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("asprof lib not found", done.stderr)


if __name__ == "__main__":
    unittest.main()
