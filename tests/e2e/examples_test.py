"""The examples of whole stacks, each with a real target and beside another agent: profiles arrive, the rest is left."""

import json
import re
import shutil
import subprocess
import unittest

from harness import SOURCE, Case, free_port, run, until

EXAMPLES = SOURCE / "examples/whole-stack"


class WholeStack(Case):
    def example(self, name, *changes):
        """The text, with the server's address and the changes made; each must be possible."""
        text = (EXAMPLES / name).read_text()
        for old, new in (("http://pyroscope:4040", f"http://{self.pyroscope.address}"), *changes):
            self.assertIn(old, text)
            text = text.replace(old, new)
        # Every 15 s is too seldom for a test.
        return re.sub(r"(pyroscope.scrape .*)", r'\1\n\tscrape_interval = "2s"\n\tscrape_timeout = "1s"', text)

    def setUp(self):
        super().setUp()
        self.pyroscope = self.server()
        self.app = self.target()

    def discovered(self, labels):
        """A discovery.file in place of what a test cannot have: its one target is the application."""
        path = self.folder() / "targets.json"
        path.write_text(json.dumps([{"targets": [self.app.address], "labels": labels}]))
        return f'files = ["{path}"]'

    def arrives(self, text, service, left):
        invar = self.invar(text, "--skip-other-pipelines")
        until(f"profiles of {service}", lambda: self.pyroscope.received(service_name=service))
        families = json.loads(invar.text("/api/v0/web/left-to-others"))["families"]
        self.assertEqual(families, left)
        self.assertEqual(invar.stop()[0], 0)

    def test_chart(self):
        labels = {"__meta_kubernetes_pod_annotation_profiles_scrape": "true", "__meta_kubernetes_namespace": "shop",
                  "__meta_kubernetes_pod_container_name": "cart"}
        text = self.example("chart.alloy", ('discovery.kubernetes "pods"', 'discovery.file "pods"'),
                            ('role = "pod"', self.discovered(labels)), ("discovery.kubernetes.pods", "discovery.file.pods"),
                            ("4041", str(free_port())), ("0.0.0.0", "127.0.0.1"))
        text = text.replace('\tscrape_interval = "2s"\n', "").replace('default  = "15s"', 'default  = "2s"')
        self.arrives(text, "shop/cart", {"discovery": 1, "loki": 3, "otelcol": 2, "prometheus": 2})

    def test_compose(self):
        ip, port = self.app.address.split(":")
        labels = {"__meta_docker_container_label_profiles_port": port, "__meta_docker_network_ip": ip,
                  "__meta_docker_container_label_com_docker_compose_service": "web"}
        text = self.example("compose.alloy", ('discovery.docker "containers" {\n\thost = "unix:///var/run/docker.sock"',
                                              'discovery.file "containers" {\n' + self.discovered(labels)),
                            ("discovery.docker.containers", "discovery.file.containers"))
        self.arrives(text, "web", {"discovery": 1, "loki": 2, "prometheus": 3})

    def test_host(self):
        text = self.example("host.alloy", ("127.0.0.1:6060", self.app.address))
        self.arrives(text, "shop", {"discovery": 1, "loki": 2, "prometheus": 3})

    @unittest.skipUnless(shutil.which("git"), "there is no git program")
    def test_from_git(self):
        repository = self.folder() / "modules"
        shutil.copytree(EXAMPLES / "modules", repository)
        module = repository / "service.alloy"
        module.write_text(re.sub(r"(pyroscope.scrape .*)", r'\1\n\tscrape_interval = "2s"\n\tscrape_timeout = "1s"',
                                 module.read_text()))
        for arguments in (["init", "-q", "-b", "main"], ["add", "."],
                          ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "modules"]):
            subprocess.run(["git", "-C", repository, *arguments], check=True)
        text = self.example("from_git.alloy", ("127.0.0.1:6060", self.app.address),
                            ("https://git.example.com/team/modules.git", str(repository)))
        self.arrives(text, "shop", {"local": 1, "loki": 2, "prometheus": 2})

    def test_as_they_stand_they_are_formatted_and_valid(self):
        for path in sorted(EXAMPLES.rglob("*.alloy")):
            done = run("validate", "--skip-other-pipelines", str(path))
            self.assertEqual(done.returncode, 0, (path, done.stderr))
            self.assertEqual(run("fmt", "-t", str(path)).returncode, 0, path)


if __name__ == "__main__":
    unittest.main()
