"""What is compiled depends on the sources alone: not on a cache before the compiler, nor on where the tree lies. And what is linked can throw."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import INVAR, SOURCE, Case

BUILD = pathlib.Path(INVAR).parent
SOURCES = ["base/strings.cc", "codec/base64.cc", "http/url.cc", "components/pyroscope/scrape/outcome.cc"]
GENERATED = ["generated/components.cc", "bpf/programs.cc", "ui/web_assets.cc", "ui/flame_page.cc"]


class Objects(Case):
    def test_another_checkout_without_a_cache_gives_the_same_bytes(self):
        elsewhere = self.folder() / "some/other/checkout"
        build = elsewhere / BUILD.relative_to(SOURCE)
        precompiled = "CMakeFiles/invar_precompiled.dir"
        shutil.copytree(SOURCE / "src", elsewhere / "src")
        shutil.copytree(BUILD / precompiled, build / precompiled, ignore=shutil.ignore_patterns("*.gch", "*.o"))
        commands = {row["file"]: row["command"] for row in json.loads((BUILD / "compile_commands.json").read_text())}

        groups = {source: file for file in commands if "/Unity/" in file
                  for source in re.findall(r'^#include "(.*)"$', pathlib.Path(file).read_text(), re.M)}

        def compile(file):
            """Where the object is, from the build folder."""
            file = groups.get(str(file), str(file))
            if "/Unity/" in file:
                group = elsewhere / pathlib.Path(file).relative_to(SOURCE)
                group.parent.mkdir(parents=True, exist_ok=True)
                group.write_text(pathlib.Path(file).read_text().replace(str(SOURCE), str(elsewhere)))
            command = commands[file].replace(str(SOURCE), str(elsewhere))
            place = command.split(" -o ")[1].split()[0]
            (build / place).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(command, shell=True, check=True, cwd=build, env={**os.environ, "CCACHE_DISABLE": "1"})
            return place

        compile(BUILD / precompiled / "cmake_pch.hxx.cxx")
        for source in GENERATED:
            (build / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(BUILD / source, build / source)
        for source in [*(SOURCE / "src" / source for source in SOURCES), *(BUILD / source for source in GENERATED)]:
            place = compile(source)
            self.assertEqual((build / place).read_bytes(), (BUILD / place).read_bytes(), source)

    def test_a_build_that_is_ended_leaves_no_files(self):
        folder = self.folder()
        (folder / "nm").write_text("#!/bin/sh\nkill $PPID\n")
        (folder / "nm").chmod(0o755)
        (folder / "tmp").mkdir()
        done = subprocess.run([SOURCE / "tools/pack_symbols.sh", INVAR], env={**os.environ, "NM": folder / "nm", "TMPDIR": folder / "tmp"})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(list((folder / "tmp").iterdir()), [])

    def test_no_unwind_entry_hides_another(self):
        """One of length 0 does, and an exception that comes through the code behind it ends the process."""
        frames = subprocess.run(["readelf", "--debug-dump=frames-interp", INVAR], capture_output=True, text=True).stdout
        ranges = re.findall(r"FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)", frames)
        self.assertGreater(len(ranges), 10_000)
        self.assertEqual([begin for begin, end in ranges if begin == end], [])

    def test_the_program_does_not_know_where_it_was_built(self):
        """Nor does what came to it by other compilers: BPF programs, pages."""
        for file in (INVAR, f"{INVAR}.debug"):
            self.assertFalse(f"{SOURCE}/".encode() in pathlib.Path(file).read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
