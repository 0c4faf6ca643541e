"""`invar archive`: what people do with an archive on disk. Files are written here from docs/formats/archive.md alone."""

import base64
import fcntl
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
import zlib

from harness import INVAR, SOURCE, Case, HandlerServer, fetch, pprofcheck, run, top_functions, until

START = 1_789_000_000  # 2026-09-10 00:26:40
PROFILES = SOURCE / "testdata/profiles"


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def profile(value, taken, function="main.work"):
    """A small pprof profile: one stack of one function, gzipped as Go does."""
    strings = [b"", b"cpu", b"nanoseconds", function.encode()]
    raw = field(1, field(1, 1) + field(2, 2)) + field(2, field(1, varint(1)) + field(2, varint(value)))
    raw += field(4, field(1, 1) + field(4, field(1, 1) + field(2, 7))) + field(5, field(1, 1) + field(2, 3) + field(3, 3))
    raw += b"".join(field(6, s) for s in strings) + field(9, taken * 10**9)
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (b"\x1f\x8b\x08" + bytes(6) + b"\xff" + deflate.compress(raw) + deflate.flush() +
            struct.pack("<II", zlib.crc32(raw), len(raw)))


def archived(labels, taken, body, origin="pyroscope.fsdump.a", ingest=None):
    """(name, bytes) of the file in which an archive keeps `body`."""
    record = lambda tag, content: bytes([tag]) + varint(len(content)) + content
    records = b"".join(record(1, varint(len(n.encode())) + n.encode() + v.encode()) for n, v in sorted(labels.items()))
    records += record(2, struct.pack("<Q", int(taken * 1e9))) + record(3, origin.encode())
    records += record(5, b"\x01" if ingest else b"\x00")
    if ingest:
        records += record(6, b"\x02") + record(8, b"/ingest") + record(9, ingest.encode()) + record(10, b"binary/octet-stream")
        packed = gzip.compress(body, mtime=0)
    else:
        records += record(6, b"\x00")
        packed = body
    ours = b"Iv" + struct.pack("<H", len(records) + 6) + b"\x01\x00" + struct.pack("<I", zlib.crc32(records)) + records
    name = bytearray(struct.pack(">Q", int(taken * 1000))[2:] + os.urandom(10))
    name[6] = 0x70 | name[6] & 15
    name[8] = 0x80 | name[8] & 63
    text = name.hex()
    uuid = "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
    return (uuid + (".ingest.gz" if ingest else ".pb.gz"),
            packed[:3] + b"\x04" + packed[4:10] + struct.pack("<H", len(ours)) + ours + packed[10:])


class Archive(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-archive."))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.folder]))
        self.profiles = self.folder / "profiles"
        self.profiles.mkdir()
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")

    def store(self, labels, taken, body, **more):
        name, data = archived(labels, taken, body, **more)
        (self.profiles / name).write_bytes(data)
        return self.profiles / name

    def fill(self, count, service="api", start=START):
        """So many different profiles; {sha256 of the body: path}"""
        out = {}
        for i in range(count):
            body = profile(1000 + i, start + i)
            path = self.store({"__name__": "process_cpu", "service_name": service, "n": str(i)}, start + i, body)
            out[hashlib.sha256(body).hexdigest()] = path
        return out

    def archive(self, *arguments, status=0, **more):
        done = subprocess.run([INVAR, "archive", *map(str, arguments)], capture_output=True, timeout=120, **more)
        self.assertEqual(done.returncode, status, done.stdout.decode(errors="replace")[-2000:] + done.stderr.decode())
        return done

    def text(self, *arguments, **more):
        return self.archive(*arguments, **more).stdout.decode()

    def terminal(self, columns, *arguments, end=lambda text: False):
        """What a command prints on a terminal of that width, as one text."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        child = subprocess.Popen([INVAR, "archive", *map(str, arguments)], stdout=slave, stderr=slave)
        os.close(slave)
        out = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                if not data:
                    break
                out += data
                if end(out.decode(errors="replace")):
                    break
        if end(out.decode(errors="replace")):
            child.kill()
        child.wait(30)
        os.close(master)
        return out.decode()


class Looking(Archive):
    def test_what_fsdump_wrote_is_listed_shown_and_read_by_go(self):
        target = self.target()
        invar = self.invar(f"""
pyroscope.scrape "app" {{
	targets         = [{{"__address__" = "{target.address}", "service_name" = "shop"}}]
	forward_to      = [pyroscope.fsdump.a.receiver]
	scrape_interval = "2s"
}}
pyroscope.fsdump "a" {{
	target_directory = "{self.profiles}"
}}
""")
        listed = lambda *flags: [json.loads(line) for line in self.text("ls", "--json", *flags, self.profiles).splitlines()]
        until("two CPU profiles", lambda: len(listed("--selector", 'process_cpu{service_name="shop"}')) >= 2)
        invar.stop()
        rows = listed("--selector", "process_cpu")
        self.assertTrue(all(r["labels"]["service_name"] == "shop" and r["origin"] == "pyroscope.fsdump.a" for r in rows))
        self.assertIn("0 damaged", self.text("verify", self.profiles))
        self.assertIn("origin    pyroscope.fsdump.a", self.text("show", rows[0]["file"]))
        self.assertIn("busyLoop", self.text("top", "--selector", "process_cpu", self.profiles))
        merged = self.folder / "merged.pb.gz"
        self.archive("merge", "--selector", "process_cpu", "-o", merged, self.profiles)
        self.assertIn("busyLoop", top_functions(merged))
        self.assertEqual(len(pprofcheck(merged)), 1)

    def test_cat_gives_the_original_bytes(self):
        body = (PROFILES / "prom-heap-1.pb.gz").read_bytes()
        path = self.store({"__name__": "memory"}, START, body)
        self.assertEqual(self.archive("cat", path).stdout, body)
        self.assertEqual(gzip.decompress(path.read_bytes()), gzip.decompress(body))
        raw = b"JFR\0 whatever"
        self.assertEqual(self.archive("cat", self.store({"__name__": "x"}, START, raw, ingest="name=app")).stdout, raw)

    def test_a_table_fits_the_terminal(self):
        self.store({"__name__": "process_cpu", "service_name": "a-service-with-a-long-name", **{f"label{i}": "value" for i in range(9)}},
                   START, profile(1, START))
        for columns in (100, 140):
            lines = self.terminal(columns, "ls", self.profiles).splitlines()
            self.assertTrue(all(len(line) <= columns for line in lines), lines)
            self.assertTrue(any("a-s" in line and "…" in line for line in lines), lines)
        self.assertNotIn("…", self.text("ls", self.profiles))

    def test_who_stops_reading_hears_nothing(self):
        self.fill(3000)
        shell = subprocess.run(["bash", "-c", f'"{INVAR}" archive ls --json "{self.profiles}" | head -1; echo "${{PIPESTATUS[0]}}"'],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(shell.stderr, "")
        self.assertEqual(shell.stdout.splitlines()[-1], str(128 + signal.SIGPIPE))

    def test_errors_name_the_file_and_give_a_status(self):
        good = self.store({"__name__": "process_cpu"}, START, profile(1, START))
        bad = self.store({"__name__": "process_cpu"}, START + 1, profile(2, START))
        data = bytearray(bad.read_bytes())
        data[-12] ^= 0xff
        bad.write_bytes(data)
        for command in ("verify", "top", "tree", "merge", "export"):
            done = self.archive(command, self.profiles, status=1)
            self.assertIn(str(bad), done.stderr.decode(), command)
            self.assertNotIn(str(good), done.stderr.decode(), command)
        self.assertIn("1 files are good", self.text("verify", self.profiles, status=1))
        self.assertIn("no such file or directory", self.archive("ls", "/no/such/folder", status=1).stderr.decode())
        self.assertIn("Error: requires at least 1 path", self.archive("top", status=1).stderr.decode())
        self.assertIn("unknown flag: --selecto (did you mean --selector?)", self.archive("ls", "--selecto=x", good, status=1).stderr.decode())
        full = subprocess.run(f'"{INVAR}" archive ls "{self.profiles}" > /dev/full', shell=True, capture_output=True, text=True)
        self.assertEqual(full.returncode, 1)
        self.assertIn("cannot write to standard output", full.stderr)

    def test_binary_output_is_kept_from_the_terminal(self):
        self.assertIn("name a file with -o", self.terminal(80, "merge", PROFILES / "prom-heap-1.pb.gz"))

    def test_names_from_outside_steer_no_terminal(self):
        hostile = "\x1b[2Jmain\u202e.work\x07"
        self.store({"__name__": "process_cpu", "service_name": hostile, "a\x1b]0;b\x07": "c"}, START,
                   profile(1000, START, hostile + "\x9b1m"))
        other = self.store({"__name__": "process_cpu", "service_name": "x"}, START, profile(2000, START, hostile))
        for command in (["ls"], ["show"], ["top"], ["tree"], ["cat"], ["verify"], ["diff", other], ["export", "--format", "folded"]):
            text = self.terminal(200, *command, self.profiles).replace("\r\x1b[K", "").replace("\r\n", "\n")
            self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", command)

    def test_prune_removes_what_it_says(self):
        old, new = self.fill(3), self.fill(2, start=int(time.time()) - 60)
        foreign = self.profiles / "other.pb.gz"
        foreign.write_bytes(profile(1, START))
        self.assertIn("would remove 3 of 3", self.text("prune", "--older-than", "1h", "--dry-run", self.profiles))
        self.assertTrue(all(p.exists() for p in old.values()))
        self.assertIn("removed 3 of 3", self.text("prune", "--older-than", "1h", self.profiles))
        self.assertFalse(any(p.exists() for p in old.values()))
        self.assertTrue(all(p.exists() for p in new.values()) and foreign.exists())

    def test_every_command_has_help_with_examples(self):
        words = re.findall(r"^  ([a-z]+) ", self.text("--help"), re.M)
        self.assertGreaterEqual(set(words), {"ls", "show", "cat", "verify", "prune", "top", "tree", "merge", "diff", "export", "replay"})
        for word in words:
            self.assertIn("Examples:\n  invar archive " + ("" if word == "flame" else word), self.text(word, "--help"))
            self.assertEqual(run("help", "archive", word).stdout, self.text(word, "--help"))

    def test_other_programs_take_what_is_exported(self):
        heap = PROFILES / "prom-heap-1.pb.gz"
        folded = self.text("export", "--format", "folded", "--sample-type", "alloc_space", heap).splitlines()
        rows = json.loads(self.text("top", "--json", "--sample-type", "alloc_space", heap))
        self.assertEqual(sum(int(line.rsplit(" ", 1)[1]) for line in folded), rows["totals"][0][0])
        scope = json.loads(self.text("export", "--format", "speedscope", heap))
        self.assertEqual([p["name"] for p in scope["profiles"]], ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"])
        for p, total in zip(scope["profiles"], json.loads(self.text("top", "--json", heap))["totals"][0]):
            self.assertEqual((p["type"], sum(p["weights"]), p["endValue"]), ("sampled", total, total))
            self.assertEqual(len(p["samples"]), len(p["weights"]))
            self.assertTrue(all(0 <= f < len(scope["shared"]["frames"]) for s in p["samples"] for f in s))
        out = self.folder / "out.pb.gz"
        self.archive("export", "--format", "pprof", "-o", out, heap)
        self.assertIn("newStripeSeries", top_functions(out))

    def test_sides_of_a_diff(self):
        for i, (version, value) in enumerate([("1", 100), ("1", 100), ("2", 500)]):
            self.store({"__name__": "process_cpu", "version": version}, START + 60 * i, profile(value, START))
        by_label = json.loads(self.text("diff", "--json", f'{self.profiles}{{version="1"}}', f'{self.profiles}{{version="2"}}'))
        by_time = json.loads(self.text("diff", "--json", f"{self.profiles}@2026-09-10..2026-09-10 00:28", f"{self.profiles}@2026-09-10 00:28.."))
        for table in (by_label, by_time):
            self.assertEqual(table["totals"], [[200], [500]])
        self.assertIn("main.work", self.text("diff", f'{self.profiles}{{version="1"}}', f'{self.profiles}{{version="2"}}'))


class Replay(Archive):
    def replay(self, server, *flags, **more):
        return self.archive("replay", "--to", f"http://{server.address}", *flags, self.profiles, **more)

    def assert_exact(self, server, bodies):
        state = server.state()
        self.assertEqual(state["problems"], None)
        self.assertEqual(sorted(r["sha256"] for r in state["received"]), sorted(bodies))

    def test_ten_thousand_profiles_arrive_once_and_byte_for_byte(self):
        bodies, server = self.fill(10_000), self.server()
        done = self.replay(server, "--keep-time")
        self.assertRegex(done.stdout.decode(), r"TAKEN +SENT +REFUSED +EXPIRED +DROPPED +TYPE\n +10000 +10000 +0 +0 +0 +process_cpu\n")
        self.assert_exact(server, bodies)
        received = server.state()["received"]
        self.assertTrue(all(r["labels"] == {"__name__": "process_cpu", "service_name": "api", "n": r["labels"]["n"]} for r in received))
        self.assertEqual(sorted(int(r["labels"]["n"]) for r in received), list(range(10_000)))
        self.assertEqual(sorted(r["time_nanos"] for r in received), [(START + i) * 10**9 for i in range(10_000)])
        self.assertFalse(list((self.folder / "state").rglob("*.json")), "nothing to resume is left behind")

    def test_ctrl_c_and_the_same_command_again(self):
        bodies, server = self.fill(400), self.server()
        for attempt in range(10):
            child = subprocess.Popen([INVAR, "archive", "replay", "--to", f"http://{server.address}", "--rate", "150/s", self.profiles],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            before = len(server.state()["received"])
            if attempt < 2:
                until("some are sent", lambda: len(server.state()["received"]) >= before + 100)
                child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
            if attempt > 0:
                self.assertIn("sent before", err)
            if child.returncode == 0:
                break
            self.assertEqual(child.returncode, 130, err)
            self.assertIn("the same command goes on from there", out)
        self.assertEqual(attempt, 2)
        self.assert_exact(server, bodies)

    def test_a_killed_replay_repeats_little(self):
        bodies, server = self.fill(600), self.server()
        command = [INVAR, "archive", "replay", "--to", f"http://{server.address}", "--rate", "100/s", self.profiles]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("some are sent", lambda: len(server.state()["received"]) >= 250)
        child.kill()
        child.wait()
        self.archive("replay", "--to", f"http://{server.address}", "--rate", "100/s", self.profiles)
        got = [r["sha256"] for r in server.state()["received"]]
        self.assertEqual(set(got), set(bodies))
        self.assertLess(len(got) - len(bodies), 250, "not everything again")

    def test_a_server_in_trouble_gets_everything_in_the_end(self):
        bodies, server = self.fill(300), self.server()
        server.mode("unavailable", count=10)
        self.replay(server)
        self.assert_exact(server, bodies)

    def test_a_server_that_stays_away_stops_the_replay(self):
        self.fill(50)
        config = self.folder / "endpoint.alloy"
        config.write_text('endpoint {\n\turl = "http://127.0.0.1:9"\n\tmin_backoff_period = "10ms"\n\tmax_backoff_period = "20ms"\n'
                          '\tmax_backoff_retries = 2\n}\n')
        done = self.archive("replay", "--config", config, self.profiles, status=1)
        self.assertIn(str(self.profiles), done.stderr.decode())
        self.assertIn("refused", done.stderr.decode())
        self.assertIn("the same command goes on from there", done.stdout.decode())
        # The server is back: the same archive, all of it.
        server = self.server()
        config.write_text(config.read_text().replace("127.0.0.1:9", server.address))
        self.archive("replay", "--config", config, self.profiles)
        self.assertEqual(len(server.state()["received"]), 50)

    def test_what_the_server_refuses_is_named_and_the_rest_sent(self):
        bodies, server = self.fill(20), self.server()
        broken = self.store({"__name__": "process_cpu", "service_name": "api"}, START + 1000, b"\x1f\x8bnot a profile at all")
        empty = self.store({"__name__": "process_cpu", "service_name": "api"}, START + 1001, profile(0, START))
        done = self.replay(server, status=1)
        self.assertIn(str(broken), done.stderr.decode())
        self.assertIn(f"{empty}: empty profile", done.stderr.decode())
        self.assert_exact(server, bodies)

    def test_wrong_credentials_end_it_at_once(self):
        self.fill(20)
        server = self.server()
        server.mode("unauthenticated")
        started = time.monotonic()
        done = self.replay(server, status=1)
        self.assertLess(time.monotonic() - started, 20)
        self.assertIn("401", done.stderr.decode())
        self.assertEqual(server.state()["received"], [])

    def test_times_move_to_now_and_keep_their_distances(self):
        self.fill(10)
        self.store({"__name__": "x", "service_name": "s"}, START + 20, b"JFR", ingest=f"from={START + 10}&name=app&until={(START + 20) * 1000}")
        server = self.server()
        now = time.time()
        self.replay(server, "--shift-to-now")
        received = server.state()["received"]
        times = sorted(r["time_nanos"] / 1e9 for r in received if r["path"] == "push")
        self.assertEqual(len(times), 10)
        for i, taken in enumerate(times):
            self.assertAlmostEqual(taken, now - 20 + i, delta=10)
            self.assertAlmostEqual(taken - times[0], i, delta=1e-3)
        query = dict(part.split("=") for part in next(r["query"] for r in received if r["path"] == "/ingest").split("&"))
        self.assertAlmostEqual(int(query["from"]), now - 10, delta=10)
        self.assertAlmostEqual(int(query["until"]) / 1000, now, delta=10)
        self.assertEqual(server.state()["problems"], None)

    def test_what_the_endpoint_asks_for(self):
        self.fill(1)
        server, password, token = self.server(), self.folder / "password", self.folder / "token"
        password.write_text("hush")
        token.write_text("t0ken")
        self.replay(server, "--tenant", "squad-1", "--header", "X-Extra: 7", "--basic-auth-user", "me", "--basic-auth-password-file", password)
        self.replay(server, "--bearer-token-file", token, "--restart")
        config = self.folder / "endpoint.alloy"
        config.write_text(f'external_labels = {{ "env" = "test" }}\nendpoint {{\n\turl = "http://{server.address}"\n'
                          f'\tauthorization {{\n\t\ttype = "Custom"\n\t\tcredentials_file = "{token}"\n\t}}\n}}\n')
        self.archive("replay", "--config", config, "--restart", self.profiles)
        first, second, third = server.state()["received"]
        self.assertEqual(first["headers"]["Authorization"], ["Basic " + base64.b64encode(b"me:hush").decode()])
        self.assertEqual((first["headers"]["X-Scope-Orgid"], first["headers"]["X-Extra"]), (["squad-1"], ["7"]))
        self.assertTrue(first["headers"]["User-Agent"][0].startswith("invar/"))
        self.assertEqual(second["headers"]["Authorization"], ["Bearer t0ken"])
        self.assertEqual((third["headers"]["Authorization"], third["labels"]["env"]), (["Custom t0ken"], "test"))

    def test_mistakes(self):
        self.fill(1)
        for flags, message in ((["--to", "ftp://x"], "write http://HOST:PORT"), ([], "say where to"),
                               (["--to", "http://x", "--rate", "fast"], 'invalid argument "fast" for "--rate"'),
                               (["--to", "http://x", "--header", "x"], "write 'Name: value'"),
                               (["--to", "http://x", "--shift-to-now", "--keep-time"], "exclude each other"),
                               (["--config", self.folder / "none"], "no such file")):
            self.assertIn(message, self.archive("replay", *flags, self.profiles, status=1).stderr.decode())
        wrong = self.folder / "wrong.alloy"
        wrong.write_text("endpoint {\n\turll = 1\n}\n")
        self.assertIn(f"{wrong}:2:2: unrecognized attribute name", self.archive("replay", "--config", wrong, self.profiles, status=1).stderr.decode())

    def test_a_dry_run_sends_nothing(self):
        self.fill(7)
        server = self.server()
        text = self.replay(server, "--dry-run", "--shift-to-now", "--selector", '{n=~"[0-4]"}').stdout.decode()
        self.assertIn("would send 5 profiles", text)
        self.assertIn("taken 2026-09-10 00:26:40 to 2026-09-10 00:26:44, sent as ", text)
        self.assertEqual(server.state()["requests"], 0)

    def test_progress_on_a_terminal(self):
        self.fill(300)
        server = self.server()
        text = self.terminal(100, "replay", "--to", f"http://{server.address}", "--rate", "100/s", self.profiles)
        lines = [line for line in text.split("\r\x1b[K") if line.startswith("[")]
        self.assertGreater(len(lines), 3)
        self.assertTrue(all(len(line) < 100 for line in lines[:-1]), lines)
        self.assertRegex(lines[2], r"^\[=* *\] +\d+%  \d+ of 300 files, \d+ sent, \d+/s, \d+s left$")
        self.assertIn("TAKEN", text)


if __name__ == "__main__":
    unittest.main()
