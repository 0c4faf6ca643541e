"""discovery.kubernetes against a real API server with RBAC: every role, changes, rights, and servers that come and go."""

import base64
import json
import pathlib
import unittest

from harness import Invar, until
from kubernetes_peer import Kube, why_not

MISSING = why_not()


def targets(invar, component):
    """The exported targets as dictionaries."""
    exports = invar.details(component)["exports"]
    for export in exports:
        if export["name"] == "targets":
            return [{pair["key"]: pair["value"]["value"] for pair in target["value"]} for target in export["value"]["value"]]
    return []


def addresses(invar, component):
    return sorted(t["__address__"] for t in targets(invar, component))


@unittest.skipIf(MISSING, MISSING)
class KubernetesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kube = Kube()
        cls.kube.namespace("shop", {"team": "x"})
        cls.kube.namespace("bank")
        cls.kube.write("POST", "/api/v1/nodes", {"metadata": {"name": "n1", "labels": {"zone": "a"}}})
        cls.kube.patch("/api/v1/nodes/n1/status", {"status": {
            "addresses": [{"type": "InternalIP", "address": "192.168.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}})

    @classmethod
    def tearDownClass(cls):
        cls.kube.stop()

    def run_invar(self, config):
        invar = Invar(config)
        self.addCleanup(invar.close)
        return invar

    def component(self, name, role, more="", token="admin-token"):
        return f"""
discovery.kubernetes "{name}" {{
  role         = "{role}"
  api_server   = "{self.kube.url}"
  bearer_token = "{token}"
  tls_config {{
    ca_file = "{self.kube.ca}"
  }}
  {more}
}}
"""

    def wait(self, invar, component, expected, seconds=30):
        until(f"{component} exports {expected}", lambda: addresses(invar, component) == sorted(expected), seconds)

    def test_every_role(self):
        kube = self.kube
        kube.pod("shop", "web-1", "10.1.0.1", labels={"app": "web"}, annotations={"profiles.grafana.com/cpu.scrape": "true"})
        kube.write("POST", "/api/v1/namespaces/shop/services", {
            "metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "web"}}})
        reference = {"kind": "Pod", "namespace": "shop", "name": "web-1"}
        kube.write("POST", "/api/v1/namespaces/shop/endpoints", {
            "metadata": {"name": "web"}, "subsets": [
                {"addresses": [{"ip": "10.1.0.1", "nodeName": "n1", "targetRef": reference}], "ports": [{"name": "http", "port": 8080}]}]})
        kube.write("POST", "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", {
            "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.1.0.1"], "conditions": {"ready": True}, "targetRef": reference}],
            "ports": [{"name": "http", "port": 8080}]})
        kube.write("POST", "/apis/networking.k8s.io/v1/namespaces/shop/ingresses", {
            "metadata": {"name": "web"}, "spec": {"tls": [{"hosts": ["shop.test"]}], "rules": [{"host": "shop.test", "http": {
                "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}})
        names = 'namespaces { names = ["shop"] }\n attach_metadata {\n node = true\n namespace = true\n }'
        roles = ["pod", "service", "endpoints", "endpointslice", "ingress"]
        invar = self.run_invar("".join(self.component(r, r, names) for r in roles) + self.component("node", "node"))
        self.wait(invar, "discovery.kubernetes.pod", ["10.1.0.1:8080"])
        self.wait(invar, "discovery.kubernetes.service", ["web.shop.svc:80"])
        self.wait(invar, "discovery.kubernetes.endpoints", ["10.1.0.1:8080"])
        self.wait(invar, "discovery.kubernetes.endpointslice", ["10.1.0.1:8080"])
        self.wait(invar, "discovery.kubernetes.ingress", ["shop.test"])
        self.wait(invar, "discovery.kubernetes.node", ["192.168.0.1:10250"])
        pod = targets(invar, "discovery.kubernetes.pod")[0]
        self.assertEqual(pod["__meta_kubernetes_pod_annotation_profiles_grafana_com_cpu_scrape"], "true")
        self.assertEqual(pod["__meta_kubernetes_pod_ready"], "true")
        self.assertEqual(pod["__meta_kubernetes_node_label_zone"], "a")
        self.assertEqual(pod["__meta_kubernetes_namespace_label_team"], "x")
        for role in ("endpoints", "endpointslice"):
            target = targets(invar, f"discovery.kubernetes.{role}")[0]
            self.assertEqual(target["__meta_kubernetes_pod_name"], "web-1")
            self.assertEqual(target["__meta_kubernetes_service_name"], "web")
        # New labels of the pod alone reach both.
        kube.patch("/api/v1/namespaces/shop/pods/web-1", {"metadata": {"labels": {"version": "2"}}})
        for role in ("pod", "endpoints", "endpointslice"):
            until(f"{role} shows the new label", lambda role=role: targets(invar, f"discovery.kubernetes.{role}")[0].get(
                "__meta_kubernetes_pod_label_version") == "2")
        kube.delete("/api/v1/namespaces/shop/pods/web-1")
        self.wait(invar, "discovery.kubernetes.pod", [])

    def test_rights_are_named_and_taken_up_when_they_are_granted(self):
        self.kube.pod("bank", "b-1", "10.2.0.1")
        names = 'namespaces { names = ["bank"] }'
        invar = self.run_invar(self.component("pods", "pod", names, "limited-token") + self.component("bad", "pod", "", "wrong"))

        def health(name):
            return invar.details(f"discovery.kubernetes.{name}")["health"]
        until("the 403 is told", lambda: health("pods")["state"] == "unhealthy")
        self.assertIn('does not allow to list pods in namespace "bank"', health("pods")["message"])
        self.assertIn('{apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}', health("pods")["message"])
        until("the 401 is told", lambda: "does not accept the credentials (401)" in health("bad")["message"])
        self.assertNotIn("wrong", health("bad")["message"])
        self.kube.grant("limited", ["pods"], space="bank")
        self.wait(invar, "discovery.kubernetes.pods", ["10.2.0.1:8080"], 60)
        self.assertEqual(health("pods")["state"], "healthy")

    def test_servers_that_come_and_go(self):
        kube = self.kube
        kube.namespace("moving")
        kube.pod("moving", "m-1", "10.3.0.1")
        kube.pod("moving", "m-2", "10.3.0.2")
        name = "discovery.kubernetes.pods"
        invar = self.run_invar(self.component("pods", "pod", 'namespaces { names = ["moving"] }'))
        self.wait(invar, name, ["10.3.0.1:8080", "10.3.0.2:8080"])
        kube.stop_server()
        until("the failure is told", lambda: invar.details(name)["health"]["state"] == "unhealthy")
        self.assertEqual(addresses(invar, name), ["10.3.0.1:8080", "10.3.0.2:8080"])
        kube.start_server()
        # While nobody watched: changes, and a compaction that makes the last version too old.
        kube.delete("/api/v1/namespaces/moving/pods/m-1")
        kube.pod("moving", "m-3", "10.3.0.3")
        kube.compact()
        self.wait(invar, name, ["10.3.0.2:8080", "10.3.0.3:8080"], 60)
        self.assertEqual(invar.details(name)["health"]["state"], "healthy")

    def test_kubeconfig_with_an_exec_plugin(self):
        kube = self.kube
        kube.namespace("exec")
        kube.pod("exec", "e-1", "10.4.0.1")
        plugin = kube.folder / "plugin.sh"
        plugin.write_text('#!/bin/sh\nprintf \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", '
                          '"status": {"token": "admin-token"}}\'\n')
        plugin.chmod(0o700)
        config = kube.folder / "kubeconfig"
        config.write_text(json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {
                "server": kube.url, "certificate-authority-data": base64.b64encode(pathlib.Path(kube.ca).read_bytes()).decode()}}],
            "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh"}}}]}))
        invar = self.run_invar(f"""
discovery.kubernetes "pods" {{
  role            = "pod"
  kubeconfig_file = "{config}"
  namespaces {{
    names = ["exec"]
  }}
  selectors {{
    role  = "pod"
    field = "metadata.name=e-1"
  }}
}}
""")
        self.wait(invar, "discovery.kubernetes.pods", ["10.4.0.1:8080"])


if __name__ == "__main__":
    unittest.main()
