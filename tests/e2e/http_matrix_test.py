"""Every row of the HTTP client's tables, through all three users of the client: pyroscope.scrape, pyroscope.write and discovery.http.

One Invar runs all rows side by side against real servers (http_peers.py). A row is an address, a snippet of configuration that goes
unchanged into the three components, and what must come of it: None for success, else what each of the three must say.
"""

import base64
import contextlib
import io
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import zipfile
from unittest import mock

from harness import Case, HandlerServer, Invar, fetch, until
from http_peers import PORTS, Peers

PEERS = None
INVAR = None
STARTED = time.monotonic()


def setUpModule():
    global PEERS, INVAR
    PEERS = Peers()
    try:
        proxy = f"http://user:{PEERS.SECRETS['PROXY']}@127.0.0.1:{PEERS.squid_port}"
        with mock.patch.dict(os.environ, {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "direct.test"}):
            INVAR = Invar(configuration(rows()))
    except BaseException:
        PEERS.stop()
        raise


def tearDownModule():
    try:
        INVAR.close()
    finally:
        PEERS.stop()


def block(name, **attributes):
    return f"{name} {{\n" + "".join(attribute(k, v) for k, v in attributes.items()) + "}\n"


def literal(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {literal(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def attribute(name, value):
    return f"{name} = {literal(value)}\n"


class Row:
    def __init__(self, name, port, snippet="", error=None, host="127.0.0.1", only=("scrape", "push", "discovery"), user_info=""):
        self.name, self.snippet, self.error, self.only = name, snippet, error, only
        number = PEERS.ports.get(port, port)
        self.scheme = "https" if "ssl" in PORTS.get(port, ("", ""))[0] else "http"
        self.address = f"{host}:{number}"
        self.url = f"{self.scheme}://{user_info}{self.address}"


def rows():
    s, file = PEERS.SECRETS, PEERS.write
    path = PEERS.path
    ca = {"ca_file": path("ca.pem")}
    squid, socks = f"127.0.0.1:{PEERS.squid_port}", f"127.0.0.1:{PEERS.socks_port}"
    token = f"http://{PEERS.oauth.address}/token"
    no_file = path("missing")
    empty = file("empty", "")
    basic = {"username": "user", "password": s["BASIC"]}
    oauth = {"client_id": "agent", "client_secret": s["OAUTH"], "token_url": token, "scopes": ["read", "write"]}

    def via(url, **more):
        return attribute("proxy_url", url) + "".join(attribute(k, v) for k, v in more.items())

    def oauth_with(inner="", **changes):
        merged = {k: v for k, v in {**oauth, **changes}.items() if v is not None}
        return block("oauth2", **merged)[:-2] + inner + "}\n"

    return [
        Row("plain", "open"),
        # ---- who asks
        Row("basic", "basic", block("basic_auth", **basic)),
        Row("basic_file", "basic", block("basic_auth", username="user", password_file=file("basic", s["BASIC"] + "\n"))),
        Row("basic_wrong", "basic", block("basic_auth", username="user", password=s["WRONG"]), "401"),
        Row("basic_missing_file", "basic", block("basic_auth", username="user", password_file=no_file),
            f"unable to read basic auth password: unable to read file {no_file}: no such file or directory"),
        Row("basic_none", "basic", "", "401"),
        Row("url_user_info", "basic", "", only=("push", "discovery"), user_info=f"user:{s['BASIC']}@"),
        Row("url_user_info_wins", "basic", attribute("bearer_token", s["BEARER"]), only=("push", "discovery"), user_info=f"user:{s['BASIC']}@"),
        Row("bearer", "bearer", attribute("bearer_token", s["BEARER"])),
        Row("bearer_file", "bearer", attribute("bearer_token_file", file("bearer", f" {s['BEARER']}\n"))),
        Row("bearer_missing_file", "bearer", attribute("bearer_token_file", no_file),
            f"unable to read authorization credentials: unable to read file {no_file}: no such file or directory"),
        Row("bearer_empty_file", "bearer", attribute("bearer_token_file", empty),
            f"unable to read authorization credentials: unable to read file {empty}: the file is empty"),
        Row("authorization", "bearer", block("authorization", credentials=s["BEARER"])),
        Row("authorization_type", "custom", block("authorization", type=" Token ", credentials=s["BEARER"])),
        Row("authorization_file", "custom", block("authorization", type="Token", credentials_file=file("custom", s["BEARER"]))),
        Row("authorization_wrong_type", "custom", block("authorization", credentials=s["BEARER"]), "401"),
        Row("headers", "header", attribute("http_headers", {"x-key": [s["HEADER"]], "X-Empty": []})),
        Row("headers_missing", "header", "", "401"),
        # ---- OAuth2
        Row("oauth2", "oauth", oauth_with()),
        Row("oauth2_secret_file", "oauth", oauth_with(client_secret=None, client_secret_file=file("oauth", s["OAUTH"] + "\n"))),
        Row("oauth2_parameters", "oauth", oauth_with(scopes=None, endpoint_params={"scope": "read write", "audience": "x"})),
        Row("oauth2_in_body", "oauth_form", oauth_with(client_id="agent:1", token_url=f"http://{PEERS.oauth_form.address}/token", scopes=None)),
        Row("oauth2_tls", "oauth_tls", oauth_with(block("tls_config", **ca), token_url=f"https://{PEERS.oauth_tls.address}/token", scopes=None)),
        Row("oauth2_tls_unknown", "oauth_tls", oauth_with(token_url=f"https://{PEERS.oauth_tls.address}/token", scopes=None),
            'was issued by "Matrix CA", which is not trusted here'),
        Row("oauth2_proxy", "oauth", oauth_with(via(f"http://user:{s['PROXY']}@{squid}"))),
        Row("oauth2_wrong_secret", "oauth", oauth_with(client_secret=s["WRONG"]), 'oauth2: "invalid_client" "Client authentication failed"'),
        Row("oauth2_wrong_scope", "oauth", oauth_with(scopes=["admin"]), 'oauth2: "invalid_scope"'),
        Row("oauth2_no_server", "oauth", oauth_with(token_url="http://127.0.0.1:1/token"), "connection refused by 127.0.0.1:1"),
        Row("oauth2_missing_file", "oauth", oauth_with(client_secret=None, client_secret_file=no_file),
            f"unable to read oauth2 client secret: unable to read file {no_file}: no such file or directory"),
        Row("oauth2_empty_file", "oauth", oauth_with(client_secret=None, client_secret_file=empty),
            f"unable to read oauth2 client secret: unable to read file {empty}: the file is empty"),
        # ---- TLS
        Row("tls_ca_file", "tls", block("tls_config", **ca)),
        Row("tls_ca_pem", "tls", block("tls_config", ca_pem=PEERS.certificates.text("ca.pem"))),
        Row("tls_insecure", "expired", block("tls_config", insecure_skip_verify=True)),
        Row("tls_server_name", "named", block("tls_config", **ca, server_name="named.test")),
        Row("tls_min_version", "tls13", block("tls_config", **ca, min_version="TLS13")),
        Row("tls_old_server", "tls12", block("tls_config", **ca)),
        Row("tls_version_refused", "tls12", block("tls_config", **ca, min_version="TLS13"), "TLS handshake with 127.0.0.1:"),
        Row("tls_unknown_issuer", "tls", "", 'was issued by "Matrix CA", which is not trusted here'),
        Row("tls_wrong_name", "named", block("tls_config", **ca), 'is not for "127.0.0.1": it names "named.test"'),
        Row("tls_expired", "expired", block("tls_config", **ca), "expired"),
        Row("mutual_files", "mutual", block("tls_config", **ca, cert_file=path("client.pem"), key_file=path("client.key"))),
        Row("mutual_pem", "mutual", block("tls_config", **ca, cert_pem=PEERS.certificates.text("client.pem"), key_pem=PEERS.certificates.text("client.key"))),
        Row("mutual_none", "mutual", block("tls_config", **ca), "400"),  # nginx says it in HTTP
        Row("h2", "h2", block("tls_config", **ca)),
        Row("h2_off", "h2_off", block("tls_config", **ca) + attribute("enable_http2", False)),
        # ---- proxies
        Row("proxy_plain", "open", via(f"http://user:{s['PROXY']}@{squid}"), host="web.test"),
        Row("proxy_connect", "tls", via(f"http://user:{s['PROXY']}@{squid}") + block("tls_config", **ca), host="web.test"),
        Row("proxy_connect_header", "tls", via(f"http://{squid}", proxy_connect_header={"Proxy-Authorization": [basic_header("header", s["CONNECT"])]})
            + block("tls_config", **ca), host="web.test"),
        Row("proxy_environment", "open", attribute("proxy_from_environment", True), host="web.test"),
        Row("proxy_environment_tls", "tls", attribute("proxy_from_environment", True) + block("tls_config", **ca), host="web.test"),
        Row("proxy_environment_loopback", "bearer", attribute("proxy_from_environment", True) + attribute("bearer_token", s["BEARER"])),
        Row("proxy_environment_no_proxy", "open", attribute("proxy_from_environment", True), "no address found for host \"direct.test\"", host="direct.test"),
        Row("proxy_socks5", "open", via(f"socks5://user:{s['SOCKS']}@{socks}")),
        Row("proxy_socks5_tls", "tls", via(f"socks5://user:{s['SOCKS']}@{socks}") + block("tls_config", **ca)),
        Row("proxy_socks5_wrong", "open", via(f"socks5://user:{s['WRONG']}@{socks}"), f"proxy {socks} did not connect to 127.0.0.1:"),
        Row("no_proxy", "open", via("http://127.0.0.1:1", no_proxy="10.0.0.0/8,127.0.0.1")),
        Row("no_proxy_any", "open", via("http://127.0.0.1:1", no_proxy="*")),
        Row("no_proxy_loopback", "open", via("http://127.0.0.1:1", no_proxy="unrelated.test")),
        Row("proxy_for_loopback", "open", via("http://127.0.0.1:1"), "proxy: connection refused by 127.0.0.1:1"),
        Row("proxy_wrong_password", "tls", via(f"http://user:{s['WRONG']}@{squid}") + block("tls_config", **ca),
            f"proxy {squid} refused the connection to web.test:{PEERS.ports['tls']}: 407 Proxy Authentication Required", host="web.test"),
        Row("proxy_target_down", 1, via(f"http://user:{s['PROXY']}@{squid}"), "503", host="web.test"),
        # ---- redirects
        Row("redirect_same_host", "same_host", attribute("bearer_token", s["BEARER"])),
        Row("redirect_other_host", "other_host", attribute("bearer_token", s["BEARER"]), "401"),
        Row("redirect_other_host_keeps_headers", "other_host_open", attribute("bearer_token", s["BEARER"]) + attribute("http_headers", {"X-Key": [s["HEADER"]]})),
        Row("redirect_oauth2_stays", "other_host_open", oauth_with() + attribute("http_headers", {"X-Key": [s["HEADER"]]})),
        Row("redirect_off", "same_host", attribute("bearer_token", s["BEARER"]) + attribute("follow_redirects", False), "307"),
        Row("redirect_loop", "loop", "", "stopped after 10 redirects"),
        # ---- nobody there
        Row("refused", 1, "", "connection refused by 127.0.0.1:1"),
    ]


def basic_header(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def configuration(all_rows):
    text = ""
    receivers = []
    for row in all_rows:
        if "scrape" in row.only:
            text += f"""
pyroscope.scrape "{row.name}" {{
	targets         = [{{"__address__" = "{row.address}", "__name__" = "goroutine", "service_name" = "{row.name}"}}]
	forward_to      = [pyroscope.fsdump.drain.receiver]
	scheme          = "{row.scheme}"
	scrape_interval = "3s"
	{row.snippet}
}}
"""
        if "push" in row.only:
            receivers.append(f"pyroscope.write.{row.name}.receiver")
            text += f"""
pyroscope.write "{row.name}" {{
	endpoint {{
		url                = "{row.url}"
		min_backoff_period = "1s"
		max_backoff_period = "2s"
		{row.snippet}
	}}
	external_labels = {{"row" = "{row.name}"}}
}}
"""
        if "discovery" in row.only:
            text += f"""
discovery.http "{row.name}" {{
	url              = "{row.url}/sd"
	refresh_interval = "3s"
	{row.snippet}
}}
"""
    return text + f"""
pyroscope.scrape "feed" {{
	targets         = [{{"__address__" = "{PEERS.target.address}", "__name__" = "goroutine", "service_name" = "feed"}}]
	forward_to      = [{", ".join(receivers)}]
	scrape_interval = "3s"
}}

pyroscope.fsdump "drain" {{
	target_directory = "dump"
}}
"""


def scrape_says(row):
    for shown in INVAR.rows(f"pyroscope.scrape.{row.name}", "target"):
        if row.error is None:
            return shown["health"] == "up" or shown.get("last_error")
        return shown.get("last_error")


def push_says(row):
    endpoint = INVAR.rows(f"pyroscope.write.{row.name}", "endpoint")[0]
    if row.error is None and any((r["labels"] or {}).get("row") == row.name for r in PEERS.sink.state()["received"]):
        return True
    return endpoint.get("last_error")


def discovery_says(row):
    details = INVAR.details(f"discovery.http.{row.name}")
    if row.error is None and "found:1" in json.dumps(details["exports"]):
        return True
    return details["health"]["message"] if details["health"]["state"] != "healthy" else None


SAYS = {"scrape": scrape_says, "push": push_says, "discovery": discovery_says}


class Matrix(Case):
    def test_every_row_for_every_user(self):
        for row in rows():
            for user in row.only:
                with self.subTest(row=row.name, user=user):
                    if row.error is None:
                        # Trouble of a start (a server that is slow to answer) may be seen for a moment.
                        until(f"{user} of {row.name} succeeds; says {SAYS[user](row)}", lambda: SAYS[user](row) is True, 20)
                    else:
                        said = until(f"{user} of {row.name} fails", lambda: SAYS[user](row), 20)
                        self.assertIn(row.error, said)
                        if "proxy" not in row.error:
                            self.assertFalse(said.startswith("proxy"), said)

    def test_http2_is_used_over_tls_and_only_when_allowed(self):
        for port, protocol in (("h2", "HTTP/2.0"), ("h2_off", "HTTP/1.1"), ("open", "HTTP/1.1")):
            seen = until(f"requests on {port}", lambda port=port: PEERS.access(port))
            self.assertEqual({s[0] for s in seen}, {protocol}, port)

    def test_tokens_are_renewed_early_and_shared(self):
        """Three clients, one token each at a time; no request was ever sent with a dead one."""
        def issued():
            return json.loads(fetch(f"http://{PEERS.oauth.address}/test/state")[2])["issued"]

        until("a token was renewed before its end", lambda: issued() > 15)
        until("requests passed", lambda: len(PEERS.access("oauth")) > 20)
        # Three seconds a token, however many requests wait for it: fifteen clients get their tokens here.
        self.assertLess(issued(), 15 * ((time.monotonic() - STARTED) / 3 + 2))
        paths = {s[2] for s in PEERS.access("oauth") if s[3] == "401"}
        self.assertEqual(paths, set(), "requests with a dead token")

    def test_a_revoked_token_is_fetched_again_without_a_failure(self):
        def target():
            return INVAR.rows("pyroscope.scrape.oauth2_in_body", "target")[0]

        until("a scrape passed", lambda: target()["health"] == "up")
        before = target()["last_success"]
        fetch(f"http://{PEERS.oauth_form.address}/test/revoke", method="POST", data=b"")
        until("scraping goes on", lambda: target()["last_success"] != before)
        self.assertEqual(target()["health"], "up")

    def test_connections_are_reused_and_counted(self):
        until("requests were made", lambda: INVAR.metric("invar_http_client_reused_connections_total", dialer_name="plain") > 2
              or INVAR.metric("invar_http_client_reused_connections_total") > 20)

        def under_way():
            now = INVAR.metrics()
            attempted, established, failed = (sum(v for (name, _), v in now.items() if name == f"net_conntrack_dialer_conn_{what}_total")
                                              for what in ("attempted", "established", "failed"))
            return attempted - established - failed

        until("every attempt but those under way has come to an end", lambda: 0 <= under_way() < 30)
        reasons = {dict(labels)["reason"] for (name, labels), value in INVAR.metrics().items()
                   if name == "net_conntrack_dialer_conn_failed_total" and value > 0}
        self.assertLessEqual({"refused", "resolution"}, reasons)

    def test_secrets_are_nowhere(self):
        """After the rows had their trouble: the log, the pages, the API, the metrics, the support bundle and the command line."""
        for row in rows():
            if row.error is not None:
                for user in row.only:
                    until(f"{user} of {row.name} failed", lambda: SAYS[user](row), 20)
        emitted = {"log": INVAR.log(), "banner": INVAR.banner, "metrics": INVAR.text("/metrics"), "page": INVAR.text("/"),
                   "command line": pathlib.Path(f"/proc/{INVAR.process.pid}/cmdline").read_text(),
                   "components": INVAR.text("/api/v0/web/components")}
        for component in json.loads(emitted["components"]):
            emitted[component["localID"]] = INVAR.text(f"/api/v0/web/components/{component['localID']}")
        status, _, bundle = INVAR.get("/-/support?duration=1")
        self.assertEqual(status, 200)
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            for name in archive.namelist():
                emitted[f"support bundle: {name}"] = archive.read(name).decode(errors="replace")
        key_line = PEERS.certificates.text("client.key").splitlines()[1]
        for where, text in emitted.items():
            self.assertNotIn("PLANTED", text, where)
            self.assertNotIn(key_line, text, where)
            for secret in PEERS.SECRETS.values():
                self.assertNotIn(basic_header("user", secret)[10:30], text, where)
        self.assertIn("xxxxx", emitted["discovery.http.proxy_plain"], "the proxy's URL is shown, without its password")


def refusal(source):
    """What `invar run` says about a file with this text before it ends; "" when it starts."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "c.alloy"
        file.write_text(source)
        command = [os.environ["INVAR"], "run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/storage", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            said = ""
            for line in process.stdout:
                said += line
                if "is running" in line:
                    process.kill()
                    return ""
            return said


class Validation(unittest.TestCase):
    """The texts of validation, at their place, in each of the three components."""

    ROWS = {
        "auth": ('bearer_token = "a"\nbasic_auth {\n}',
                 "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"),
        "auth_two_files": ('bearer_token = "a"\nbearer_token_file = "f"',
                           "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"),
        "basic": ('basic_auth {\npassword = "a"\npassword_file = "f"\n}', "at most one of basic_auth password & password_file must be configured"),
        "authorization": ('authorization {\ncredentials = "a"\ncredentials_file = "f"\n}',
                          "at most one of authorization credentials & credentials_file must be configured"),
        "authorization_basic": ('authorization {\ntype = " Basic"\n}',
                                'authorization type cannot be set to "basic", use "basic_auth" block instead'),
        "oauth2_id": ('oauth2 {\nclient_secret = "s"\ntoken_url = "http://t"\n}', "oauth2 client_id must be configured"),
        "oauth2_secret": ('oauth2 {\nclient_id = "i"\ntoken_url = "http://t"\n}',
                          "either oauth2 client_secret or client_secret_file must be configured"),
        "oauth2_url": ('oauth2 {\nclient_id = "i"\nclient_secret = "s"\n}', "oauth2 token_url must be configured"),
        "oauth2_secrets": ('oauth2 {\nclient_id = "i"\nclient_secret = "s"\nclient_secret_file = "f"\ntoken_url = "http://t"\n}',
                           "at most one of oauth2 client_secret & client_secret_file must be configured"),
        "oauth2_proxy": ('oauth2 {\nclient_id = "i"\nclient_secret = "s"\ntoken_url = "http://t"\nno_proxy = "a"\n}',
                         "if no_proxy is configured, proxy_url must also be configured"),
        "ca": ('tls_config {\nca_pem = "a"\nca_file = "f"\n}', "at most one of ca_pem and ca_file must be configured"),
        "cert": ('tls_config {\ncert_pem = "a"\ncert_file = "f"\nkey_file = "k"\n}', "at most one of cert_pem and cert_file must be configured"),
        "key": ('tls_config {\ncert_file = "f"\nkey_pem = "a"\nkey_file = "k"\n}', "at most one of key_pem and key_file must be configured"),
        "no_key": ('tls_config {\ncert_file = "f"\n}', "exactly one of key_pem or key_file must be configured when a client certificate is configured"),
        "no_cert": ('tls_config {\nkey_file = "f"\n}', "exactly one of cert_pem or cert_file must be configured when a client key is configured"),
        "version": ('tls_config {\nmin_version = "TLS14"\n}', 'unknown TLS version "TLS14"; it is one of TLS10, TLS11, TLS12 and TLS13'),
        "connect_header": ('proxy_connect_header = {"a" = ["b"]}',
                           "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"),
        "environment": ('proxy_from_environment = true\nproxy_url = "http://p"',
                        "if proxy_from_environment is configured, proxy_url must not be configured"),
        "environment_no_proxy": ('proxy_from_environment = true\nno_proxy = "a"',
                                 "if proxy_from_environment is configured, no_proxy must not be configured"),
        "no_proxy": ('no_proxy = "a"', "if no_proxy is configured, proxy_url must also be configured"),
        "header": ('http_headers = {"user-agent" = ["x"]}', 'setting header "User-Agent" is not allowed'),
        "header_name": ('http_headers = {"not a token" = ["x"]}', "not a token"),
        "proxy_scheme": ('proxy_url = "ftp://p"', "ftp"),
    }
    CONTEXT = {
        "scrape": 'pyroscope.scrape "x" {{\ntargets = []\nforward_to = []\n{}\n}}\n',
        "push": 'pyroscope.write "x" {{\nendpoint {{\nurl = "http://127.0.0.1:1"\n{}\n}}\n}}\n',
        "discovery": 'discovery.http "x" {{\nurl = "http://127.0.0.1:1"\n{}\n}}\n',
    }

    def test_every_row_for_every_user(self):
        with self.subTest("nothing is wrong with the frame"):
            self.assertEqual(refusal("".join(c.format("") for c in self.CONTEXT.values())), "")
        for name, (snippet, text) in self.ROWS.items():
            for user, context in self.CONTEXT.items():
                with self.subTest(row=name, user=user):
                    said = refusal(context.format(snippet))
                    self.assertIn(text, said)
                    self.assertRegex(said, r"c\.alloy:\d+:\d+: ", "where it stands")


class Rotation(Case):
    """A credential file that changes under a running Invar, and headers that stay as they are."""

    def test_token_files_rotate_and_headers_do_not_grow(self):
        accepted = ["one"]
        seen = {"/debug/pprof/goroutine": [], "/sd": [], "/push.v1.PusherService/Push": []}
        target = self.target()
        profile = fetch(f"http://{target.address}/debug/pprof/goroutine")[2]

        def answer(handler):
            length = int(handler.headers.get("Content-Length") or 0)
            handler.rfile.read(length)
            good = handler.headers.get("Authorization") == f"Bearer {accepted[0]}"
            path = handler.path.split("?")[0]
            seen[path].append((good, handler.headers.get_all("X-Many"), handler.headers.get_all("Authorization"),
                               handler.headers.get_all("User-Agent")))
            kind, body = ("application/json", b'[{"targets": ["found:1"], "labels": {}}]') if path == "/sd" else \
                ("application/proto", b"") if path.startswith("/push") else ("application/octet-stream", profile)
            handler.send_response(200 if good else 401)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(body) if good else 0))
            handler.end_headers()
            handler.wfile.write(body if good else b"")

        server = self.start(HandlerServer(answer))
        folder = self.invar("").folder
        token = folder / "token"
        token.write_text("one\n")
        snippet = f'bearer_token_file = "{token}"\nhttp_headers = {{"X-Many" = ["1", "2"]}}\n'
        invar = self.invar(f"""
pyroscope.scrape "a" {{
	targets = [{{"__address__" = "{server.address}", "__name__" = "goroutine"}}]
	forward_to = [pyroscope.write.a.receiver]
	scrape_interval = "2s"
	{snippet}
}}
pyroscope.write "a" {{
	endpoint {{
		url = "http://{server.address}"
		{snippet}
	}}
}}
discovery.http "a" {{
	url = "http://{server.address}/sd"
	refresh_interval = "1s"
	{snippet}
}}
""")
        until("each asked", lambda: all(len(v) >= 2 for v in seen.values()))
        token.write_text("two\n")
        accepted[0] = "two"
        marks = {path: len(v) for path, v in seen.items()}
        until("each asks with the new token", lambda: all(any(s[0] for s in v[marks[p]:]) for p, v in seen.items()))
        marks = {path: len(v) for path, v in seen.items()}
        until("each goes on", lambda: all(len(v) >= marks[p] + 3 for p, v in seen.items()))
        for path, asked in seen.items():
            self.assertTrue(all(a[0] for a in asked[marks[path]:]), path)
            self.assertEqual({tuple(a[1]) for a in asked}, {("1", "2")}, path)
            self.assertEqual({len(a[2]) for a in asked}, {1}, path)
            self.assertTrue(all(len(a[3]) == 1 and a[3][0].startswith("invar/v") for a in asked), path)
        token.unlink()
        until("a missing file is said with its path",
              lambda: f"unable to read file {token}: no such file" in invar.rows("pyroscope.scrape.a", "target")[0].get("last_error", ""))


class Connections(Case):
    """What a reload and a vanished target do to connections that stand."""

    def test_a_reload_of_one_component_keeps_the_others_connections(self):
        peers = [self.target(), self.target()]

        def config(interval):
            return "".join(f"""
pyroscope.scrape "s{i}" {{
	targets         = [{{"__address__" = "{p.address}", "__name__" = "goroutine"}}]
	forward_to      = [pyroscope.fsdump.d.receiver]
	scrape_interval = "2s"
	http_headers    = {{"X-A" = ["{interval if i == 0 else "same"}"]}}
}}
""" for i, p in enumerate(peers)) + 'pyroscope.fsdump "d" {\n\ttarget_directory = "dump"\n}\n'

        invar = self.invar(config("a"))
        until("both are connected", lambda: all(self.sockets(invar, p.address) for p in peers))
        before = [self.sockets(invar, p.address) for p in peers]
        invar.rewrite(config("b"))
        self.assertEqual(invar.get("/-/reload", method="POST", data=b"")[0], 200)
        until("the changed one has a new connection", lambda: self.sockets(invar, peers[0].address) not in (before[0], set()))
        self.assertEqual(self.sockets(invar, peers[1].address), before[1])

    @staticmethod
    def sockets(invar, address):
        """The local ports of Invar's connections to `address`."""
        port = int(address.rsplit(":", 1)[1])
        mine = set()
        for entry in pathlib.Path(f"/proc/{invar.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                mine.add(os.readlink(entry))
        found = set()
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].split(":")[1], 16) == port and fields[3] == "01" and f"socket:[{fields[9]}]" in mine:
                found.add(int(fields[1].split(":")[1], 16))
        return found


if __name__ == "__main__":
    unittest.main()
