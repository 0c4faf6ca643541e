"""invar convert: what other collectors are told, as Invar's configuration that passes fmt and validate."""

import re
import unittest

from harness import SOURCE, Case, run

PROMETHEUS = '''
global:
  scrape_interval: 15s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["localhost:9100"]
  - job_name: heaps
    metrics_path: /debug/pprof/heap
    scrape_interval: 1d
    basic_auth:
      username: u
      password_file: /etc/password
    honor_labels: true
    file_sd_configs:
      - files: ["/etc/targets/*.json"]
    relabel_configs:
      - source_labels: [env, zone]
        regex: (.+);(.+)
        target_label: place
'''

HEAPS = '''// Of global only scrape_interval is carried over.
// The job "node" does not scrape profiles.
discovery.file "heaps" {
	files = ["/etc/targets/*.json"]
}

discovery.relabel "heaps" {
	targets = discovery.file.heaps.targets

	rule {
		regex         = "(.+);(.+)"
		source_labels = ["env", "zone"]
		target_label  = "place"
	}
}
'''

PARCA = '''
object_storage:
  bucket:
    type: FILESYSTEM
scrape_configs:
  - job_name: my app
    scrape_interval: 10s
    static_configs:
      - targets: ["127.0.0.1:6060", "127.0.0.1:6061"]
        labels:
          team: red
    profiling_config:
      path_prefix: /prefix
      pprof_config:
        memory:
          enabled: false
        fgprof:
          enabled: true
          path: /debug/fgprof
        own:
          path: /debug/own
'''

FLOW = '''// Everything about this host.
logging {
  level    = "debug"
  write_to = [loki.write.w.receiver]
}
discovery.relabel "all" {
  targets = [{"__address__" = env("HOSTNAME") + ":6060"}]
}
loki.write "w" {
  endpoint {
    url = "http://loki"
  }
}
prometheus.scrape "metrics" {
  targets    = discovery.relabel.all.output
  forward_to = [prometheus.remote_write.w.receiver]
}
prometheus.remote_write "w" {
  endpoint {
    url = "http://mimir"
  }
}
// The profiles.
phlare.scrape "profiles" {
  targets    = discovery.relabel.all.output
  forward_to = [phlare.write.w.receiver]
}
phlare.write "w" {
  endpoint {
    url = "http://phlare:4100"
  }
}
'''


class Convert(Case):
    def converted(self, form, text):
        done = run("convert", "-f", form, stdin=text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        path = self.folder() / "out.alloy"
        path.write_text(done.stdout)
        validated = run("validate", str(path))
        self.assertEqual((validated.returncode, "Error" in validated.stderr), (0, False), validated.stderr + done.stdout)
        self.assertEqual(run("fmt", "-t", str(path)).returncode, 0)
        return done.stdout

    def test_prometheus(self):
        text = self.converted("prometheus", PROMETHEUS)
        self.assertTrue(text.startswith(HEAPS), text)
        for part in ('targets    = discovery.relabel.heaps.output', '"24h"', 'profile.memory {\n\t\t\tenabled = true',
                     'path    = "/debug/pprof/heap"', 'password_file = "/etc/password"', '// honor_labels is not carried over.',
                     'profile.process_cpu {\n\t\t\tenabled = false', 'pyroscope.write "default"'):
            self.assertIn(part, text)

    def test_parca(self):
        text = self.converted("parca", PARCA)
        for part in ('// object_storage is not carried over.', 'pyroscope.scrape "my_app"', '"127.0.0.1:6061", "team" = "red"',
                     'job_name', '"my app"', 'path_prefix = "/prefix"', 'profile.memory {\n\t\t\tenabled = false',
                     'profile.custom "own" {\n\t\t\tenabled = true', 'scrape_interval'):
            self.assertIn(part, text)

    def test_flow(self):
        text = self.converted("flow", FLOW)
        for part in ('// Everything about this host.', '// write_to: left to another agent.', '// loki.write.w: left to another agent.',
                     '// prometheus.scrape.metrics: left to another agent.', 'pyroscope.scrape "profiles"',
                     '[pyroscope.write.w.receiver]', 'discovery.relabel "all"'):
            self.assertIn(part, text)
        self.assertNotIn("phlare.", text)

    def test_every_file_of_the_corpus_becomes_a_configuration_that_is_formatted_and_valid(self):
        """What a result must hold is in its file's own comments, `expect: …`."""
        for form in ("prometheus", "parca", "flow"):
            files = sorted((SOURCE / "testdata/convert" / form).iterdir())
            self.assertTrue(files, form)
            for file in files:
                with self.subTest(f"{form}/{file.name}"):
                    given = file.read_text()
                    result = re.sub(r".*expect: .*", "", self.converted(form, given))
                    for part in re.findall(r"expect: (.*)", given):
                        self.assertIn(part, result)

    def test_mistakes(self):
        for arguments, words in ((("convert",), "source-format is a required flag"),
                                 (("convert", "-f", "x"), '(Critical) unrecognized kind "x" given to the config converter'),
                                 (("convert", "--source-format=parca"), "not a configuration"),
                                 (("convert", "-f", "flow"), "<stdin>:1:1"),
                                 (("run", "--config.format=prometheus", "x.yml"), "by invar convert -f prometheus FILE"),
                                 # What scripts for Alloy give.
                                 (("convert", "-b", "--extra-args=-x", "-f", "parca"), "not a configuration")):
            done = run(*arguments, stdin="- 1")
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)

    def test_files(self):
        folder = self.folder()
        (folder / "in.yml").write_text(PARCA)
        done = run("convert", "-f", "parca", "-o", str(folder / "out.alloy"), str(folder / "in.yml"))
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("pyroscope.scrape", (folder / "out.alloy").read_text())

    def test_report(self):
        report = self.folder() / "report.txt"
        for form, given, status, lines in (
                ("prometheus", PROMETHEUS, 0,
                 ["(Warning) Of global only scrape_interval is carried over.",
                  '(Warning) The job "node" does not scrape profiles.',
                  "(Info) discovery.file.heaps was made.", "(Info) discovery.relabel.heaps was made.",
                  "(Info) pyroscope.scrape.heaps was made.",
                  "(Warning) pyroscope.scrape.heaps: honor_labels is not carried over.",
                  "(Warning) Where the profiles go: the address of your Pyroscope.",
                  "(Info) pyroscope.write.default was made."]),
                ("flow", FLOW, 0,
                 ["(Warning) write_to: left to another agent.", "(Warning) loki.write.w: left to another agent.",
                  "(Warning) prometheus.scrape.metrics: left to another agent.",
                  "(Warning) prometheus.remote_write.w: left to another agent."]),
                ("parca", "- 1", 1, ["(Critical) <stdin>: not a configuration: a map is expected"])):
            with self.subTest(form):
                done = run("convert", "-f", form, "--report", str(report), stdin=given)
                self.assertEqual(done.returncode, status)
                self.assertEqual(report.read_text().splitlines(), lines)


if __name__ == "__main__":
    unittest.main()
