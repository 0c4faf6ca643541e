"""A Kubernetes API for tests: etcd of Debian and kube-apiserver built from its released source, on loopback, with RBAC; and a kubelet.

tools/build_go_peer.sh builds both once and keeps them outside of the tree. Objects are written through the API; there are no
controllers, and no nodes but that of a Kubelet, so what they would write is written by the test.
"""

import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

from harness import SOURCE, fetch, free_port, until

TOKENS = {"admin": ("admin-token", '"system:masters"'), "reader": ("reader-token", ""), "limited": ("limited-token", "")}


def build(package):
    """(program, why it cannot be built)"""
    built = subprocess.run([SOURCE / "tools/build_go_peer.sh", "kube", package], capture_output=True, text=True)
    if built.returncode != 0:
        reason = (built.stderr.strip().splitlines() or ["no reason given"])[-1]
        return None, f"{package.rsplit('/', 1)[1]} cannot be built: {reason}"
    return built.stdout.strip().splitlines()[-1], None


def why_not():
    """Why the peer cannot run here; None where it can. Builds the server if need be."""
    if not shutil.which("etcd"):
        return "etcd is not installed (package etcd-server)"
    Kube.program, reason = build("k8s.io/kubernetes/cmd/kube-apiserver")
    return reason


def why_no_kubelet():
    """Why a Kubelet cannot run here; None where it can. Builds it if need be."""
    if not os.access("/dev/kmsg", os.R_OK):
        return "a kubelet reads /dev/kmsg, which is not readable here"
    Kubelet.program, reason = build("invar.test/kube_peer/kubelet")
    return reason


class Kube:
    program = None

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="invar-kube."))
        self.etcd_port, self.peer_port, self.port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        with open(self.folder / "tokens.csv", "w") as f:
            for name, (token, groups) in TOKENS.items():
                f.write(f"{token},{name},{name}" + (f",{groups}" if groups else "") + "\n")
        self.log = open(self.folder / "log", "w")
        self.etcd = subprocess.Popen(
            ["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", f"http://127.0.0.1:{self.etcd_port}",
             "--advertise-client-urls", f"http://127.0.0.1:{self.etcd_port}", "--listen-peer-urls",
             f"http://127.0.0.1:{self.peer_port}", "--unsafe-no-fsync"], stdout=self.log, stderr=self.log,
            env={**os.environ, "ETCD_UNSUPPORTED_ARCH": os.uname().machine})
        self.server = None
        self.start_server()
        self.ca = self.folder / "certs/apiserver.crt"

    def start_server(self):
        key = self.folder / "sa.key"
        self.server = subprocess.Popen(
            [self.program, f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", "--bind-address=127.0.0.1",
             f"--secure-port={self.port}", f"--cert-dir={self.folder}/certs", "--service-cluster-ip-range=10.0.0.0/24",
             "--service-account-issuer=https://invar.test", f"--service-account-key-file={key}",
             f"--service-account-signing-key-file={key}", f"--token-auth-file={self.folder}/tokens.csv",
             "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
             "--audit-log-path=", "--profiling=false"], stdout=self.log, stderr=self.log)
        until("the API server answers", self.ready, seconds=90)

    def ready(self):
        assert self.server.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def stop_server(self):
        self.server.kill()
        self.server.wait()

    def request(self, method, path, body=None, token="admin-token", kind="application/json"):
        context = ssl._create_unverified_context()
        status, _, text = fetch(self.url + path, method=method, context=context,
                                headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
                                data=json.dumps(body).encode() if body is not None else None)
        return status, text

    def write(self, method, path, body, kind="application/json"):
        status, text = self.request(method, path, body, kind=kind)
        assert status in (200, 201), f"{method} {path}: {status} {text.decode()}"
        return json.loads(text)

    # ---- objects

    def namespace(self, name, labels=None):
        self.write("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})

    def pod(self, space, name, ip=None, port=8080, labels=None, annotations=None, node="n1"):
        path = f"/api/v1/namespaces/{space}/pods"
        self.write("POST", path, {
            "metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
            "spec": {"nodeName": node, "containers": [
                {"name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": port}]}]}})
        if ip:
            self.patch(f"{path}/{name}/status", {"status": {
                "phase": "Running", "podIP": ip, "hostIP": "192.168.0.1", "conditions": [{"type": "Ready", "status": "True"}]}})

    def patch(self, path, body):
        return self.write("PATCH", path, body, kind="application/strategic-merge-patch+json")

    def delete(self, path):
        status, text = self.request("DELETE", path + "?gracePeriodSeconds=0")
        assert status in (200, 202), f"DELETE {path}: {status} {text.decode()}"

    def grant(self, user, resources, space=None, groups=("",)):
        """A (Cluster)Role with the rule that Invar names, bound to the user."""
        kind = "Role" if space else "ClusterRole"
        base = "/apis/rbac.authorization.k8s.io/v1" + (f"/namespaces/{space}" if space else "")
        name = f"{user}-{'-'.join(resources)}"
        self.write("POST", f"{base}/{kind.lower()}s", {
            "metadata": {"name": name},
            "rules": [{"apiGroups": list(groups), "resources": list(resources), "verbs": ["get", "list", "watch"]}]})
        self.write("POST", f"{base}/{kind.lower()}bindings", {
            "metadata": {"name": name}, "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}})

    def as_in_a_pod(self, space):
        """{wrapper, env} for a program as in a pod of the namespace: with the files of a service account that may see pods where every
        pod has them, in a mount namespace that ends with the process."""
        self.write("POST", f"/api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": "invar"}})
        token = self.write("POST", f"/api/v1/namespaces/{space}/serviceaccounts/invar/token", {"spec": {}})["status"]["token"]
        self.grant(f"system:serviceaccount:{space}:invar", ["pods"])
        account = self.folder / f"account-{space}"
        account.mkdir()
        (account / "token").write_text(token)
        (account / "namespace").write_text(space + "\n")
        shutil.copy(self.ca, account / "ca.crt")
        place = "/var/run/secrets/kubernetes.io/serviceaccount"
        script = f'mount -t tmpfs none /run && mkdir -p {place} && mount --bind {account} {place} && exec "$@"'
        return {"wrapper": ("unshare", "--mount", "sh", "-c", script, "sh"),
                "env": {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}}

    def compact(self):
        """Makes every version before now too old for a watch, as etcd does in time."""
        _, _, text = fetch(f"http://127.0.0.1:{self.etcd_port}/v3/kv/range", method="POST", data=b'{"key": "AA=="}')
        revision = json.loads(text)["header"]["revision"]
        fetch(f"http://127.0.0.1:{self.etcd_port}/v3/kv/compaction", method="POST",
              data=json.dumps({"revision": revision, "physical": True}).encode())

    def stop(self):
        for process in (self.server, self.etcd):
            process.kill()
            process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Kubelet:
    """The kubelet of a node, which it registers. Whoever may `get` nodes/proxy may ask it; `ca` and the node's name are those of its
    certificate. Its containers are fakes, all pods have one address."""
    program = None

    def __init__(self, kube, node):
        self.kube, self.node, self.port = kube, node, free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        folder = kube.folder / f"kubelet-{node}"
        self.ca = folder / "pki/kubelet.crt"
        self.process = subprocess.Popen(
            [self.program, f"--server={kube.url}", f"--ca={kube.ca}", "--token=admin-token", f"--node={node}", f"--port={self.port}",
             f"--folder={folder}"], stdout=kube.log, stderr=kube.log)
        until("the kubelet answers", self.ready, seconds=90)

    def ready(self):
        assert self.process.poll() is None, (self.kube.folder / "log").read_text()[-2000:]
        try:
            return fetch(self.url + "/pods", context=ssl._create_unverified_context(),
                         headers={"Authorization": "Bearer admin-token"})[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.kube.delete(f"/api/v1/nodes/{self.node}")
