"""discovery.kubernetes against a real API server with RBAC: every role, changes, rights, and servers that come and go."""

import base64
import json
import os
import pathlib
import re
import socket
import threading
import time
import unittest

from harness import SOURCE, Invar, outputs, targets, until
from kubernetes_peer import Kube, Kubelet, why_no_kubelet, why_not

MISSING = why_not()


def addresses(invar, component):
    return sorted(t["__address__"] for t in targets(invar, component))


class Relay:
    """Passes connections on to a port of this machine; slowly and in small pieces where it is told to, until they are cut."""

    def __init__(self, to):
        self.to, self.piece, self.pause = to, 1 << 16, 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self.open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(self.piece):
                sink.sendall(data)
                time.sleep(self.pause)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for end in self.open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        self.open = []

    def close(self):
        self.listener.close()
        self.cut()


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

    def run_invar(self, config, **kwargs):
        invar = Invar(config, **kwargs)
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

    def test_a_kubelet(self):
        if missing := why_no_kubelet():
            self.skipTest(missing)
        kube = self.kube
        kubelet = Kubelet(kube, "n2")
        self.addCleanup(kubelet.stop)
        kube.namespace("node")
        kube.namespace("elsewhere")

        def component(name, token):
            return f"""
discovery.kubelet "{name}" {{
  url              = "{kubelet.url}"
  bearer_token     = "{token}"
  namespaces       = ["node"]
  refresh_interval = "500ms"
  tls_config {{
    ca_file     = "{kubelet.ca}"
    server_name = "n2"
  }}
}}
"""
        invar = self.run_invar(self.component("pods", "pod", 'namespaces { names = ["node"] }') + component("node", "admin-token") +
                               component("refused", "limited-token") + component("unknown", "no-such-token"))
        until("no pods are no failure", lambda: invar.details("discovery.kubelet.node")["health"]["message"] == "found 0 targets")
        kube.pod("node", "n-1", labels={"app": "web"}, annotations={"profiles.grafana.com/cpu.scrape": "true"}, node="n2")
        kube.pod("elsewhere", "e-1", node="n2")

        def found(name):
            """What the kubelet adds to a pod is not in the API server's."""
            return [{k: v for k, v in t.items() if "_kubernetes_io_config_" not in k} for t in targets(invar, name)]
        until("both find the pod that runs", lambda: [t["__meta_kubernetes_pod_ready"] for t in found("discovery.kubernetes.pods")] ==
              ["true"] and found("discovery.kubelet.node") == found("discovery.kubernetes.pods"))
        target = found("discovery.kubelet.node")[0]
        self.assertEqual((target["__meta_kubernetes_pod_name"], target["__meta_kubernetes_pod_node_name"]), ("n-1", "n2"))
        self.assertEqual(target["__address__"], target["__meta_kubernetes_pod_ip"] + ":8080")
        self.assertTrue(target["__meta_kubernetes_pod_container_id"])
        self.assertEqual(target["__meta_kubernetes_pod_annotation_profiles_grafana_com_cpu_scrape"], "true")
        for name, status in (("refused", "403 Forbidden"), ("unknown", "401 Unauthorized")):
            message = invar.details(f"discovery.kubelet.{name}")["health"]["message"]
            self.assertIn(f"error response from kubelet: {status}; the credentials need the right to `get` the resource nodes/proxy", message)
        kube.delete("/api/v1/namespaces/node/pods/n-1")
        until("a pod that went is gone", lambda: not found("discovery.kubelet.node"))

    def test_secrets_and_config_maps(self):
        kube = self.kube
        kube.namespace("data")
        path = "/api/v1/namespaces/data"
        kube.write("POST", f"{path}/secrets", {"metadata": {"name": "push"}, "stringData": {"token": "hush"}})
        kube.write("POST", f"{path}/configmaps", {"metadata": {"name": "push"}, "data": {"url": "http://p:4040"},
                                                  "binaryData": {"b": "AA=="}})

        def component(kind, name, token="admin-token"):
            return f"""
remote.kubernetes.{kind} "{name}" {{
  namespace      = "data"
  name           = "push"
  poll_frequency = "500ms"
  client {{
    api_server   = "{kube.url}"
    bearer_token = "{token}"
    tls_config {{
      ca_file = "{kube.ca}"
    }}
  }}
}}
"""
        invar = self.run_invar(component("secret", "s") + component("configmap", "c") + component("secret", "refused", "limited-token") + """
discovery.relabel "plain" {
  targets = [{
    "token" = convert.nonsensitive(coalesce(remote.kubernetes.secret.s.data["token"], "none")),
    "url"   = coalesce(remote.kubernetes.configmap.c.data["url"], "none"),
  }]
}
""")

        def plain():
            return (outputs(invar, "discovery.relabel.plain") or [{}])[0]
        until("both are there", lambda: plain() == {"token": "hush", "url": "http://p:4040"})
        kube.patch(f"{path}/secrets/push", {"stringData": {"token": "hush2"}})
        kube.patch(f"{path}/configmaps/push", {"data": {"url": "http://q:4040"}})
        until("both have changed", lambda: plain() == {"token": "hush2", "url": "http://q:4040"})
        refused = invar.details("remote.kubernetes.secret.refused")["health"]["message"]
        self.assertIn('resources: ["secrets"], resourceNames: ["push"], verbs: ["get"]', refused)
        kube.delete(f"{path}/secrets/push")
        until("it is told that it is gone",
              lambda: 'secrets "push" not found' in invar.details("remote.kubernetes.secret.s")["health"]["message"])
        self.assertEqual(plain()["token"], "hush2")
        self.assertNotIn("hush", invar.log())

    def run_in_cluster(self, space, config):
        return self.run_invar(config, **self.kube.as_in_a_pod(space))

    @unittest.skipIf(os.geteuid() != 0, "a mount namespace takes root")
    def test_inside_of_a_cluster(self):
        kube = self.kube
        kube.namespace("home")
        kube.namespace("other")
        kube.pod("home", "h-1", "10.6.0.1")
        kube.pod("other", "o-1", "10.6.0.2")
        invar = self.run_in_cluster("home", """
discovery.kubernetes "all" {
  role = "pod"
}
discovery.kubernetes "own" {
  role = "pod"
  namespaces {
    own_namespace = true
  }
}
remote.kubernetes.secret "none" {
  namespace = "home"
  name      = "none"
}
""")
        self.wait(invar, "discovery.kubernetes.own", ["10.6.0.1:8080"])
        until("all are found", lambda: {"10.6.0.1:8080", "10.6.0.2:8080"} <= set(addresses(invar, "discovery.kubernetes.all")))
        until("what is not allowed is told", lambda: "system:serviceaccount:home:invar" in invar.details(
            "remote.kubernetes.secret.none")["health"]["message"])

    @unittest.skipIf(os.geteuid() != 0, "a mount namespace takes root")
    def test_the_configuration_of_the_guide(self):
        config = re.search(r"^```alloy\n(.*?)^```", (SOURCE / "docs/guides/kubernetes.md").read_text(), re.M | re.S)[1]
        self.kube.namespace("guide")
        chosen = {"profiles.grafana.com/cpu.scrape": "true", "profiles.grafana.com/cpu.port": "6060"}
        self.kube.pod("guide", "chosen", "127.0.0.1", annotations=chosen)
        self.kube.pod("guide", "other", "10.8.0.2")
        invar = self.run_in_cluster("guide", config)

        target = until("the annotated pod is chosen", lambda: [
            t for t in outputs(invar, "discovery.relabel.cpu") if t["namespace"] == "guide"])[0]
        self.assertEqual((target["__address__"], target["pod"], target["service_name"]), ("127.0.0.1:6060", "chosen", "guide/app"))

    def test_a_stream_that_is_slow_and_cut(self):
        kube = self.kube
        kube.namespace("slow")
        for i in range(20):
            kube.pod("slow", f"s-{i}", f"10.7.0.{i}")
        relay = Relay(kube.port)
        self.addCleanup(relay.close)
        config = self.component("pods", "pod", 'namespaces { names = ["slow"] }').replace(f":{kube.port}", f":{relay.port}")
        relay.piece, relay.pause = 200, 0.01  # a list that takes its time
        invar = self.run_invar(config)
        name = "discovery.kubernetes.pods"
        self.wait(invar, name, [f"10.7.0.{i}:8080" for i in range(20)], 60)
        for round_ in range(5):
            relay.cut()
            kube.delete(f"/api/v1/namespaces/slow/pods/s-{round_}")
            kube.pod("slow", f"t-{round_}", f"10.7.1.{round_}")
        expected = [f"10.7.0.{i}:8080" for i in range(5, 20)] + [f"10.7.1.{i}:8080" for i in range(5)]
        self.wait(invar, name, expected, 60)
        relay.piece, relay.pause = 1 << 16, 0
        kube.delete("/api/v1/namespaces/slow/pods/s-19")
        self.wait(invar, name, [a for a in expected if a != "10.7.0.19:8080"])
        self.assertEqual(invar.details(name)["health"]["state"], "healthy")


if __name__ == "__main__":
    unittest.main()
