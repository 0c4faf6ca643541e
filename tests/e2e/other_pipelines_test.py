"""A whole-stack configuration beside another agent: --skip-other-pipelines of run and validate."""

import json
import unittest

from harness import Case, run, until

STACK = '''
logging {
  level    = "debug"
  write_to = [loki.process.self.receiver]
}
discovery.relabel "everything" {
  targets = [{"__address__" = "127.0.0.1:1", "service_name" = "app"}]
}
discovery.relabel "logs" {
  targets = discovery.relabel.everything.output
}
loki.source.file "pods" {
  targets    = discovery.relabel.logs.output
  forward_to = [loki.process.self.receiver]
}
loki.process "self" {
  forward_to = [loki.write.cloud.receiver]
}
loki.write "cloud" {
  endpoint {
    url = "http://loki:3100/loki/api/v1/push"
  }
}
prometheus.scrape "pods" {
  targets    = discovery.relabel.everything.output
  forward_to = [prometheus.remote_write.cloud.receiver]
}
prometheus.remote_write "cloud" {
  endpoint {
    url = "http://mimir:9009/api/v1/push"
  }
}
declare "profiling" {
  argument "targets" { }
  argument "destinations" { }
  argument "metrics" {
    optional = true
  }
  pyroscope.scrape "app" {
    targets         = argument.targets.value
    forward_to      = argument.destinations.value
    scrape_interval = "1s"
    scrape_timeout  = "1s"
    profiling_config {
      profile.process_cpu {
        enabled = false
      }
      profile.memory {
        enabled = false
      }
      profile.mutex {
        enabled = false
      }
      profile.block {
        enabled = false
      }
    }
  }
  prometheus.scrape "own" {
    targets    = argument.targets.value
    forward_to = argument.metrics.value
  }
}
profiling "feature" {
  targets      = discovery.relabel.everything.output
  destinations = [pyroscope.write.out.receiver]
  metrics      = [prometheus.remote_write.cloud.receiver]
}
pyroscope.write "out" {
  endpoint {
    url = "http://127.0.0.1:2"
  }
}
'''


def table(text):
    """The rows `family number` behind the headline."""
    lines = text.partition("left to the other agent")[2].splitlines()[1:]
    return {words[0]: int(words[1]) for words in map(str.split, lines) if len(words) == 2 and words[1].isdigit()}


class Beside(Case):
    def test_validate_and_run_leave_the_rest_to_the_other_agent(self):
        expected = {"discovery": 1, "loki": 3, "prometheus": 3}
        path = self.folder() / "stack.alloy"
        path.write_text(STACK)
        done = run("validate", "--skip-other-pipelines", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(table(done.stderr), expected)
        self.assertIn("12345", done.stderr)

        invar = self.invar(STACK, "--skip-other-pipelines")
        self.assertEqual(table(invar.log()), expected)
        ids = {c["localID"] for c in json.loads(invar.text("/api/v0/web/components"))}
        self.assertEqual(ids, {"discovery.relabel.everything", "profiling.feature", "pyroscope.write.out"})
        self.assertEqual(json.loads(invar.text("/api/v0/web/left-to-others"))["families"], expected)
        self.assertIn("Left to the other agent", invar.text("/"))
        invar.rewrite(STACK.replace('loki.write "cloud"', 'loki.wrte "cloud"'))
        self.assertEqual(invar.get("/-/reload")[0], 400)
        invar.rewrite(STACK)
        self.assertEqual(invar.get("/-/reload")[0], 200)
        self.assertEqual(invar.stop()[0], 0)

    def test_profiles_flow_beside_the_rest(self):
        server = self.server()
        target = self.target()
        invar = self.invar(STACK.replace("127.0.0.1:1", target.address).replace("127.0.0.1:2", server.address),
                           "--skip-other-pipelines")
        until("a profile at the server", lambda: server.of_type("goroutine") or server.of_type("goroutines"))
        self.assertEqual(invar.stop()[0], 0)

    def test_without_the_flag_they_are_told_last_and_once_for_each_name(self):
        path = self.folder() / "stack.alloy"
        path.write_text(STACK + 'pyroscope.wrte "x" { }\n')
        done = run("validate", str(path))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count('component name "loki.'), 3)
        self.assertEqual(done.stderr.count('component name "prometheus.scrape"'), 1)
        self.assertIn("2 times", done.stderr)
        self.assertIn("--skip-other-pipelines", done.stderr)
        self.assertLess(done.stderr.index("pyroscope.wrte"), done.stderr.index("loki."))

    def test_a_profile_pipeline_that_hangs_on_another_is_refused_with_its_place(self):
        path = self.folder() / "hangs.alloy"
        path.write_text('prometheus.exporter.unix "u" { }\n'
                        'pyroscope.scrape "s" {\n  targets = prometheus.exporter.unix.u.targets\n  forward_to = []\n}\n')
        for command in ("validate", "run"):
            done = run(command, "--skip-other-pipelines", str(path), cwd=path.parent)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{path}:3:13: pyroscope.scrape.s hangs on prometheus.exporter.unix.u.targets", done.stderr)


if __name__ == "__main__":
    unittest.main()
