"""docs/api/openapi.yaml against the server: schemathesis asks all that it allows, and every answer has to be as described."""

import os
import subprocess
import unittest

from harness import SOURCE, Case, until

CONFIG = """
discovery.relabel "all" {
  targets = [{"__address__" = "invar.internal:12345", "service_name" = "invar"}, {"__address__" = "127.0.0.1:1"}]
  rule {
    source_labels = ["service_name"]
    target_label  = "group"
  }
}
pyroscope.scrape "s" {
  targets         = discovery.relabel.all.output
  scrape_interval = "2s"
  scrape_timeout  = "1s"
  forward_to      = [pyroscope.fsdump.archive.receiver]
}
pyroscope.fsdump "archive" {
  target_directory = "archive"
}
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


class OpenApi(Case):
    def test_the_server_answers_as_its_description_says(self):
        invar = self.invar(CONFIG)
        until("profiles are archived", lambda: list((invar.folder / "archive").glob("*.pb.gz")))
        done = subprocess.run(
            [os.environ["SCHEMATHESIS"], "run", SOURCE / "docs/api/openapi.yaml", "--url", f"http://{invar.address}", "--checks", CHECKS,
             "--max-examples", "8", "--seed", "1", "--no-color", "--generation-database", "none",
             # Streams do not end by themselves.
             "--exclude-path-regex", "/(live|events)"],
            capture_output=True, text=True, cwd=self.folder(), timeout=250)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
