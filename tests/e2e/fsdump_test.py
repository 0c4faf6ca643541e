"""pyroscope.fsdump on real disks: full, read-only, killed, shared with foreign files, beside pyroscope.write."""

import gzip
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import SOURCE, Case, HandlerServer, fetch, free_port, pprofcheck, run, top_functions, until

# Every scrape of this archive gets the same captured profile: the target must cost nothing.
BODY = (SOURCE / "testdata/profiles/prom-goroutine-1.pb.gz").read_bytes()


def answer(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()
    handler.wfile.write(BODY)


def config(address, directory, *, arguments="", targets=1, interval="100ms", also="", more=""):
    rows = "".join(f'\t\t{{"__address__" = "{address}", "service_name" = "shop-{i}"}},\n' for i in range(targets))
    return f"""
pyroscope.scrape "app" {{
	targets = [
{rows}	]
	forward_to      = [pyroscope.fsdump.d.receiver{also}]
	scrape_interval = "{interval}"
	scrape_timeout  = "5s"

	profiling_config {{
		profile.memory {{ enabled = false }}
		profile.block {{ enabled = false }}
		profile.mutex {{ enabled = false }}
		profile.process_cpu {{ enabled = false }}
	}}
}}

pyroscope.fsdump "d" {{
	target_directory = "{directory}"
	{arguments}
}}
{more}"""


def ours(directory):
    return [f for f in pathlib.Path(directory).iterdir() if f.name.endswith((".pb.gz", ".ingest.gz"))]


def bytes_of(files):
    """Their sizes together; what was removed since they were listed counts as nothing."""
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            pass
    return total


class FsDump(Case):
    def setUp(self):
        self.target_address = self.start(HandlerServer(answer)).address

    def tmpfs(self, size):
        """A small file system of its own, or None where this user may not mount one."""
        folder = self.folder()
        if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                                                stderr=subprocess.DEVNULL).returncode == 0:
            self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
            return folder
        print(f"NOT RUN, needs root and the right to mount a tmpfs: {self.id()}")
        return None

    def errors(self, invar):
        return invar.metric("pyroscope_fsdump_write_errors_total")

    def written(self, invar):
        return invar.metric("pyroscope_fsdump_profiles_written_total")

    def survives(self, size, breaks, mends):
        """The disk breaks, is counted and logged once, disturbs no scrape, and the archive goes on by itself."""
        disk = self.tmpfs(size)
        if not disk:
            return
        invar = self.invar(config(self.target_address, disk / "archive", targets=3))
        until("profiles are archived", lambda: self.written(invar) >= 3)
        breaks(disk)
        until("failures are counted", lambda: self.errors(invar) >= 20)
        self.assertEqual(invar.log().count("failed to write profiles"), 1, "one line a minute")
        counted = invar.metrics()  # at one moment
        dropped = sum(v for (name, labels), v in counted.items()
                      if name == "pyroscope_ledger_dropped_total" and ("component_id", "pyroscope.fsdump.d") in labels)
        failed = sum(v for (name, _), v in counted.items() if name == "pyroscope_fsdump_write_errors_total")
        self.assertEqual(dropped, failed)
        for row in invar.rows("pyroscope.scrape.app", "target"):
            self.assertEqual(row["health"], "up")
        health = invar.details("pyroscope.fsdump.d")["health"]
        self.assertEqual(health["state"], "unhealthy")
        self.assertIn("profiles are not stored", health["message"])
        before = self.written(invar)
        mends(disk)
        until("profiles are archived again", lambda: self.written(invar) >= before + 20)
        self.assertEqual(invar.log().count("profiles are written again"), 1)
        self.assertEqual(invar.details("pyroscope.fsdump.d")["health"]["state"], "healthy")
        self.assertEqual([f for f in (disk / "archive").iterdir() if f.name.endswith(".tmp")], [])
        done = run("archive", "verify", "--quiet", str(disk / "archive"))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(invar.stop()[0], 0)

    def test_a_full_disk(self):
        # The disk is smaller than the archive's limit.
        self.survives("300k", lambda disk: None,
                      lambda disk: subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True))

    def test_a_read_only_disk(self):
        # Over the archive lies a read-only file system. (Its own cannot be made one while the lock file is open.)
        self.survives("100m", lambda disk: subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", disk / "archive"], check=True),
                      lambda disk: subprocess.run(["umount", disk / "archive"], check=True))

    def test_kills_leave_no_partial_file(self):
        folder = self.folder()
        text = config(self.target_address, folder / "archive", targets=20, arguments="max_size_bytes = 2000000")
        chance = random.Random(3)
        for _ in range(6):
            invar = self.invar(text)
            until("profiles are archived", lambda: self.written(invar) >= 1)
            # A random moment: it dies at the next of so many answers.
            wanted = self.written(invar) + chance.randrange(1, 60)
            until("more are", lambda: self.written(invar) >= wanted)
            invar.process.kill()
            invar.process.wait()
            done = run("archive", "verify", "--quiet", str(folder / "archive"))
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertLessEqual(bytes_of(ours(folder / "archive")), 2_000_000)

    def test_foreign_files_stay_and_a_lowered_limit_holds_at_once(self):
        archive = self.folder() / "archive"
        (archive / "sub").mkdir(parents=True)
        foreign = {"notes.txt": b"x" * 100_000, "heap.pb.gz": BODY, "0197f000-0000-4000-8000-000000000000.pb.gz": BODY,
                   "sub/0197f000-0000-7000-8000-000000000000.pb.gz": BODY, "other.tmp": b"x"}
        for name, data in foreign.items():
            (archive / name).write_bytes(data)
        strangers = {archive / name for name in foreign}
        invar = self.invar(config(self.target_address, archive, targets=5))
        until("100 files", lambda: len(ours(archive)) >= 100)
        size = max(f.stat().st_size for f in set(ours(archive)) - strangers)
        invar.rewrite(config(self.target_address, archive, targets=5, arguments=f"max_size_bytes = {10 * size}"))
        invar.send(signal.SIGHUP)
        until("the reload removed files", lambda: invar.metric("pyroscope_fsdump_files_removed_total") >= 80)
        for _ in range(20):
            self.assertLessEqual(bytes_of(set(ours(archive)) - strangers), 10 * size)
        self.assertLessEqual(invar.metric("pyroscope_fsdump_current_size_bytes"), 10 * size)
        # One profile alone is larger than the limit: refused, counted, and nothing is removed for it.
        invar.rewrite(config(self.target_address, archive, arguments="max_size_bytes = 1000"))
        invar.send(signal.SIGHUP)
        until("profiles are refused", lambda: invar.metric("pyroscope_ledger_refused_total", reason="too large") >= 1)
        for name, data in foreign.items():
            self.assertEqual((archive / name).read_bytes(), data)

    def test_one_directory_is_one_components(self):
        folder = self.folder()
        (folder / "archive").mkdir()
        (folder / "link").symlink_to(folder / "archive")
        second = f'pyroscope.fsdump "e" {{\n\ttarget_directory = "{folder / "link"}"\n}}\n'
        done = run("run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/storage",
                   str(self.config_file(folder, config(self.target_address, folder / "archive", more=second))))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is already used by pyroscope.fsdump.", done.stderr)
        # Another process is kept out as well.
        self.invar(config(self.target_address, folder / "archive"))
        done = run("run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/storage2",
                   str(self.config_file(folder, config(self.target_address, folder / "archive"))))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is already used by pyroscope.fsdump.d", done.stderr)

    def config_file(self, folder, text):
        (folder / "config.alloy").write_text(text)
        return folder / "config.alloy"

    def test_age_mode_and_sync(self):
        archive = self.folder() / "archive"
        invar = self.invar(config(self.target_address, archive, interval="200ms",
                                  arguments='max_age   = "2s"\n\tsync      = true\n\tfile_mode = "0600"'))
        until("the oldest go", lambda: invar.metric("pyroscope_fsdump_files_removed_total") >= 3)
        for file in ours(archive):
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            self.assertLess(time.time() - file.stat().st_mtime, 5)

    def test_beside_pyroscope_write_and_read_by_everybody(self):
        archive, server = self.folder() / "archive", self.server()
        target = self.target("-stacks=100")
        invar = self.invar(config(target.address, archive, interval="2s", also=", pyroscope.write.out.receiver", more=f"""
pyroscope.write "out" {{
	endpoint {{
		url = "http://{server.address}"
	}}
}}
""").replace("profile.process_cpu { enabled = false }", ""))
        until("both have profiles of both kinds", lambda: len(server.of_type("goroutine")) >= 3 and len(ours(archive)) >= 4
              and len(server.of_type("process_cpu")) >= 1)
        self.assertEqual(invar.stop()[0], 0)
        sent = {r["sha256"]: r for r in server.state()["received"]}
        files = ours(archive)
        matched = 0
        for file in files:
            original = subprocess.run([os.environ["INVAR"], "archive", "cat", file], capture_output=True, check=True).stdout
            self.assertEqual(gzip.decompress(file.read_bytes()), gzip.decompress(original), "the same profile by any reader")
            matched += hashlib.sha256(original).hexdigest() in sent
        self.assertGreaterEqual(matched, len(files) - 1, "the last may not have been sent any more")
        self.assertEqual(len(pprofcheck(*files)), len(files))
        for file in files[:3]:
            top_functions(file)
            subprocess.run(["gzip", "-t", file], check=True)
            self.assertEqual(subprocess.run(["zcat", file], capture_output=True, check=True).stdout, gzip.decompress(file.read_bytes()))
            self.assertIn("gzip compressed data", subprocess.run(["file", file], capture_output=True, text=True, check=True).stdout)

    def test_bodies_of_ingest_come_back_as_they_were(self):
        archive, port = self.folder() / "archive", free_port()
        self.invar(f"""
pyroscope.receive_http "in" {{
	http {{
		listen_address = "127.0.0.1"
		listen_port    = {port}
	}}
	forward_to = [pyroscope.fsdump.d.receiver]
}}

pyroscope.fsdump "d" {{
	target_directory = "{archive}"
}}
""")
        folded = b"main;work;inner 5\nmain;idle 3\n"
        for query, body in (("name=shop.cpu%7Bregion=eu%7D&format=folded", folded), ("name=shop&format=pprof", BODY)):
            self.assertEqual(fetch(f"http://127.0.0.1:{port}/ingest?{query}", "POST", {"Content-Type": "x/y"}, body)[0], 200)
        files = until("both are archived", lambda: len(f := sorted(archive.glob("*.ingest.gz"))) == 2 and f)
        said = [subprocess.run([os.environ["INVAR"], "archive", "cat", file], capture_output=True, check=True).stdout for file in files]
        self.assertEqual(sorted(said), sorted([folded, BODY]))
        shown = "".join(run("archive", "show", str(file)).stdout for file in files)
        for text in ("format=folded", 'region = "eu"', "x/y"):
            self.assertIn(text, shown)


if __name__ == "__main__":
    unittest.main()
