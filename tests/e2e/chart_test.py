"""The Helm chart: drawn by Helm over a matrix of values, each object accepted by a real API server, each configuration by Invar."""

import itertools
import os
import pathlib
import subprocess
import tempfile
import unittest

import kubernetes_peer
import yaml

from harness import GO, INVAR, SOURCE, Case, until

CHART = pathlib.Path(SOURCE) / "packaging/helm/invar"
PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps", "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets", "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "ServiceMonitor": "/apis/monitoring.coreos.com/v1/namespaces/{}/servicemonitors",
    "PodMonitor": "/apis/monitoring.coreos.com/v1/namespaces/{}/podmonitors",
}
EVERYTHING = """
controller:
  hostPID: true
  hostNetwork: true
  priorityClassName: system-node-critical
  tolerations: [{operator: Exists}]
  nodeSelector: {kubernetes.io/os: linux}
  podAnnotations: {a: b}
  podLabels: {team: x}
  podDisruptionBudget: {enabled: true, minAvailable: 0}
  volumes: {extra: [{name: proc, hostPath: {path: /proc}}]}
  volumeClaimTemplates: [{spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
alloy:
  clustering: {name: blue}
  stabilityLevel: public-preview
  extraEnv: [{name: GREETING, value: hello}]
  envFrom: [{secretRef: {name: credentials, optional: true}}]
  extraArgs: ["--server.http.enable-pprof=false"]
  extraPorts: [{name: push, port: 4040, targetPort: 4040}]
  mounts: {extra: [{name: proc, mountPath: /host/proc, readOnly: true}]}
  livenessProbe: {httpGet: {path: /-/ready, port: 12345}}
  hostAliases: [{ip: 10.0.0.1, hostnames: [pyroscope]}]
  uiPathPrefix: /invar
networkPolicy: {enabled: true, ingressFrom: [{namespaceSelector: {}}]}
serviceMonitor: {enabled: true, interval: 30s, relabelings: [{targetLabel: cluster, replacement: a}]}
podMonitor: {enabled: true}
"""


def draw(*values, file=None):
    helm = os.environ["HELM"]
    command = [helm, "template", "release", CHART, "--namespace=profiling", "--kube-version=1.26.0"]
    command += [word for value in values for word in ("--set", value)]
    done = subprocess.run([*command, *(["--values", "-"] if file else [])], input=file, capture_output=True, text=True, timeout=60)
    return done, [one for one in yaml.safe_load_all(done.stdout) if one] if done.returncode == 0 else []


def go_peer(folder, package):
    return subprocess.run([SOURCE / "tools/build_go_peer.sh", folder, package], capture_output=True, text=True, check=True).stdout.strip()


def define_monitors(kube):
    """Tells the API server the resources of the Prometheus operator, by definitions that are made of the operator's types."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=kube.folder))
    subprocess.run([go_peer("monitors", "sigs.k8s.io/controller-tools/cmd/controller-gen"), "crd", f"output:crd:dir={folder}",
                    "paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"], check=True, capture_output=True,
                   cwd=SOURCE / "tests/peers/monitors", env={**os.environ, "PATH": f"{pathlib.Path(GO).parent}:{os.environ['PATH']}",
                                                             "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"})
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for name in ("servicemonitors", "podmonitors"):
        definition = yaml.safe_load((folder / f"monitoring.coreos.com_{name}.yaml").read_text())
        status, answer = kube.request("POST", definitions, definition)
        assert status == 201, answer
        until(f"{name} are served", lambda: kube.request("GET", f"/apis/monitoring.coreos.com/v1/{name}")[0] == 200)


class Chart(Case):
    @classmethod
    def setUpClass(cls):
        os.environ["HELM"] = go_peer("helm", "helm.sh/helm/v3/cmd/helm")

    def draw(self, *values, file=None):
        done, objects = draw(*values, file=file)
        self.assertEqual(done.returncode, 0, done.stderr)
        return objects

    def rules(self, config):
        roles = [one for one in self.draw(file=yaml.safe_dump({"alloy": {"configMap": {"content": config}}})) if one["kind"] == "ClusterRole"]
        return {(group, resource): rule["verbs"] for role in roles for rule in role["rules"]
                for group in rule["apiGroups"] for resource in rule["resources"]}

    def test_it_passes_lint(self):
        done = subprocess.run([os.environ["HELM"], "lint", "--strict", CHART], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_an_api_server_accepts_every_object(self):
        if why := kubernetes_peer.why_not():
            self.skipTest(why)
        kube = kubernetes_peer.Kube()
        self.addCleanup(kube.stop)
        for space in ("profiling", "shop"):
            kube.namespace(space)
        define_monitors(kube)
        kinds = set()
        for kind, clustered, file, spaces in itertools.product(
                ("daemonset", "statefulset", "deployment"), ("true", "false"), (None, EVERYTHING), ((), ("rbac.namespaces={profiling,shop}",))):
            values = (f"controller.type={kind}", f"alloy.clustering.enabled={clustered}", *spaces)
            for one in self.draw(*values, file=file):
                kinds.add(one["kind"])
                path = PATHS[one["kind"]].format(one["metadata"].get("namespace"))
                status, answer = kube.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", one)
                self.assertEqual(status, 201, (values, one["kind"], answer))
        self.assertEqual(kinds, set(PATHS))

    def test_the_default_configuration_is_valid_in_every_mode(self):
        for kind, clustered in itertools.product(("daemonset", "statefulset"), ("true", "false")):
            objects = self.draw(f"controller.type={kind}", f"alloy.clustering.enabled={clustered}", "pyroscopeUrl=http://p:4040")
            config = next(one for one in objects if one["kind"] == "ConfigMap")["data"]["config.alloy"] + "\n"
            file = self.folder() / "config.alloy"
            file.write_text(config)
            valid = subprocess.run([INVAR, "validate", file], capture_output=True, text=True, env={**os.environ, "NODE_NAME": "n1"})
            self.assertEqual(valid.returncode, 0, valid.stderr)
            self.assertEqual(subprocess.run([INVAR, "fmt", "-t", file]).returncode, 0, config)
            self.assertEqual("clustering {" in config, clustered == "true")
            self.assertEqual("spec.nodeName" in config, kind == "daemonset" and clustered == "false")

    def test_rights_follow_the_configuration(self):
        read = ["get", "list", "watch"]
        self.assertEqual(self.rules('pyroscope.write "w" {}'), {})
        self.assertEqual(self.rules('discovery.kubernetes "a" {\n role = "pod"\n}'), {("", "pods"): read})
        self.assertEqual(self.rules('discovery.kubernetes "a" {\n role = "endpointslice"\n attach_metadata {\n  node = true\n }\n}'),
                         {("", "services"): read, ("", "pods"): read, ("", "nodes"): read, ("discovery.k8s.io", "endpointslices"): read})
        self.assertEqual(self.rules('discovery.kubernetes "a" {\n role = "ingress"\n}'), {("networking.k8s.io", "ingresses"): read})
        self.assertEqual(self.rules('remote.kubernetes.secret "a" {}'), {("", "secrets"): ["get"]})

    def test_mistakes_are_told(self):
        self.assertIn("is none of daemonset, statefulset, deployment", draw("controller.type=job")[0].stderr)
        nodes_own = yaml.safe_dump({"alloy": {"clustering": {"enabled": True}, "configMap": {"content": 'x = "spec.nodeName=" + 1'}}})
        self.assertIn("use one of both", draw(file=nodes_own)[0].stderr)


if __name__ == "__main__":
    unittest.main()
