"""Invar profiles itself and archives locally: the embedded default of `make run`, and /debug/pprof for Go's tools."""

import os
import pathlib
import pty
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import INVAR, SOURCE, Case, pprofcheck, top_functions, until


class SelfProfiling(Case):
    def test_the_default_configuration_archives_real_profiles(self):
        config = (SOURCE / "examples/local.alloy").read_text().replace('"15s"', '"2s"')
        invar = self.invar(config)
        for words in ("collects    1 target", "keeps in    data-invar/archive", "status      http://", "go tool pprof"):
            self.assertIn(words, invar.banner)
        archive = invar.folder / "data-invar/archive"

        def archived():
            """The files and their sample types, once CPU time is among them: an idle Invar uses none, so keep it busy."""
            for _ in range(50):
                invar.text("/metrics")
            files = sorted(archive.glob("*.pb.gz"))
            checked = pprofcheck(*files)
            return (files, checked) if any("cpu/nanoseconds" in c["types"] for c in checked) and len(files) >= 8 else None

        files, checked = until("profiles of every kind are archived", archived)
        self.assertEqual([f for f in archive.iterdir() if f.name.endswith(".tmp")], [])
        kinds = {tuple(c["types"]) for c in checked}
        self.assertIn(("samples/count", "cpu/nanoseconds"), kinds)
        self.assertIn(("alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"), kinds)
        self.assertTrue(any("invar::" in f for c in checked for f in c["functions"]))
        for file in files:
            top_functions(file)
            subprocess.run(["gzip", "-t", str(file)], check=True)
        until("the ledger shows them", lambda: invar.metric("pyroscope_ledger_sent_total") >= 8)
        status, seconds = invar.stop(signal.SIGINT)
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def test_ctrl_c_ends_make_run_without_an_error(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "c.alloy").write_text("")
        (folder / "Makefile").write_text(f"run:\n\t@exec {SOURCE}/tools/run_foreground.sh {INVAR} run "
                                         f"--server.http.listen-addr=127.0.0.1:0 --storage.path={folder}/s {folder}/c.alloy\n")
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(folder)
            os.execvp("make", ["make", "run"])
        said = b""
        while b"Invar is running" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        try:
            while data := os.read(terminal, 4096):
                said += data
        except OSError:  # how a terminal says that nobody writes any more
            pass
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, said)
        self.assertNotIn(b"Error", said)

    def test_go_tools_read_every_profile(self):
        invar = self.invar("")
        folder = pathlib.Path(invar.folder)
        for name in ("heap", "allocs", "goroutine", "mutex", "block", "profile?seconds=2"):
            status, headers, body = invar.get(f"/debug/pprof/{name}")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"), name)
            file = folder / f"{name.split('?')[0]}.pb.gz"
            file.write_bytes(body)
            pprofcheck(file)
            top_functions(file)
        stacks = pprofcheck(folder / "goroutine.pb.gz")[0]
        self.assertGreaterEqual(stacks["totals"][0], 3, "loop and workers")
        self.assertTrue(any("invar::" in f for f in stacks["functions"]), stacks["functions"])
        self.assertGreater(stacks["frames_with_lines"], 0)
        self.assertIn(b"run\0", invar.get("/debug/pprof/cmdline")[2])
        self.assertIn(b"profile?seconds", invar.get("/debug/pprof/")[2])
        self.assertEqual(invar.get("/debug/pprof/nope")[0], 404)
        self.assertEqual(invar.get("/debug/pprof/profile?seconds=x")[0], 400)

    def test_a_second_cpu_profile_is_refused_in_the_known_words(self):
        invar = self.invar("")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(invar.get("/debug/pprof/profile?seconds=3"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused, done = sorted(answers, key=lambda a: -a[0])
        self.assertEqual((refused[0], done[0]), (500, 200))
        self.assertIn(b"cpu profiling already in use", refused[2])

    def test_profiling_can_be_switched_off(self):
        invar = self.invar("", "--server.http.enable-pprof=false")
        self.assertEqual(invar.get("/debug/pprof/heap")[0], 404)


if __name__ == "__main__":
    unittest.main()
