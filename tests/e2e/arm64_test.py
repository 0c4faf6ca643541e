"""The packages for ARM64, where `make packages ARCH=arm64` has cross built them: what they say, and the program in them under qemu."""

import shutil
import subprocess
import unittest

from harness import INVAR, SOURCE, Case, fetch, free_port, until

PACKAGES = SOURCE / "build/packages-arm64"
SYSROOT = SOURCE / "build/sysroot-arm64"


def output(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=True, **more).stdout


@unittest.skipUnless(list(PACKAGES.glob("*.deb")), "not built: make packages ARCH=arm64")
class Arm64(Case):
    @classmethod
    def setUpClass(cls):
        cls.deb, cls.rpm = next(PACKAGES.glob("*.deb")), next(PACKAGES.glob("*.rpm"))

    def test_the_packages_are_of_that_processor(self):
        fields = output("dpkg-deb", "-f", self.deb, "Architecture", "Depends")
        for word in ("arm64", "adduser, ca-certificates", "libc6 (>=", "libcurl4", "libisal2", "libssl3", "libstdc++6"):
            self.assertIn(word, fields)
        self.assertEqual(output("rpm", "-qp", "--qf", "%{ARCH}", self.rpm), "aarch64")
        shipped = output("rpm", "-qpl", self.rpm)
        self.assertIn("/usr/lib/invar/libcurl.so.4\n", shipped)
        listed = output("dpkg-deb", "-c", self.deb)
        # Of a package that has no other architectures beside it, of a link to another package's, of a web package, of a library in the rpm.
        for part in ("libisal2", "libstdc++6", "preact", "async-profiler", "libcurl4"):
            for packed in (listed, shipped):
                self.assertIn(f"/usr/share/doc/invar/licences/{part}.txt\n", packed)

    @unittest.skipUnless(shutil.which("qemu-aarch64-static"), "qemu-user-static is not installed")
    def test_the_program_profiles_itself(self):
        folder = self.folder()
        subprocess.run(["dpkg-deb", "-x", self.deb, folder / "root"], check=True)
        listed = output("dpkg-deb", "-c", self.deb)
        for file in ("usr/share/man/man1/invar.1.gz", "usr/share/bash-completion/completions/invar", "lib/systemd/system/invar.service"):
            self.assertIn(f"./{file}\n", listed)
        program = folder / "root/usr/bin/invar"
        self.assertIn("ARM aarch64", output("file", program))
        emulated = ["qemu-aarch64-static", "-L", SYSROOT, program]
        said = subprocess.run([*emulated, "version"], capture_output=True, text=True, check=True)
        self.assertIn("arm64", said.stdout)
        self.assertEqual(said.stderr, "")  # an allocator that does not know a setting says so here
        config = folder / "config.alloy"
        config.write_text((folder / "root/etc/invar/config.alloy").read_text().replace("/var/lib/invar", str(folder)))
        output(*emulated, "validate", config)
        port = free_port()
        with open(folder / "log", "w") as log:
            process = subprocess.Popen([*emulated, "run", f"--server.http.listen-addr=127.0.0.1:{port}", f"--storage.path={folder}",
                                        config], cwd=folder, stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        kept = lambda: subprocess.run([INVAR, "archive", "ls", folder / "archive"], capture_output=True, text=True).stdout
        until("profiles of itself", lambda: "goroutine" in kept() and "process_cpu" in kept(), 120)
        output(*emulated, "healthcheck", f"http://127.0.0.1:{port}/-/healthy")
        status, _, answer = fetch(f"http://127.0.0.1:{port}/debug/pprof/heap")
        self.assertEqual((status, b"Invar has no heap profiles here" in answer), (400, True), answer)
        self.assertNotRegex((folder / "log").read_text(), "jemalloc|level=(warn|error)")


if __name__ == "__main__":
    unittest.main()
