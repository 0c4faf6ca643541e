"""discovery.consul and discovery.consulagent against a real Consul agent with access control."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE, Case, fetch, free_port, targets, until


def why_not():
    built = subprocess.run([SOURCE / "tools/build_go_peer.sh", "consul", "github.com/hashicorp/consul"], capture_output=True,
                           text=True)
    if built.returncode != 0:
        return "consul cannot be built: " + (built.stderr.strip().splitlines() or ["no reason given"])[-1]
    Consul.program = built.stdout.strip().splitlines()[-1]
    return None


class Consul:
    program = None

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-consul."))
        self.port = free_port()
        self.log = open(self.folder / "log", "w")
        (self.folder / "config.json").write_text(json.dumps({
            "acl": {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": "root-token", "agent": "root-token"}},
            "ports": {"http": self.port, "grpc": -1, "grpc_tls": -1, "dns": -1, "server": free_port(), "serf_lan": free_port(),
                      "serf_wan": -1},
            "bind_addr": "127.0.0.1", "client_addr": "127.0.0.1", "node_name": "n1", "node_meta": {"rack": "r1"},
            "log_level": "WARN"}))
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "agent", "-dev", f"-config-file={self.folder}/config.json"],
                                        stdout=self.log, stderr=self.log)
        until("Consul has a leader", self.ready, 60)

    def ready(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            _, _, nodes = fetch(f"http://127.0.0.1:{self.port}/v1/catalog/nodes", headers={"X-Consul-Token": "root-token"})
            return b'"Node"' in nodes
        except OSError:
            return False

    def put(self, path, body=None):
        status, _, text = fetch(f"http://127.0.0.1:{self.port}{path}", method="PUT", headers={"X-Consul-Token": "root-token"},
                                data=json.dumps(body or {}).encode())
        assert status == 200, f"{path}: {status} {text.decode()}"
        return json.loads(text) if text.strip() else None

    def service(self, name, ident, address="", tags=(), **more):
        self.put("/v1/agent/service/register", {"Name": name, "ID": ident, "Address": address, "Port": 80, "Tags": list(tags), **more})

    def remove(self, ident):
        self.put(f"/v1/agent/service/deregister/{ident}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


MISSING = why_not()


@unittest.skipIf(MISSING, MISSING)
class ConsulTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.consul = Consul()

    @classmethod
    def tearDownClass(cls):
        cls.consul.stop()

    def component(self, kind, name, more="", token="root-token"):
        return f"""
discovery.{kind} "{name}" {{
  server           = "127.0.0.1:{self.consul.port}"
  token            = "{token}"
  refresh_interval = "500ms"
  {more}
}}
"""

    def wait(self, invar, name, expected):
        until(f"{name} exports {expected}",
              lambda: sorted(t["__address__"] for t in targets(invar, name)) == sorted(expected))

    def test_the_catalog_and_the_agent(self):
        consul = self.consul
        consul.service("web", "w1", "10.0.0.1", ["a", "b"], Meta={"ver": "1"},
                       Check={"Name": "c", "TTL": "1h", "Status": "warning"})
        consul.service("web", "w2", "", ["a"])
        consul.service("db", "d1", "10.0.0.3")
        named = 'services = ["web", "db"]'
        tagged = 'tags = ["a", "b"]'
        invar = self.invar("".join([
            self.component("consul", "all"), self.component("consul", "named", named), self.component("consul", "tagged", tagged),
            self.component("consul", "elsewhere", 'services = ["web"]\n  node_meta = {"rack" = "r2"}'),
            self.component("consulagent", "named", named), self.component("consulagent", "tagged", tagged)]))
        web = ["10.0.0.1:80", "127.0.0.1:80"]
        until("everything is found",
              lambda: {"10.0.0.1:80", "127.0.0.1:80", "10.0.0.3:80"} <= {t["__address__"] for t in targets(invar, "discovery.consul.all")})
        for kind in ("consul", "consulagent"):
            self.wait(invar, f"discovery.{kind}.named", web + ["10.0.0.3:80"])
            self.wait(invar, f"discovery.{kind}.tagged", ["10.0.0.1:80"])
        self.wait(invar, "discovery.consul.elsewhere", [])
        target = targets(invar, "discovery.consul.tagged")[0]
        for label, value in {"service": "web", "service_id": "w1", "service_address": "10.0.0.1", "service_port": "80", "dc": "dc1",
                             "node": "n1", "address": "127.0.0.1", "tags": ",a,b,", "health": "warning", "metadata_rack": "r1",
                             "service_metadata_ver": "1", "tagged_address_lan": "127.0.0.1"}.items():
            self.assertEqual(target["__meta_consul_" + label], value, label)
        target = targets(invar, "discovery.consulagent.tagged")[0]
        for label, value in {"service": "web", "service_id": "w1", "dc": "dc1", "node": "n1", "address": "127.0.0.1", "tags": ",a,b,",
                             "health": "warning", "metadata_rack": "r1", "service_metadata_ver": "1",
                             "tagged_address_lan_ipv4": "10.0.0.1:80"}.items():
            self.assertEqual(target["__meta_consulagent_" + label], value, label)
        # A change, a new one, and one that goes; a service that goes altogether.
        consul.put("/v1/agent/service/maintenance/w1?enable=true")
        until("the maintenance is seen", lambda: any(
            t["__meta_consul_health"] == "maintenance" for t in targets(invar, "discovery.consul.tagged")))
        consul.service("web", "w4", "10.0.0.4", ["a", "b"])
        consul.remove("w1")
        consul.remove("d1")
        for kind in ("consul", "consulagent"):
            self.wait(invar, f"discovery.{kind}.tagged", ["10.0.0.4:80"])
            self.wait(invar, f"discovery.{kind}.named", ["10.0.0.4:80", "127.0.0.1:80"])

    def test_rights_and_an_agent_that_is_killed(self):
        consul = self.consul
        consul.service("web", "w9", "10.0.0.9")
        invar = self.invar(self.component("consul", "all", 'services = ["web"]') + self.component("consulagent", "bad", "", "wrong-token"))

        def health(name):
            return invar.details(name)["health"]
        until("the service is found", lambda: "10.0.0.9:80" in {t["__address__"] for t in targets(invar, "discovery.consul.all")})
        until("the refused token is told", lambda: "403 Forbidden" in health("discovery.consulagent.bad")["message"])
        self.assertNotIn("wrong-token", health("discovery.consulagent.bad")["message"])
        consul.kill()
        until("the failure is told", lambda: health("discovery.consul.all")["state"] == "unhealthy")
        self.assertIn("10.0.0.9:80", {t["__address__"] for t in targets(invar, "discovery.consul.all")})
        # It comes back with an index that begins anew.
        consul.start()
        consul.service("web", "w10", "10.0.0.10")
        self.wait(invar, "discovery.consul.all", ["10.0.0.10:80"])
        self.assertEqual(health("discovery.consul.all")["state"], "healthy")
        consul.remove("w10")


if __name__ == "__main__":
    unittest.main()
