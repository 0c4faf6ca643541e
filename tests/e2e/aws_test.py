"""discovery.ec2, remote.s3 and a login to Vault against moto, an imitation of AWS that checks what it is asked for as AWS does."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import SOURCE, Case, HandlerServer, fetch, free_port, outputs, targets, until

PEERS = pathlib.Path(os.environ.get("PEERS", "/tmp/invar-peers"))
LOCK = SOURCE / "tests/peers/moto/requirements.txt"


def why_not():
    folder = PEERS / "moto"
    if (folder / "installed").exists() and (folder / "installed").read_text() == LOCK.read_text():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    PEERS.mkdir(parents=True, exist_ok=True)
    for command in (["/usr/bin/python3", "-m", "venv", folder],
                    [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return "moto cannot be installed: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    (folder / "installed").write_text(LOCK.read_text())
    return None


MISSING = why_not()
SIGNED = "AWS4-HMAC-SHA256 Credential=ADMIN/20260101/{}/aws4_request, SignedHeaders=host, Signature=0"


class Moto:
    """One AWS in memory. Objects are made through its API."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([PEERS / "moto/bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("moto answers", self.ready, 60)

    def ready(self):
        assert self.process.poll() is None
        try:
            return fetch(f"{self.url}/moto-api/data.json")[0] == 200
        except OSError:
            return False

    def ec2(self, **parameters):
        form = "&".join(f"{k.replace('_', '.')}={v}" for k, v in {"Version": "2016-11-15", **parameters}.items())
        status, _, body = fetch(self.url, method="POST", data=form.encode(), headers={
            "Authorization": SIGNED.format("eu-west-1/ec2"), "Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, body.decode()
        return body.decode()

    def instance(self, team):
        answer = self.ec2(Action="RunInstances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large",
                          TagSpecification_1_ResourceType="instance", TagSpecification_1_Tag_1_Key="team",
                          TagSpecification_1_Tag_1_Value=team)
        return re.search(r"<instanceId>([^<]*)<", answer).group(1), re.search(r"<privateIpAddress>([^<]*)<", answer).group(1)

    def put(self, path, body=b""):
        status, _, text = fetch(f"{self.url}/{path}", method="PUT", data=body, headers={
            "Authorization": SIGNED.format("us-east-1/s3"), "Content-Type": "application/octet-stream"})
        assert status == 200, text.decode()

    def stop(self):
        self.process.kill()
        self.process.wait()


@unittest.skipIf(MISSING, MISSING)
class AwsTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()

    @classmethod
    def tearDownClass(cls):
        cls.moto.stop()

    def environment(self, **more):
        home = self.folder()
        return {"HOME": str(home), "AWS_ENDPOINT_URL": self.moto.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9", **more}

    def test_instances(self):
        ident, address = self.moto.instance("shop")
        self.moto.instance("bank")
        environment = self.environment()
        shared = pathlib.Path(environment["HOME"]) / ".aws"
        shared.mkdir()
        (shared / "config").write_text("[profile work]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/reader\n"
                                       "source_profile = base\n[profile base]\naws_access_key_id = AKIABASE\n"
                                       "aws_secret_access_key = hush\n")
        invar = self.invar("""
discovery.ec2 "keys" {
  region           = "eu-west-1"
  access_key       = "AKIAKEYS"
  secret_key       = "hush"
  port             = 6060
  refresh_interval = "500ms"
  filter {
    name   = "tag:team"
    values = ["shop"]
  }
}
discovery.ec2 "profile" {
  profile = "work"
}
discovery.ec2 "role" {
  region     = "eu-west-1"
  access_key = "AKIAKEYS"
  secret_key = "hush"
  role_arn   = "arn:aws:iam::123456789012:role/reader"
}
discovery.ec2 "nobody" { }
""", env=environment)
        until("the shop's instance is found", lambda: [t["__address__"] for t in targets(invar, "discovery.ec2.keys")] == [f"{address}:6060"])
        target = targets(invar, "discovery.ec2.keys")[0]
        for label, value in {"instance_id": ident, "tag_team": "shop", "region": "eu-west-1", "instance_type": "m5.large",
                             "instance_state": "running", "private_ip": address, "ami": "ami-12c6146b"}.items():
            self.assertEqual(target["__meta_ec2_" + label], value, label)
        self.assertRegex(target["__meta_ec2_availability_zone"], "^eu-west-1")
        self.assertRegex(target["__meta_ec2_availability_zone_id"], "^euw1-az")
        for name in ("profile", "role"):
            until(f"all are found with {name}", lambda name=name: len(targets(invar, f"discovery.ec2.{name}")) == 2)
        until("what lacks is told", lambda: "neither the arguments nor the environment" in invar.details(
            "discovery.ec2.nobody")["health"]["message"])
        self.moto.ec2(Action="TerminateInstances", InstanceId_1=ident)
        until("its end is seen", lambda: [t["__meta_ec2_instance_state"] for t in targets(invar, "discovery.ec2.keys")] != ["running"])
        self.assertNotIn("hush", invar.log())

    def test_an_object(self):
        self.moto.put("bucket")
        self.moto.put("bucket/folder/a%20b.txt", b"hello")
        invar = self.invar(f"""
remote.s3 "x" {{
  path = "s3://bucket/folder/a b.txt"
  client {{
    endpoint       = "{self.moto.url}"
    use_path_style = true
  }}
}}
remote.s3 "none" {{
  path = "s3://bucket/none"
  client {{
    key            = "AKIAKEYS"
    secret         = "hush"
    endpoint       = "{self.moto.url}"
    use_path_style = true
  }}
}}
discovery.relabel "x" {{
  targets = [{{ "content" = remote.s3.x.content }}]
}}
""", env=self.environment(AWS_ACCESS_KEY_ID="AKIAENV", AWS_SECRET_ACCESS_KEY="hush"))
        until("the object is read", lambda: outputs(invar, "discovery.relabel.x") == [{"content": "hello"}])
        until("what lacks is told", lambda: "/bucket/none: 404" in invar.details("remote.s3.none")["health"]["message"])

    def test_a_login_to_vault(self):
        """Vault is the test's own: it checks the signature by itself, and sends the request on to AWS as Vault does."""
        logins = []

        def vault(handler):
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            if handler.path == "/v1/auth/aws/login":
                login = json.loads(body)
                plain = {name: base64.b64decode(login["iam_request_" + name]).decode() for name in ("url", "body", "headers")}
                headers = {name: values[0] for name, values in json.loads(plain["headers"]).items()}
                logins.append((signature("hush", plain["url"], headers, plain["body"]) == headers["Authorization"].rsplit("=", 1)[1],
                               fetch(plain["url"], method=login["iam_http_request_method"], headers=headers, data=plain["body"].encode())))
                answer = {"auth": {"client_token": "tok", "lease_duration": 3600, "renewable": True}}
            elif handler.headers.get("X-Vault-Token") == "tok" and handler.path == "/v1/secret/data/x":
                answer = {"data": {"data": {"key": "from vault"}}}
            else:
                answer = {"data": {"path": "secret/", "options": {"version": "2"}}}
            text = json.dumps(answer).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)

        server = self.start(HandlerServer(vault))
        invar = self.invar(f"""
remote.vault "x" {{
  server = "http://{server.address}"
  path   = "secret/x"
  auth.aws {{
    type                 = "iam"
    role                 = "reader"
    iam_server_id_header = "vault.example.com"
  }}
}}
discovery.relabel "x" {{
  targets = [{{ "content" = convert.nonsensitive(remote.vault.x.data["key"]) }}]
}}
""", env=self.environment(AWS_ACCESS_KEY_ID="AKIAENV", AWS_SECRET_ACCESS_KEY="hush", AWS_SESSION_TOKEN="st"))
        until("the secret is read", lambda: outputs(invar, "discovery.relabel.x") == [{"content": "from vault"}])
        (right, (status, _, answer)), = logins
        self.assertTrue(right, "the signature is not AWS'")
        self.assertEqual(status, 200)
        self.assertIn(b"<GetCallerIdentityResult>", answer)


def signature(secret, url, headers, body):
    """Signature Version 4 of a request as AWS computes it, from its headers and what they say that was signed."""
    scope, names = re.search(r"Credential=[^/]+/([^,]+), SignedHeaders=([^,]+)", headers["Authorization"]).groups()
    lower = {name.lower(): value for name, value in headers.items()} | {"host": url.split("/")[2]}
    canonical = "\n".join(["POST", "/" + url.split("/", 3)[3], "", *(f"{n}:{lower[n]}" for n in names.split(";")), "", names,
                           hashlib.sha256(body.encode()).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", lower["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


if __name__ == "__main__":
    unittest.main()
