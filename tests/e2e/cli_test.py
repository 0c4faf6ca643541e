"""The command line: commands, exit statuses, texts, and what is said about mistakes."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import INVAR, SOURCE, Case, run, until

GOOD = 'pyroscope.fsdump "a" {\n\ttarget_directory = "x"\n}\n'
MANY_MISTAKES = """pyroscope.scrap "a" {
}

pyroscope.write "w" {
	endpoint {
		urll = "http://h"
	}
	wrong = 1
}

pyroscope.fsdump "d" {
	target_directory = 5
	max_size_bytes   = "many"
}

pyroscope.fsdump "d" {
	target_directory = nothing.here.targets
}
"""


def section_sizes(path):
    listing = subprocess.run(["size", "-A", path], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^(\.\S+)\s+(\d+)", listing, re.M))


class CommandLine(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-cli."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, text, name="c.alloy"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def expect(self, arguments, status, stderr=None, stdout=None):
        done = run(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        if stderr is not None:
            self.assertIn(stderr, done.stderr)
        if stdout is not None:
            self.assertIn(stdout, done.stdout)
        return done

    def test_help_and_version(self):
        self.expect([], 0, stderr="invar")
        self.expect(["--help"], 0, stdout="validate")
        self.expect(["help", "run"], 0, stdout="--storage.path")
        self.expect(["run", "--help"], 0, stdout="--server.http.listen-addr")
        for arguments in (["--version"], ["-v"], ["version"]):
            self.expect(arguments, 0, stdout="invar, version v")

    def test_the_binary_is_small(self):
        self.assertLess(os.path.getsize(INVAR), 25e6)
        self.assertIn(".debug_line", section_sizes(INVAR + ".debug"), "its own profiles need lines")

    def test_mistakes_on_the_command_line(self):
        self.expect(["nope"], 1, stderr='Error: unknown command "nope" for "invar"')
        self.expect(["--nope"], 1, stderr="Error: unknown flag: --nope")
        self.expect(["run"], 1, stderr="Error: accepts 1 arg(s), received 0")
        self.expect(["run", "a", "b"], 1, stderr="Error: accepts 1 arg(s), received 2")
        self.expect(["run", ""], 1, stderr="Error: path argument not provided")
        self.expect(["run", "--storage.pat=x", "a"], 1, stderr="unknown flag: --storage.pat (did you mean --storage.path?)")
        self.expect(["run", "--stability.level=x", "a"], 1,
                    stderr='Error: invalid argument "x" for "--stability.level" flag: invalid stability level "x"')
        self.expect(["run", "--cluster.enabled", "--cluster.discover-peers=provider=x", "no-such-file"], 1,
                    stderr="--cluster.discover-peers has no effect")
        self.expect(["run", "--cluster.enabled", "--cluster.discover-peers=x", "--cluster.join-addresses=b:1", "a"], 1,
                    stderr='at most one of join peers and discover peers may be set, got join peers "b:1" and '
                           'discover peers "x"')
        self.expect(["run", "--cluster.rejoin-interval=x", "a"], 1,
                    stderr='invalid argument "x" for "--cluster.rejoin-interval" flag: time: invalid duration "x"')
        self.expect(["run", "--cluster.wait-for-size=-1", "a"], 1,
                    stderr='invalid argument "-1" for "--cluster.wait-for-size" flag')
        self.expect(["run", "--config.format=prometheus", "a"], 1, stderr="convert the file")
        self.expect(["run", "--config.format=x", "a"], 1, stderr='unrecognized kind "x" given to the config converter')
        self.expect(["run", "--server.http.enable-graphql", "--stability.level=generally-available", "a"], 1,
                    stderr="can only be used at experimental stability level")

    def test_flags_take_values_as_the_reference_takes_them(self):
        path = self.write(GOOD, "--dashes.alloy")
        shutil.copy(path, self.folder / "-w.alloy")
        parse_error = 'Error: invalid argument "%s" for "%s" flag: strconv.ParseBool: parsing "%s": invalid syntax'
        for flag in ("--disable-reporting", "--server.http.enable-pprof"):
            for wrong in ("maybe", "yes", "5", ""):
                self.expect(["run", f"{flag}={wrong}", "c"], 1, stderr=parse_error % (wrong, flag, wrong))
        self.expect(["fmt", "-t=maybe", path], 1, stderr=parse_error % ("maybe", "-t, --test", "maybe"))
        self.expect(["fmt", "-wt=false", self.write("a=1", "a.alloy")], 0)
        self.assertEqual((self.folder / "a.alloy").read_text(), "a = 1\n")
        self.expect(["fmt", "-x=1"], 1, stderr="unknown shorthand flag: 'x' in -x=1")
        self.expect(["run", "c", "--storage.path"], 1, stderr="Error: flag needs an argument: --storage.path")
        self.expect(["--nope", "run", "c"], 1, stderr="Error: unknown flag: --nope")
        self.expect(["version", "x"], 1, stderr="Error: accepts 0 arg(s), received 1")
        # `--` ends the flags; a value may look like a flag, or be empty, and takes nothing else with it.
        for arguments in (["--", "--dashes.alloy"], ["--", "-w.alloy"], ["--config.extra-args=", path],
                          ["--config.extra-args", "--stability.level", path], ["--config.extra-args", "", path]):
            self.expect(["validate", *arguments], 0)
        self.expect(["validate", "--", "--dashes.alloy", "b"], 1, stderr="accepts 1 arg(s), received 2")
        self.expect(["fmt", "--", "-w.alloy"], 0, stdout="target_directory")

    def test_help_names_the_whole_command(self):
        for arguments, line in ((["--help"], "Usage: invar [OPTIONS] [SUBCOMMAND]"), (["help"], "Usage: invar [OPTIONS] [SUBCOMMAND]"),
                                (["run", "-h"], "Usage: invar run [OPTIONS]"), (["help", "run"], "Usage: invar run [OPTIONS]"),
                                (["archive", "ls", "--help"], "Usage: invar archive ls [OPTIONS]"),
                                (["help", "archive", "ls"], "Usage: invar archive ls [OPTIONS]")):
            self.expect(arguments, 0, stdout=line)

    def test_unreadable_configurations(self):
        self.expect(["run", "/no/such/file"], 1, stderr="no such file or directory")
        self.expect(["validate", "/no/such/file"], 1, stderr="no such file or directory")
        binary = self.write(b"\x7fELF\x02\x01\x01\x00\xff\xfe\x00\x80")
        self.expect(["run", binary], 1, stderr="unknown encoding for config")
        utf16 = self.write("pyroscope".encode("utf-16"))
        self.expect(["run", utf16], 1, stderr="configuration is encoded with UTF16LittleEndian but must be utf8")

    def test_reading_the_configuration_can_be_interrupted(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        process = subprocess.Popen([INVAR, "run", f"--storage.path={self.folder}/s", str(pipe)], stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)

        def writer():
            try:
                return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None  # nobody reads yet

        end = until("it reads", writer)
        self.addCleanup(os.close, end)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), -signal.SIGINT)
        self.expect(["run", "--storage.path", str(self.folder / "s"), "/no/such/file"], 1)
        self.assertFalse((self.folder / "s").exists(), "a mistyped path leaves nothing behind")

    def test_every_mistake_at_once_with_its_place(self):
        path = self.write(MANY_MISTAKES)
        mistakes = (f'Error: {path}:1:1: cannot find the definition of component name "pyroscope.scrap"',
                     'did you mean "pyroscope.scrape"?', f'{path}:6:3: unrecognized attribute name "urll"',
                     f'{path}:8:2: unrecognized attribute name "wrong"', f"{path}:13:21: expected number, got string",
                     f"already declared at {path}:11:1", 'component "nothing.here.targets" does not exist or is out of scope')
        # `run` says as much as `validate`, and opens no port.
        for command, last in ((["validate", path], "Error: validation failed"),
                              (["run", "--storage.path", str(self.folder / "s"), path], "Error: could not perform the initial load successfully")):
            done = self.expect(command, 1, stderr=last)
            for text in mistakes:
                self.assertEqual(done.stderr.count(text), 1, (text, done.stderr))
            self.assertIn("^^^", done.stderr)
            self.assertNotIn("now listening", done.stderr)

    def test_a_start_that_fails_says_what_evaluation_found_once(self):
        path = self.write('pyroscope.write "w" {\n\tendpoint {\n\t\turl = sys.env("NO_SUCH_VARIABLE") + "pyroscope:4040"\n\t}\n}\n'
                          'local.file "f" {\n\tfilename = "/no/such/file"\n}\n')
        done = self.expect(["run", "--storage.path", str(self.folder / "s"), path], 1, stderr="could not perform the initial load")
        for sentence in '"pyroscope:4040" has no scheme', "open /no/such/file: no such file or directory":
            self.assertEqual(done.stderr.count(sentence), 1, done.stderr)

    def test_the_printed_form_and_where_it_goes(self):
        path = self.write("a = =\n")
        excerpt = f"Error: {path}:1:5: expected expression, got =\n\n1 | a = =\n  |     ^\n2 | \n"
        for command, last in ("validate", "validation failed: 1 error"), ("run", "could not perform the initial load successfully"):
            done = self.expect([command, path], 1)
            self.assertEqual((done.stderr, done.stdout), (f"{excerpt}Error: {last}\n", "\n"))

    def test_a_start_that_fails_shows_the_warnings_before_it(self):
        storage = self.folder / "s"
        storage.mkdir()
        (storage / "invar_seed.json").write_text("damaged")
        done = self.expect(["run", "--storage.path", str(storage), self.write(MANY_MISTAKES)], 1,
                           stderr="could not perform the initial load successfully")
        self.assertIn("the seed file is damaged", done.stderr)
        self.assertNotIn("level=info", done.stderr)

    def test_references_are_checked_before_anything_runs(self):
        path = self.write('''discovery.http "d" {
	url = env("TARGETS")
}

pyroscope.scrape "s" {
	targets    = discovery.http.d.target
	forward_to = pyroscope.write.w.receiver
}

pyroscope.relabel "r" {
	forward_to = [pyroscope.write.w]
}

prometheus.scrape "p" {
	targets = discovery.http.d.targets
}

pyroscope.write "w" {
	endpoint {
		url = "http://h"
	}
}
''')
        mistakes = (f'{path}:6:32: discovery.http.d does not export "target" (did you mean "targets"?)',
                    f"{path}:7:15: expected a list of receivers, got a receiver: write [pyroscope.write.w.receiver]",
                    f"{path}:11:16: expected a receiver, got the component pyroscope.write.w: write pyroscope.write.w.receiver",
                    f'{path}:14:1: cannot find the definition of component name "prometheus.scrape" (it has nothing to do with profiles: --skip-other-pipelines')
        for command in ["validate", path], ["run", "--storage.path", str(self.folder / "s"), path]:
            done = self.expect(command, 1)
            for text in mistakes:
                self.assertEqual(done.stderr.count(text), 1, (text, done.stderr))
        done = self.expect(["validate", path], 1, stderr="Error: validation failed: 4 errors, 3 of them about profiles and 1 warning\n")
        self.assertIn(f"Warning: {path}:2:8: env is deprecated: write sys.env\n", done.stderr)

    def test_warnings_alone_are_no_failure(self):
        path = self.write('local.file "f" {\n\tfilename = env("F")\n}\n')
        done = self.expect(["validate", path], 0)
        self.assertIn(f"Warning: {path}:2:13: env is deprecated: write sys.env\n", done.stderr)
        self.assertTrue(done.stderr.endswith("\n1 warning; the configuration runs\n"), done.stderr)

    def test_values_in_the_file_are_checked_before_anything_starts(self):
        path = self.write('''discovery.http "d" {
	url              = "http://h"
	refresh_interval = sys.env("INTERVAL")
}

pyroscope.scrape "s" {
	targets         = discovery.http.d.targets
	forward_to      = [pyroscope.write.w.receiver]
	scrape_interval = "1s"
}

pyroscope.write "w" {
	endpoint {
		url                 = "http://h"
		bearer_token        = "a"
		bearer_token_file   = "/b"
	}
}
''')
        done = self.expect(["validate", path], 1, stderr="Error: validation failed")
        for text in (f"{path}:9:20: scrape_interval must be at least 2 seconds", f"{path}:13:2: at most one of"):
            self.assertEqual(done.stderr.count(text), 1, done.stderr)
        # The load has words of its own for them: each is said once.
        done = self.expect(["run", "--storage.path", str(self.folder / "s"), path], 1)
        for text in ("scrape_interval must be at least 2 seconds", "at most one of"):
            said = [line for line in done.stderr.splitlines() if line.startswith("Error: ") and text in line]
            self.assertEqual(len(said), 1, done.stderr)

    def test_validate_accepts_what_is_right(self):
        for example in sorted(SOURCE.glob("examples/*.alloy")):
            done = self.expect(["validate", str(example)], 0)
            self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_the_configurations_of_the_guides_are_right(self):
        blocks = [(page.name, block) for page in sorted(SOURCE.glob("docs/guides/*.md"))
                  for block in re.findall(r"^```alloy\n(.*?)^```", page.read_text(), re.M | re.S)]
        self.assertGreater(len(blocks), 3)
        for name, block in blocks:
            with self.subTest(name):
                self.expect(["validate", self.write(block)], 0)

    def test_cycles(self):
        path = self.write('discovery.relabel "a" {\n\ttargets = discovery.relabel.b.output\n}\n\n'
                          'discovery.relabel "b" {\n\ttargets = discovery.relabel.a.output\n}\n')
        self.expect(["validate", path], 1, stderr="cycle detected: discovery.relabel.a, discovery.relabel.b")
        self.expect(["run", path], 1, stderr="cycle: ")

    def test_fmt(self):
        path = self.write('a "b" {\nx=1\nlonger = 2 // c\n}')
        done = self.expect(["fmt", path], 0)
        self.assertEqual(done.stdout, 'a "b" {\n\tx      = 1\n\tlonger = 2 // c\n}\n')
        self.expect(["fmt", "-t", path], 1, stderr=f"file {path} is not formatted correctly")
        self.expect(["fmt", "-w", path], 0)
        self.expect(["fmt", "-t", path], 0)
        self.assertEqual(run("fmt", stdin="b { }\n").stdout, "b { }\n")
        self.expect(["fmt", self.write("a = = 1", "bad.alloy")], 1, stderr="encountered errors during formatting")

    def test_components_are_described_from_their_schemas(self):
        self.expect(["components"], 0, stdout="pyroscope.scrape")
        self.expect(["components", "pyroscope.write"], 0, stdout="max_backoff_retries")
        self.expect(["components", "pyroscope.writ"], 1, stderr='did you mean "pyroscope.write"')

    def test_reference_pages_are_current(self):
        pages = SOURCE / "docs/reference/components"
        done = subprocess.run([INVAR, "components", "--write-reference", str(self.folder)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        written = {p.name: p.read_text() for p in self.folder.glob("*.md")}
        self.assertEqual(sorted(written), sorted(p.name for p in pages.glob("*.md")))
        for name, text in written.items():
            self.assertEqual((pages / name).read_text(), text, f"{name} is not current: run `make docs`")

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            done = self.expect(["run", f"--server.http.listen-addr={address}", f"--storage.path={self.folder}/s", self.write(GOOD)], 1)
            self.assertIn(f"failed to listen on {address}", done.stderr)

    def test_an_unwritable_storage_directory_is_said_and_does_not_stop_the_run(self):
        blocked = self.write("a file, not a folder", "blocked")
        instance = self.invar(GOOD, f"--storage.path={blocked}/")
        self.assertIn("the storage directory cannot be written", instance.log())
        self.assertIn(f"path={blocked}/invar_seed.json", instance.log())

    def test_an_empty_directory_is_an_empty_configuration(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.expect(["validate", str(empty)], 0)


# (line up to the cursor, what must be offered, what must not)
COMPLETIONS = (
    ("invar ", {"run", "fmt", "validate", "components", "archive", "completion", "version", "help"}, {"__complete", "a.alloy"}),
    ("invar va", {"validate"}, {"version"}),
    ("invar --v", {"--version"}, {"--help"}),
    ("invar fmt ", {"a.alloy"}, {"run"}),
    ("invar fmt a", {"a.alloy"}, {"b c.alloy"}),
    ("invar fmt --", {"--write", "--test", "--help"}, {"--storage.path"}),
    ("invar run a.alloy --storage", {"--storage.path"}, {"--stability.level"}),
    ("invar run --storage.path ", {"a.alloy"}, {"run"}),
    ("invar run --stability.level ", {"experimental", "generally-available"}, {"a.alloy"}),
    ("invar components discovery.h", {"discovery.http"}, {"discovery.file"}),
    ("invar components discovery.http ", set(), {"discovery.http", "a.alloy"}),
    ("invar completion ", {"bash", "zsh", "fish"}, {"a.alloy"}),
    ("invar help ar", {"archive"}, {"a.alloy"}),
    ("invar help archive l", {"ls"}, {"list"}),
    ("invar archive m", {"merge"}, {"ls"}),
    ("invar archive replay --", {"--to", "--help"}, {"--write"}),
    ("invar archive ls a", {"a.alloy"}, {"merge"}),
)


class Completion(Case):
    """Each script in its shell, asked as the shell asks when a user presses the tab key."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-completion."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("a.alloy", "b c.alloy"):
            (self.folder / name).touch()
        self.scripts = self.folder / "scripts"
        self.scripts.mkdir()
        (self.scripts / "invar").symlink_to(INVAR)
        for shell in ("bash", "zsh", "fish"):
            done = run("completion", shell)
            self.assertEqual(done.returncode, 0, done.stderr)
            (self.scripts / f"completion.{shell}").write_text(done.stdout)
        self.environment = {**os.environ, "PATH": f"{self.scripts}:{os.environ['PATH']}", "HOME": str(self.scripts), "TERM": "dumb"}

    def shell(self, *command, script):
        done = subprocess.run(command, input=script, capture_output=True, text=True, cwd=self.folder, env=self.environment,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def check(self, answers):
        self.assertEqual(len(answers), len(COMPLETIONS), answers)
        for (line, offered, withheld), answer in zip(COMPLETIONS, answers):
            with self.subTest(line):
                self.assertLessEqual(offered, answer)
                self.assertFalse(withheld & answer, answer)

    def test_bash(self):
        script = f"source {self.scripts}/completion.bash\n"
        for line, _, _ in COMPLETIONS:
            script += (f"COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDS=({line} {chr(39) * 2 if line.endswith(' ') else ''}) COMPREPLY=()\n"
                       "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                       "_invar invar \"${COMP_WORDS[COMP_CWORD]}\"\nprintf '%s\\n' \"${COMPREPLY[@]}\" ==\n")
        script += ("complete -p invar >/dev/null || exit 1\n"
                   "COMP_WORDS=(invar run --stability.level = pub) COMP_CWORD=4; _invar invar pub; printf '%s\\n' \"${COMPREPLY[@]}\"\n")
        *answers, value = self.shell("bash", "--norc", "--noprofile", script=script).split("==\n")
        self.check([set(answer.splitlines()) for answer in answers])
        self.assertEqual(value, "public-preview\n")

    def test_fish(self):
        script = f"source {self.scripts}/completion.fish\n"
        lines = [line for line, _, _ in COMPLETIONS] + ["invar run --stability.level=pub", "invar run --storage.path=a"]
        script += "".join(f"complete -C '{line}' | string split -f1 \\t; echo ==\n" for line in lines)
        *answers, value, path, end = self.shell("fish", "--no-config", script=script).split("==\n")
        self.check([set(answer.splitlines()) for answer in answers])
        self.assertEqual((value, path, end), ("--stability.level=public-preview\n", "--storage.path=a.alloy\n", ""))

    def test_zsh(self):
        # A real line editor on a pseudo terminal, by zsh's own zpty; compadd is watched for what it would offer.
        inner = (f"autoload -Uz compinit && compinit -u -d {self.scripts}/dump && source {self.scripts}/completion.zsh\n"
                 "compadd() { local -a offered; builtin compadd -O offered \"$@\"; print -rl -- $offered >>$OFFERED; builtin compadd \"$@\"; }\n"
                 "zstyle ':completion:*' verbose no\nPS1=READY; unsetopt beep; LISTMAX=1000\n"
                 "bindkey '^I' complete-word\nprint-done() { print -r -- '==' >>$OFFERED; BUFFER=; CURSOR=0 }; zle -N print-done; bindkey '^X' print-done\n")
        (self.scripts / ".zshrc").write_text(inner)
        lines = [line for line, _, _ in COMPLETIONS] + ["invar run --stability.level=pub", "invar run --storage.path=a"]
        offered = self.scripts / "offered"
        offered.touch()
        script = ("zmodload zsh/zpty\n"
                  f"export OFFERED={offered} ZDOTDIR={self.scripts}\n"
                  "zpty -b editor zsh -i\nzpty -r -m editor ready '*READY*'\n")
        for number, line in enumerate(lines, 1):
            script += (f"zpty -w -n editor $'{line}\\t\\x18'\n"
                       f"integer patience=600; until [[ $(grep -c '^==$' {offered}) -eq {number} ]]; do "
                       "(( patience-- )) || exit 3; zpty -rt editor noise; zselect -t 5; done\n")
        script = "zmodload zsh/zselect\n" + script + "zpty -d editor\n"
        self.shell("zsh", "-f", script=script)
        *answers, value, path, end = offered.read_text().split("==\n")
        self.check([set(answer.splitlines()) for answer in answers])
        self.assertEqual(set(value.splitlines()), {"--stability.level=public-preview"})
        self.assertIn("a.alloy", path.splitlines())
        self.assertEqual(end, "")


if __name__ == "__main__":
    unittest.main()
