"""The servers of the HTTP matrix: nginx in front of the Go programs, squid, microsocks and OAuth2 servers; certificates by openssl.

Every nginx port has one way of being reached; behind each stand the same three paths: a profile, the push service and a list of targets.
"""

import json
import pathlib
import socket
import subprocess
import tempfile

from harness import INTEROP, Program, PyroscopeServer, free_port, until


class RealProgram:
    """A program of the system that listens on `port`; its output goes to a file beside its configuration."""

    def __init__(self, port, output, *command):
        with open(output, "ab") as out:
            self.process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out)

        def listens():
            assert self.process.poll() is None, f"{command[0]} ended: {pathlib.Path(output).read_text()[-2000:]}"
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0

        until(f"{command[0]} listens", listens)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Certificates:
    """One authority and what it signed, as PEM files in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Matrix CA",
                     "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
        self.issue("server", "IP:127.0.0.1,DNS:localhost,DNS:web.test")
        self.issue("named", "DNS:named.test")
        self.issue("expired", "IP:127.0.0.1", days="-1")
        self.issue("client", "DNS:client")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, names, days="2"):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName={names}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                     "-copy_extensions", "copy", "-out", f"{name}.pem")

    def path(self, name):
        return f"{self.folder}/{name}"

    def text(self, name):
        return pathlib.Path(self.path(name)).read_text()


# name: (listen options, directives of the server)
PORTS = {
    "open": ("", ""),
    "basic": ("", 'auth_basic x; auth_basic_user_file DIR/htpasswd;'),
    "bearer": ("", 'if ($http_authorization != "Bearer BEARER") { return 401; }'),
    "custom": ("", 'if ($http_authorization != "Token BEARER") { return 401; }'),
    "header": ("", 'if ($http_x_key != "HEADER") { return 401; }'),
    "no_auth": ("", 'if ($http_authorization) { return 418; } if ($http_x_key != "HEADER") { return 419; }'),
    "oauth": ("", "auth_request /check;"),
    "oauth_form": ("", "auth_request /check_form;"),
    "oauth_tls": ("", "auth_request /check_tls;"),
    "same_host": ("", "return 307 http://127.0.0.1:$PORT_bearer$request_uri;"),
    "other_host": ("", "return 307 http://localhost:$PORT_bearer$request_uri;"),
    "other_host_open": ("", "return 307 http://localhost:$PORT_no_auth$request_uri;"),
    "loop": ("", "return 307 $request_uri;"),
    "tls": ("ssl", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key;"),
    "tls12": ("ssl", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key; ssl_protocols TLSv1.2;"),
    "tls13": ("ssl", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key; ssl_protocols TLSv1.3;"),
    "named": ("ssl", "ssl_certificate DIR/named.pem; ssl_certificate_key DIR/named.key;"),
    "expired": ("ssl", "ssl_certificate DIR/expired.pem; ssl_certificate_key DIR/expired.key;"),
    "mutual": ("ssl", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key; ssl_client_certificate DIR/ca.pem; ssl_verify_client on;"),
    "h2": ("ssl http2", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key;"),
    "h2_off": ("ssl http2", "ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key;"),
}


class Peers:
    SECRETS = {name: f"PLANTED{name}x7Qz" for name in
               ("BASIC", "BEARER", "HEADER", "OAUTH", "PROXY", "CONNECT", "SOCKS", "WRONG", "URL")}

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="invar-matrix.")
        self.folder = pathlib.Path(self.temporary.name)
        self.folder.chmod(0o755)
        self.certificates = Certificates(self.folder)
        s = self.SECRETS
        self.running = []
        self.target = self.start(Program(INTEROP / "target"))
        self.sink = self.start(PyroscopeServer())
        # A token of 13 s is renewed after 3: the matrix lasts longer.
        oauth = (INTEROP / "oauth2server", "-secret", s["OAUTH"], "-expires", "13s")
        self.oauth = self.start(Program(*oauth, "-id", "agent", "-scope", "read write"))
        self.oauth_form = self.start(Program(*oauth, "-id", "agent:1", "-form"))
        self.oauth_tls = self.start(Program(*oauth, "-id", "agent", "-cert", self.path("server.pem"), "-key", self.path("server.key")))
        self.ports = {name: free_port() for name in PORTS}
        self.start_nginx()
        self.squid_port, self.socks_port = free_port(), free_port()
        self.start_squid()
        self.start(RealProgram(self.socks_port, self.path("socks.out"), "microsocks", "-i", "127.0.0.1", "-p", self.socks_port,
                               "-u", "user", "-P", s["SOCKS"]))

    def start(self, thing):
        self.running.append(thing)
        return thing

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.path(name)

    def address(self, port):
        return f"127.0.0.1:{self.ports[port]}"

    def start_nginx(self):
        servers = ""
        for name, (listen, directives) in PORTS.items():
            for other, number in self.ports.items():
                directives = directives.replace(f"$PORT_{other}$", f"{number}$")
            servers += f"""
  server {{
    listen 127.0.0.1:{self.ports[name]} {listen};
    {directives}
    location /check {{ internal; auth_request off; proxy_pass http://{self.oauth.address}/check; proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location /check_form {{ internal; auth_request off; proxy_pass http://{self.oauth_form.address}/check; proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location /check_tls {{ internal; auth_request off; proxy_pass https://{self.oauth_tls.address}/check; proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location /debug/ {{ proxy_pass http://{self.target.address}; }}
    location /push. {{ proxy_pass http://{self.sink.address}; }}
    location /sd {{ default_type application/json; alias DIR/sd.json; }}
  }}"""
        self.write("htpasswd", f"user:{{PLAIN}}{self.SECRETS['BASIC']}\n")
        self.write("sd.json", json.dumps([{"targets": ["found:1"], "labels": {}}]))
        config = f"""
daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/error.log;
events {{ worker_connections 4000; }}
http {{
  log_format m '$server_port $server_protocol $request_method $uri $status'; access_log DIR/access.log m;
  client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3; uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
  client_max_body_size 10m; proxy_http_version 1.1;
{servers}
}}"""
        for word in ("BEARER", "HEADER"):
            config = config.replace(f" {word}\"", f" {self.SECRETS[word]}\"").replace(f"\"{word}\"", f"\"{self.SECRETS[word]}\"")
        self.write("nginx.conf", config.replace("DIR", str(self.folder)))
        self.start(RealProgram(self.ports["open"], self.path("nginx.out"), "/usr/sbin/nginx", "-e", self.path("error.log"),
                               "-p", self.folder, "-c", self.path("nginx.conf")))

    def start_squid(self):
        helper = pathlib.Path(self.write("helper", f"""#!/bin/sh
while read line; do
  case "$line" in "user {self.SECRETS['PROXY']}"|"header {self.SECRETS['CONNECT']}") echo OK;; *) echo ERR;; esac
done
"""))
        helper.chmod(0o755)
        self.write("hosts", "127.0.0.1 web.test\n")
        self.write("squid.conf", f"""
http_port 127.0.0.1:{self.squid_port}
pid_filename none
access_log none
cache_log {self.folder}/squid.log
cache deny all
coredump_dir {self.folder}
netdb_filename none
pinger_enable off
visible_hostname proxy.test
hosts_file {self.folder}/hosts
auth_param basic program {helper}
auth_param basic children 1
auth_param basic realm test
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
""")
        self.start(RealProgram(self.squid_port, self.path("squid.out"), "/usr/sbin/squid", "-N", "-f", self.path("squid.conf")))

    def access(self, port):
        """What nginx saw on a port: (protocol, method, path, status)."""
        lines = [line.split() for line in (self.folder / "access.log").read_text().splitlines()]
        return [(l[1], l[2], l[3], l[4]) for l in lines if l[0] == str(self.ports[port])]

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()
        self.temporary.cleanup()
