"""Modules whose text comes from elsewhere: a real HTTP server that also fails, and a real git repository."""

import base64
import http.server
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

from harness import Case, HandlerServer, free_port, run, until

GIT_BACKEND = "/usr/lib/git-core/git-http-backend"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")

MODULE = '''declare "relabel" {
  argument "address" { }
  discovery.relabel "r" {
    targets = [{"__address__" = argument.address.value}]
    rule {
      target_label = "version"
      replacement  = "%s"
    }
  }
  export "output" { value = discovery.relabel.r.output }
}
'''

USE = '''
fetched.relabel "one" { address = "app:80" }
discovery.relabel "seen" {
  targets = fetched.relabel.one.output
}
'''


class Server(HandlerServer):
    """Answers every request with what `answer` holds: status, type and text."""

    def __init__(self):
        self.answer = (200, "text/plain", MODULE % "1")
        self.requests = 0
        super().__init__(self.reply)

    def reply(self, handler):
        status, kind, text = self.answer
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())
        self.requests += 1

    def gives(self, *answer):
        """From now on this; returns when it has been fetched twice, so that the first has been looked at."""
        self.answer = answer
        seen = self.requests
        until(f"requests for {answer}", lambda: self.requests >= seen + 3)


def version(invar):
    for export in invar.details("discovery.relabel.seen")["exports"]:
        if export["name"] == "output":
            return [label["value"]["value"] for target in export["value"]["value"] for label in target["value"]
                    if label["key"] == "version"]


class FromHttp(Case):
    def test_the_last_good_text_stands_through_every_failure(self):
        server = self.start(Server())
        invar = self.invar(f'import.http "fetched" {{\n  url = "http://{server.address}/m.alloy"\n  poll_frequency = "200ms"\n'
                           f'  poll_timeout = "150ms"\n}}\n' + USE)
        self.assertEqual(version(invar), ["1"])
        server.answer = (200, "text/plain", MODULE % "2")
        until("the new text", lambda: version(invar) == ["2"])
        for answer in ((500, "text/plain", "busy"), (404, "text/html", "<html>"), (200, "text/plain", "declare {"),
                       (302, "text/plain", "")):
            server.gives(*answer)
            self.assertEqual(version(invar), ["2"], answer)
        server.answer = (200, "text/plain", MODULE % "3")
        until("the next text", lambda: version(invar) == ["3"])
        self.assertEqual(invar.stop()[0], 0)

    def test_a_server_that_is_away_at_the_start_is_an_error_of_the_load(self):
        config = self.folder() / "away.alloy"
        config.write_text(f'import.http "fetched" {{\n  url = "http://127.0.0.1:{free_port()}/m.alloy"\n}}\n' + USE)
        done = run("run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={config.parent}/storage", str(config))
        self.assertEqual(done.returncode, 1)
        self.assertIn("connection refused", done.stderr.lower())


class FromFile(Case):
    def test_every_replacement_is_noticed_at_once(self):
        folder = self.folder()
        module = folder / "m.alloy"
        module.write_text(MODULE % "1")
        invar = self.invar(f'import.file "fetched" {{\n  filename = "{module}"\n  poll_frequency = "1h"\n}}\n' + USE)
        self.assertEqual(version(invar), ["1"])
        for n in range(2, 6):  # by renaming, as editors and config maps do
            (folder / "new").write_text(MODULE % n)
            os.replace(folder / "new", module)
            until(f"replacement {n}", lambda: version(invar) == [str(n)])
        module.write_text(MODULE % "6")
        until("a file written in place", lambda: version(invar) == ["6"])
        module.write_text("declare {")
        until("the mistake in the log", lambda: "failed to update the import" in invar.log())
        self.assertEqual(version(invar), ["6"])
        module.unlink()
        module.write_text(MODULE % "7")
        until("a file made anew", lambda: version(invar) == ["7"])
        self.assertEqual(invar.stop()[0], 0)


def make_repository(folder):
    """A repository with the module in version 1, and a function that commits another text."""
    def git(*arguments):
        subprocess.run(["git", "-C", folder, *arguments], check=True)

    def commit(text):
        (folder / "m.alloy").write_text(text)
        git("add", ".")
        git("-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "text")

    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    commit(MODULE % "1")
    return commit


class GitServer:
    """git-http-backend behind basic authentication."""

    def __init__(self, folder, user, password):
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.refused = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                if handler.headers.get("Authorization") != wanted:
                    self.refused += 1
                    handler.send_response(401)
                    handler.send_header("WWW-Authenticate", 'Basic realm="git"')
                    handler.send_header("Content-Length", "0")
                    handler.end_headers()
                    return
                path, _, query = handler.path.partition("?")
                body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
                done = subprocess.run([GIT_BACKEND], input=body, capture_output=True, env={
                    "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                    "REQUEST_METHOD": handler.command, "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""), "REMOTE_USER": user,
                    "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""), "PATH": os.environ["PATH"],
                    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"})
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
                handler.send_response(int(fields.pop("Status", "200").split()[0]))
                for name, value in fields.items():
                    handler.send_header(name, value)
                handler.send_header("Content-Length", str(len(content)))
                handler.end_headers()
                handler.wfile.write(content)

            do_POST = do_GET

            def log_message(handler, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class SshServer:
    """A real sshd that lets one key in."""

    def __init__(self, folder):
        def key(name, passphrase=""):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", folder / name], check=True)
        key("host")
        key("user", "open sesame")
        shutil.copy(folder / "user.pub", folder / "authorized")
        self.port = free_port()
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n")
        if os.geteuid() == 0:  # it wants an empty folder then
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening" in line:
                break

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


@unittest.skipUnless(shutil.which("git"), "there is no git program")
class FromGit(Case):
    def follows(self, repository, more, commit):
        invar = self.invar(f'import.git "fetched" {{\n  repository = "{repository}"\n  path = "m.alloy"\n'
                           f'  pull_frequency = "500ms"\n{more}}}\n' + USE)
        self.assertEqual(version(invar), ["1"])
        commit(MODULE % "2")
        until("the new commit", lambda: version(invar) == ["2"])
        return invar

    @unittest.skipUnless(os.path.exists(GIT_BACKEND), "git has no http-backend here")
    def test_a_password_or_token_opens_a_repository_and_stands_nowhere(self):
        for user, password in (("me", "the pass:word"), ("x-access-token", "ghp_token")):
            folder = self.folder()
            commit = make_repository(folder / "r")
            server = self.start(GitServer(folder, user, password))
            url = f"http://{server.address}/r/.git"
            invar = self.follows(url, f'  basic_auth {{\n    username = "{user}"\n    password = "{password}"\n  }}\n', commit)
            self.assertGreater(server.refused, 0)  # the first request of git asks
            self.assertNotIn(password, invar.log())
            for file in (invar.folder / "storage").rglob("*"):
                if file.is_file():
                    self.assertNotIn(password.encode(), file.read_bytes(), file)
            self.assertEqual(invar.stop()[0], 0)
            wrong = self.folder() / "wrong.alloy"
            wrong.write_text(f'import.git "fetched" {{\n  repository = "{url}"\n  path = "m.alloy"\n  basic_auth {{\n'
                             f'    username = "{user}"\n    password = "wrong"\n  }}\n}}\n' + USE)
            done = run("run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={wrong.parent}/storage", str(wrong))
            self.assertEqual(done.returncode, 1)
            self.assertIn("Authentication failed", done.stderr)

    @unittest.skipUnless(SSHD and shutil.which("ssh-keygen"), "there is no sshd")
    def test_a_key_with_a_passphrase_opens_a_repository(self):
        folder = self.folder()
        commit = make_repository(folder / "r")
        server = self.start(SshServer(folder))
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        invar = self.follows(f"ssh://{user}@127.0.0.1:{server.port}{folder}/r",
                             f'  ssh_key {{\n    username = "{user}"\n    key_file = "{folder}/user"\n'
                             f'    passphrase = "open sesame"\n  }}\n', commit)
        self.assertNotIn("open sesame", invar.log())
        self.assertEqual(invar.stop()[0], 0)
        kept, = (invar.folder / "storage").rglob("known_hosts")
        self.assertIn("ssh-ed25519", kept.read_text())

    def test_a_repository_is_followed_and_outlives_its_end(self):
        repository = self.folder() / "repository"
        invar = self.follows(repository, "", make_repository(repository))
        shutil.rmtree(repository)
        until("its absence is noticed", lambda: "does not" in invar.log() or "level=error" in invar.log() or "level=warn" in invar.log())
        self.assertEqual(version(invar), ["2"])
        self.assertEqual(invar.stop()[0], 0)


class Many(Case):
    def test_a_thousand_instances_cost_little_more_than_their_components(self):
        rule = 'discovery.relabel "%s" {\n  targets = %s\n}\n'
        declared = ('declare "pair" {\n  argument "address" { }\n' + rule % ("a", '[{"__address__" = argument.address.value}]')
                    + rule % ("b", "discovery.relabel.a.output") + '}\n'
                    + "".join(f'pair "p{n}" {{\n  address = "h{n}:1"\n}}\n' for n in range(1000)))
        flat = "".join(rule % (f"a{n}", f'[{{"__address__" = "h{n}:1"}}]') + rule % (f"b{n}", f"discovery.relabel.a{n}.output")
                       for n in range(1000))
        used = []
        for text in (flat, declared):
            invar = self.invar(text)
            used.append(invar.metric("process_resident_memory_bytes"))
            invar.stop()
        self.assertLess((used[1] - used[0]) / 1000, 40_000, used)


if __name__ == "__main__":
    unittest.main()
