"""The Helm chart: drawn by Helm over a matrix of values, each object accepted by a real API server, each configuration by Invar."""

import itertools
import json
import os
import pathlib
import re
import shutil
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
    "PodMonitor": "/apis/monitoring.coreos.com/v1/namespaces/{}/podmonitors", "Secret": "/api/v1/namespaces/{}/secrets",
}
EVERYTHING = """
global: {podSecurityContext: {fsGroup: 1000}}
controller:
  hostPID: true
  hostNetwork: true
  priorityClassName: system-node-critical
  tolerations: [{operator: Exists}]
  nodeSelector: {kubernetes.io/os: linux}
  podAnnotations: {a: b}
  podLabels: {team: x}
  extraLabels: {team: ops}
  dnsConfig: {options: [{name: ndots, value: "2"}]}
  enableStatefulSetAutoDeletePVC: true
  podDisruptionBudget: {enabled: true, minAvailable: 0}
  volumes: {extra: [{name: proc, hostPath: {path: /proc}}]}
  volumeClaimTemplates: [{spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
alloy:
  clustering: {name: blue}
  stabilityLevel: public-preview
  extraEnv: [{name: GREETING, value: hello}]
  envFrom: [{secretRef: {name: credentials, optional: true}}]
  extraArgs: ["--server.http.enable-pprof=false"]
  extraPorts: [{name: push, port: 4040, targetPort: 4040, appProtocol: http}]
  mounts: {extra: [{name: proc, mountPath: /host/proc, readOnly: true}]}
  livenessProbe: {httpGet: {path: /-/ready, port: 12345}}
  hostAliases: [{ip: 10.0.0.1, hostnames: [pyroscope]}]
  uiPathPrefix: /invar
  initialDelaySeconds: 2
  timeoutSeconds: 3
rbac: {extraRules: [{apiGroups: [shop.example.org], resources: [carts], verbs: [get]}]}
service: {type: NodePort, nodePort: 31128, clusterIP: 10.0.0.7, labels: {team: web}}
networkPolicy: {enabled: true, ingressFrom: [{namespaceSelector: {}}]}
serviceMonitor: {enabled: true, interval: 30s, tlsConfig: {insecureSkipVerify: true}, relabelings: [{targetLabel: cluster, replacement: a}]}
podMonitor: {enabled: true}
extraObjects:
  - apiVersion: v1
    kind: Secret
    metadata: {name: extra, namespace: "{{ .Release.Namespace }}"}
    stringData: {url: "{{ .Values.pyroscopeUrl }}"}
"""

# What a file for Alloy's chart may say beside, and what NOTES.txt says of.
OF_ALLOY = """
crds: {create: true}
configReloader: {enabled: true, image: {tag: v0.81.0}, resources: {requests: {cpu: 10m}}}
alloy: {enableReporting: true, enableHttpServerPort: true, mounts: {varlog: true, dockercontainers: false}, secret: {create: false}}
controller: {autoscaling: {enabled: false, minReplicas: 1, horizontal: {enabled: false}}}
ingress: {enabled: false, faroPort: 12347}
networkPolicy: {flavor: kubernetes, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}
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

        chart = shutil.copytree(CHART, self.folder() / "invar")
        (chart / "Chart.yaml").write_text(re.sub("(?m)^kubeVersion.*", "", (chart / "Chart.yaml").read_text()))  # this server knows no version
        noted = subprocess.run([os.environ["HELM"], "install", "release", chart, "--dry-run", "--values=-", f"--kube-apiserver={kube.url}",
                                f"--kube-ca-file={kube.ca}", "--kube-token=admin-token"], input=OF_ALLOY, capture_output=True, text=True)
        self.assertEqual(noted.returncode, 0, noted.stderr)
        notes = noted.stdout.split("NOTES:")[1]
        for name in ("configReloader", "crds", "alloy.enableReporting", "alloy.mounts.varlog"):
            self.assertIn(f"  {name}: ", notes)
        for name in ("alloy.secret", "controller.autoscaling", "dockercontainers", "networkPolicy"):
            self.assertNotIn(name, notes)

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
        nodes_own = yaml.safe_dump({"alloy": {"clustering": {"enabled": True}, "configMap": {"content": 'x = "spec.nodeName=" + 1'}}})
        self.assertIn("use one of both", draw(file=nodes_own)[0].stderr)
        for value, said in (
                ("alloy.clusterin.enabled=true", "Additional property clusterin is not allowed"),
                ("tolerations[0].operator=Exists", "Additional property tolerations is not allowed"),
                ("controller.type=job", '"daemonset", "statefulset", "deployment"'),
                ("alloy.listenPort=http", "Expected: integer, given: string"),
                ("alloy.enableHttpServerPort=false", "alloy.enableHttpServerPort does not match: true"),
                ("networkPolicy.flavor=cilium", "networkPolicy.flavor"),
                ("agent.listenPort=80", "agent: its name is alloy"),
                ("alloy.secret.create=true", "alloy.secret.create: the configuration is a ConfigMap"),
                ("controller.autoscaling.horizontal.enabled=true", "controller.autoscaling.horizontal.enabled: the chart makes no autoscaler"),
                ("ingress.enabled=true", "ingress.enabled: the chart makes no way in from outside"),
                ("image.repository=grafana/alloy", "image.repository: that image holds Alloy")):
            done, _ = draw(value)
            self.assertNotEqual(done.returncode, 0, value)
            self.assertIn(said, done.stderr)
        self.assertIn("use one of both", draw("rbac.namespaces={shop}", "rbac.clusterRules[0].verbs={get}")[0].stderr)

    def test_names_of_alloys_chart_are_taken(self):
        objects = self.draw("networkPolicy.enabled=true", file=OF_ALLOY)
        policy = next(one for one in objects if one["kind"] == "NetworkPolicy")
        self.assertEqual((policy["spec"]["ingress"], policy["spec"]["egress"]), ([{}], [{}]))
        self.draw("global.of.another.chart=1", "image.tag=1.2")
        service = next(one for one in self.draw("service.trafficDistribution=PreferClose") if one["kind"] == "Service")
        self.assertEqual(service["spec"]["trafficDistribution"], "PreferClose")

    def test_the_schema_knows_the_values_and_no_others(self):
        schema = json.loads((CHART / "values.schema.json").read_text())

        def compare(known, value, path):
            known = schema["definitions"][known["$ref"].removeprefix("#/definitions/")] if "$ref" in known else known
            if not isinstance(value, dict) or "properties" not in known:
                return
            of_alloy = {name for name, rule in known["properties"].items() if not rule or "const" in rule}
            self.assertEqual(set(value) - of_alloy, set(known["properties"]) - of_alloy, path)
            for name in value:
                compare(known["properties"][name], value[name], f"{path}.{name}")

        values = yaml.safe_load((CHART / "values.yaml").read_text())
        values["podMonitor"] = {**values["serviceMonitor"], **values["podMonitor"]}
        compare(schema, values, "values")

if __name__ == "__main__":
    unittest.main()
