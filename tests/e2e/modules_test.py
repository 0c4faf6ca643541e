"""Modules whose text comes from elsewhere: a real HTTP server that also fails, and a real git repository."""

import shutil
import subprocess
import unittest

from harness import Case, HandlerServer, free_port, run, until

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


@unittest.skipUnless(shutil.which("git"), "there is no git program")
class FromGit(Case):
    def test_a_repository_is_followed_and_outlives_its_end(self):
        repository = self.folder() / "repository"

        def commit(text):
            (repository / "m.alloy").write_text(text)
            git("add", ".")
            git("-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "text")

        def git(*arguments):
            subprocess.run(["git", "-C", repository, *arguments], check=True)

        subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
        commit(MODULE % "1")
        invar = self.invar(f'import.git "fetched" {{\n  repository = "{repository}"\n  path = "m.alloy"\n'
                           f'  pull_frequency = "500ms"\n}}\n' + USE)
        self.assertEqual(version(invar), ["1"])
        commit(MODULE % "2")
        until("the new commit", lambda: version(invar) == ["2"])
        shutil.rmtree(repository)
        until("its absence is noticed", lambda: "does not" in invar.log() or "level=error" in invar.log() or "level=warn" in invar.log())
        self.assertEqual(version(invar), ["2"])
        self.assertEqual(invar.stop()[0], 0)


if __name__ == "__main__":
    unittest.main()
