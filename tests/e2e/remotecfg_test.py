"""The remote configuration, from a real Connect server that also fails, and from the copy on disk."""

import base64
import json
import unittest

from harness import INTEROP, Case, Program, Stream, fetch, free_port, until

FIRST = 'discovery.relabel "one" {\n  targets = [{"__address__" = "a:1"}]\n}\n'
SECOND = 'discovery.relabel "two" {\n  targets = [{"__address__" = "b:1"}]\n}\n'
WRONG = 'discovery.relabel "two" {\n  nonsense = 1\n}\n'
APPLIED, FAILED = 1, 3


class Collector(Program):
    def __init__(self):
        super().__init__(INTEROP / "collector")

    def gives(self, text):
        fetch(f"http://{self.address}/test/text", method="POST", data=text.encode())

    def mode(self, mode):
        fetch(f"http://{self.address}/test/mode?mode={mode}", method="POST", data=b"")

    def calls(self, method=None):
        calls = json.loads(fetch(f"http://{self.address}/test/calls")[2]) or []
        return [c for c in calls if method in (None, c["method"])]

    def told(self):
        """The last status that it was told: its number and text."""
        statuses = [(c["status"], c.get("error", "")) for c in self.calls("GetConfig") if "status" in c]
        return statuses[-1] if statuses else None


def block(address, more="", frequency="10s"):
    return f'remotecfg {{\n  url = "http://{address}"\n  poll_frequency = "{frequency}"\n{more}}}\n'


def components(invar):
    return {c["localID"] for c in json.loads(invar.text("/api/v0/web/remotecfg/components"))}


class Remote(Case):
    def test_what_the_server_gives_runs_and_it_hears_so(self):
        server = self.start(Collector())
        server.gives(FIRST)
        more = '  id = "me"\n  name = "Me"\n  attributes = {"team" = "red"}\n' \
               '  basic_auth {\n    username = "u"\n    password = "p"\n  }\n'
        invar = self.invar(block(server.address, more) + 'discovery.relabel "local" {\n  targets = []\n}\n')
        until("the remote component", lambda: components(invar) == {"discovery.relabel.one"})
        until("the status", lambda: server.told() == (APPLIED, ""))
        self.assertEqual([c["method"] for c in server.calls()][:2], ["RegisterCollector", "GetConfig"])
        hello, question = server.calls()[:2]
        self.assertEqual((hello["id"], hello["name"]), ("me", "Me"))
        self.assertEqual({k: v for k, v in hello["attributes"].items() if k != "collector.version"},
                         {"team": "red", "collector.os": "linux"})
        self.assertEqual(question["status"], 0)
        self.assertEqual(question["protocol"], "1")
        self.assertEqual(question["authorization"], "Basic " + base64.b64encode(b"u:p").decode())
        self.assertEqual([c["effective"] for c in server.calls("GetConfig") if "effective" in c], [FIRST])

        self.assertEqual({c["localID"] for c in json.loads(invar.text("/api/v0/web/components"))},
                         {"discovery.relabel.local"})
        one = json.loads(invar.text("/api/v0/web/remotecfg/components/remotecfg/discovery.relabel.one"))
        self.assertEqual((one["moduleID"], one["health"]["state"]), ("remotecfg", "healthy"))
        state = json.loads(invar.text("/api/v1/remotecfg"))
        self.assertEqual((state["enabled"], state["running"], state["from_cache"], state["unanswered"], state["error"], state["id"]),
                         (True, True, False, False, "", "me"))
        self.assertEqual(state["url"], f"http://{server.address}")
        self.assertGreater(state["loaded"], 0)
        self.assertGreaterEqual(state["polled"], state["loaded"])
        files = json.loads(invar.text("/api/v1/config/files"))["files"]
        self.assertEqual(files[-1]["path"], "remote.alloy")
        self.assertEqual(json.loads(invar.text(f"/api/v1/config/files/{files[-1]['n']}"))["text"], FIRST)
        self.assertEqual(invar.metric("remotecfg_last_load_successful"), 1)
        self.assertEqual(invar.metric("invar_component_controller_running_components", controller_id="remotecfg"), 1)

        invar.rewrite("")  # without the block everything of it goes
        self.assertEqual(invar.get("/-/reload")[0], 200)
        until("its components gone", lambda: components(invar) == set())
        until("a good-bye", lambda: server.calls("UnregisterCollector"))
        invar.rewrite(block(server.address))
        self.assertEqual(invar.get("/-/reload")[0], 200)
        until("its components back", lambda: components(invar) == {"discovery.relabel.one"})
        self.assertEqual(invar.stop()[0], 0)
        self.assertEqual(len(server.calls("UnregisterCollector")), 2)

    def test_a_wrong_text_leaves_the_last_good_one(self):
        server = self.start(Collector())
        server.gives(FIRST)
        invar = self.invar(block(server.address) + "livedebugging { enabled = true }\n")
        until("the first text", lambda: components(invar) == {"discovery.relabel.one"})
        server.gives(WRONG)
        until("the refusal", lambda: server.told() and server.told()[0] == FAILED)
        self.assertIn("2:3: unrecognized attribute name \"nonsense\"", server.told()[1])
        self.assertEqual(components(invar), {"discovery.relabel.one"})
        state = json.loads(invar.text("/api/v1/remotecfg"))
        self.assertTrue(state["running"] and not state["unanswered"])
        self.assertIn("nonsense", state["error"])
        debug = self.start(Stream(invar, "/api/v0/web/debug/remotecfg/discovery.relabel.one"))
        server.gives(FIRST.replace("a:1", "c:1"))
        debug.until('"__address__"="c:1"')
        server.gives(SECOND)
        until("the next text", lambda: components(invar) == {"discovery.relabel.two"})
        until("the status", lambda: server.told() == (APPLIED, ""))
        self.assertEqual(invar.stop()[0], 0)

    def test_other_pipelines_of_the_remote_text_are_left_out_with_the_flag(self):
        server = self.start(Collector())
        server.gives(FIRST + 'loki.process "p" {\n  forward_to = [loki.write.w.receiver]\n}\n'
                     'loki.write "w" {\n  endpoint {\n    url = "http://loki"\n  }\n}\n')
        with_flag = self.invar(block(server.address), "--skip-other-pipelines")
        until("the remote component", lambda: components(with_flag) == {"discovery.relabel.one"})
        until("the status", lambda: server.told() == (APPLIED, ""))
        self.assertEqual(with_flag.stop()[0], 0)
        without = self.invar(block(server.address))
        until("the refusal", lambda: server.told()[0] == FAILED)
        self.assertIn("--skip-other-pipelines", server.told()[1])
        self.assertEqual(components(without), set())
        self.assertEqual(without.stop()[0], 0)

    def test_a_start_without_the_server_runs_from_the_copy_or_alone_and_says_so(self):
        server = self.start(Collector())
        server.gives(FIRST)
        invar = self.invar(block(server.address))
        until("the first text", lambda: components(invar) == {"discovery.relabel.one"})
        until("the copy", lambda: list((invar.folder / "storage/remotecfg").glob("*.alloy")))
        invar.stop()
        for mode in ("boom", "gateway", "html"):
            server.mode(mode)
            again = self.invar(block(server.address), folder=invar.folder)
            until(f"the copy, {mode}", lambda: components(again) == {"discovery.relabel.one"})
            self.assertIn("runs from the copy on disk", again.log())
            state = json.loads(again.text("/api/v1/remotecfg"))
            self.assertTrue(state["running"] and state["from_cache"] and state["unanswered"] and state["error"])
            server.mode("ok")
            until("the server again", lambda: again.metric("remotecfg_last_load_successful") == 1)
            self.assertEqual(again.stop()[0], 0)

        alone = self.invar(block(f"127.0.0.1:{free_port()}") + 'discovery.relabel "local" {\n  targets = []\n}\n')
        until("a word", lambda: "only the local configuration runs" in alone.log())
        self.assertEqual(components(alone), set())
        self.assertEqual(alone.get("/-/ready")[0], 200)
        self.assertEqual(alone.stop()[0], 0)


if __name__ == "__main__":
    unittest.main()
