"""What a tired user reads: one mistake each, and the sentence that says what to write."""

import unittest

from harness import Case, run

WRITE = 'pyroscope.write "w" {\n\tendpoint {\n\t\turl = "http://h"\n\t}\n}\n'
SCRAPE = WRITE + 'pyroscope.scrape "s" {\n\ttargets = [{"__address__" = "a:1"}]\n\tforward_to = [pyroscope.write.w.receiver]\n'


def block(name, *lines):
    return f"{name} {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"


def target(value):
    return WRITE + block('pyroscope.scrape "s"', f"targets = {value}", "forward_to = [pyroscope.write.w.receiver]")


def file(value):
    return block('local.file "f"', f"filename = {value}")


# Place and sentence; lines of the closing count are left out.
MISTAKES = [
    # Functions.
    (file('sys.getenv("X")'), '2:17: field "getenv" does not exist (write sys.env)'),
    (file('getenv("X")'), '2:13: component "getenv" does not exist or is out of scope (write sys.env)'),
    (file('os.Getenv("X")'), '2:13: component "os.Getenv" does not exist or is out of scope (write sys.env)'),
    (file("constants.host"), '2:23: field "host" does not exist (did you mean "hostname"?)'),
    # Lists, quotes, brackets.
    (WRITE + block('pyroscope.scrape "s"', "targets = []", 'forward_to = "pyroscope.write.w.receiver"'),
     "8:15: expected array, got string (write [pyroscope.write.w.receiver], without quotes)"),
    (target('"discovery.process.all.targets"'), "7:12: expected array, got string (write [discovery.process.all.targets], without quotes)"),
    (target('"localhost:6060"'), '7:12: expected array, got string (write [{"__address__" = "localhost:6060"}])'),
    (target('{"__address__" = "a:1"}'), "7:12: expected array, got object (write ["),
    (block('discovery.relabel "r"', "targets = []", "rule {", '\tsource_labels = "a"', '\ttarget_label = "b"', "}"),
     '4:19: expected array, got string (write ["a"])'),
    (block('discovery.dns "d"', 'names = "a"'), '2:10: expected array, got string (write ["a"])'),
    (block('pyroscope.write "w"', "endpoint {", '\turl = ["http://h"]', "}"), '3:9: expected string, got array (write "http://h", without brackets)'),
    (block('remote.http "h"', 'url = "http://h"', 'is_secret = "true"'), "3:14: expected bool, got string (write true, without quotes)"),
    (block('local.file_match "f"', 'path_targets = ["/var/*.json"]'), '(write {"__path__" = "/var/*.json"})'),
    # Blocks and attributes.
    (block('pyroscope.write "w"', "endpoint = {}"), '2:2: "endpoint" must be a block, but is used as an attribute (write endpoint { … }, without =)'),
    (SCRAPE + "\tclustering = true\n}\n", '"clustering" must be a block, but is used as an attribute (write clustering { … }, without =)'),
    (SCRAPE + "\tscrape_interval { }\n}\n", '"scrape_interval" must be an attribute, but is used as a block (write scrape_interval = …)'),
    (SCRAPE + "\tprofiling_config {\n\t\tprofile.heap { }\n\t}\n}\n", 'unrecognized block name "profile.heap" (did you mean "profile.memory"?) (there are profile.memory, '),
    (block("remotecfg \"x\"", 'url = "http://h"'), '1:1: cannot find the definition of component name "remotecfg" (the block remotecfg takes no label)'),
    (block('phlare.write "w"', "endpoint { }"), '1:1: cannot find the definition of component name "phlare.write" (it is called "pyroscope.write" now)'),
    ("discovery.file f {\n\tfiles = []\n}\n", "1:16: expected block label, got IDENT (a label stands in double quotes)"),
    # One of a few words.
    (block('discovery.kubernetes "p"', 'role = "pods"'),
     '2:9: unknown Kubernetes SD role "pods"; it is one of node, service, pod, endpoints, endpointslice and ingress (did you mean "pod"?)'),
    (block('discovery.kubernetes "p"', 'role = "pod"', "selectors {", '\trole = "pods"', "}"), '4:10: unknown Kubernetes SD role "pods"; it is one of'),
    (block('discovery.dockerswarm "d"', 'host = "unix:///d"', 'role = "service"'),
     '3:9: invalid role "service"; it is one of services, tasks and nodes (did you mean "services"?)'),
    (block('discovery.relabel "r"', "targets = []", "rule {", '\taction = "labelMap"', "}"), '(did you mean "labelmap"?)'),
    (block('discovery.dns "d"', 'names = ["a"]', 'type = "CNAME"'), '3:9: invalid DNS-SD records type "CNAME"; it is one of SRV, A, AAAA, MX and NS'),
    (block('discovery.dns "d"', 'names = ["a"]', 'type = "A"', "port = -1"), "4:9: port must be between 0 and 65535"),
    (block('discovery.process "p"', 'refresh_interval = "0s"'), "2:21: refresh_interval must be greater than 0"),
    (block('discovery.consul "c"', 'scheme = "htps"'), '2:11: unknown scheme "htps"; it is one of http and https'),
    (SCRAPE + '\tscheme = "HTTPS"\n}\n', '9:11: unknown scheme "HTTPS"; it is one of http and https (did you mean "https"?)'),
    (block('discovery.azure "a"', 'subscription_id = "s"', 'environment = "AzurePublic"', "managed_identity {", '\tclient_id = "c"', "}"),
     '3:16: unknown cloud "AzurePublic"; it is one of AzurePublicCloud, AzureChinaCloud and AzureUSGovernment (did you mean "AzurePublicCloud"?)'),
    (block('local.file "f"', 'filename = "x"', 'detector = "inotify"'), '3:13: unrecognized detector "inotify"; it is one of fsnotify and poll (did you mean "fsnotify"?)'),
    (block('import.file "f"', 'filename = "x"', 'detector = "polling"'), '3:13: unrecognized detector "polling"; it is one of fsnotify and poll (did you mean "poll"?)'),
    (block("logging", 'level = "warning"'), '2:10: unrecognized log level "warning"; it is one of debug, info, warn and error (did you mean "warn"?)'),
    (block("logging", 'format = "JSON"'), '2:11: unrecognized log format "JSON"; it is one of logfmt and json (did you mean "json"?)'),
    (block('pyroscope.write "w"', "endpoint {", '\turl = "https://h"', "\ttls_config {", '\t\tmin_version = "1.2"', "\t}", "}"),
     '5:18: unknown TLS version "1.2"; it is one of TLS10, TLS11, TLS12 and TLS13'),
    (block('pyroscope.write "w"', "queue {", '\tsync = "allways"', "}"), '3:10: unknown sync "allways"; it is one of spill and always (did you mean "always"?)'),
    (WRITE + block('pyroscope.ebpf "e"', "forward_to = [pyroscope.write.w.receiver]", 'demangle = "simple"'),
     '8:13: invalid demangle mode "simple"; it is one of none, simplified, templates and full'),
    (WRITE + block('pyroscope.java "j"', "targets = []", "forward_to = [pyroscope.write.w.receiver]", "profiling_config {", '\tlog_level = "warning"', "}"),
     '10:15: unknown log_level "warning"; it is one of TRACE, DEBUG, INFO, WARN, ERROR and NONE (did you mean "WARN"?)'),
    (WRITE + block('pyroscope.receive_http "r"', "http {", "\ttls {", '\t\tcert_file = "a"', '\t\tkey_file = "b"', '\t\tmin_version = "TLS12"', "\t}", "}",
                   "forward_to = [pyroscope.write.w.receiver]"),
     'unknown TLS version "TLS12"; it is one of VersionTLS10, VersionTLS11, VersionTLS12 and VersionTLS13'),
    # Addresses, paths.
    (block('discovery.docker "d"', 'host = "localhost:2375"'), '2:9: parsing host attribute: "localhost:2375" has no scheme; write "tcp://localhost:2375"'),
    (block('discovery.docker "d"', 'host = "/run/docker.sock"'), '2:9: parsing host attribute: "/run/docker.sock" has no scheme; write "unix:///run/docker.sock"'),
    (block('discovery.docker "d"', 'host = "unix://run/docker.sock"'),
     '2:9: parsing host attribute: "unix://run/docker.sock" has two slashes where a path needs three; write "unix:///run/docker.sock"'),
    (block('discovery.dockerswarm "d"', 'host = "tcp://[::1"', 'role = "tasks"'), '2:9: parsing host attribute: "tcp://[::1" is not a usable URL: missing'),
    # Repositories, selectors, amounts, texts of certificates, paths.
    (block('import.git "m"', 'repository = "github.com/o/r"', 'path = "a.alloy"'), '2:15: "github.com/o/r" has no scheme; write "https://github.com/o/r"'),
    (block('import.git "m"', 'repository = "ftp://h/r"', 'path = "a.alloy"'), '2:15: "ftp://h/r" has a scheme that is none of https, http, ssh, git and file; write'),
    (block('import.git "m"', 'repository = "git@h:o/r.git"', 'path = "../a.alloy"'), '3:9: path "../a.alloy" leads out of the repository'),
    (block('discovery.kubernetes "k"', 'role = "pod"', "selectors {", '\trole = "pod"', '\tlabel = "app:shop"', "}"),
     '5:11: "app:shop" is no label selector; write it as in "app=shop,tier notin (test, dev)"'),
    (block('discovery.kubernetes "k"', 'role = "pod"', "selectors {", '\trole = "pod"', '\tfield = "spec.nodeName"', "}"),
     '5:11: "spec.nodeName" is no field selector; write it as in "spec.nodeName=node-1"'),
    (WRITE + block('pyroscope.java "j"', "targets = []", "forward_to = [pyroscope.write.w.receiver]", "profiling_config {", '\talloc = "512 kB"', "}"),
     '10:11: "512 kB" is no amount that async-profiler knows; write it as in "512k"'),
    (block('remote.http "h"', 'url = "https://h"', "client {", '\ttls_config {', '\t\tca_pem = "/etc/ca.crt"', "\t}", "}"),
     "ca_pem is no PEM text, which begins with -----BEGIN; the path of a file belongs into ca_file"),
    (block('local.file "f"', 'filename = ""'), "2:13: filename must not be empty"),
    (block('pyroscope.fsdump "f"', 'target_directory = "/d"', 'external_labels = {"" = "x"}'), "3:20: has a label without a name, which no server takes"),
    (block('discovery.consul "c"', 'server = "http//consul"'), 'has no scheme; write "http://consul"'),
    (block("remotecfg", 'url = "fleet.example"'), '2:8: "fleet.example" has no scheme; write "http://fleet.example"'),
    (block('discovery.consul "c"', 'server = "http://consul:8500/?x"'), '2:11: server: "http://consul:8500/?x" has a query; write "http://consul:8500/"'),
    (block('remote.s3 "s"', 'path = "bucket/key"'), '2:9: path must be s3://BUCKET/FILE, not "bucket/key"'),
    (SCRAPE + '\tproxy_url = "socks4://p"\n}\n', '9:14: unsupported scheme "socks4" in proxy_url: use http, https, socks5 or socks5h'),
    (block('pyroscope.write "w"', "endpoint {", '\turl = "http://a:1,http://b:1"', "}"), '3:9: "http://a:1,http://b:1" is more than one URL; one is wanted'),
    (WRITE + block('pyroscope.receive_http "r"', "http {", '\tlisten_address = "0.0.0.0:4040"', "}", "forward_to = []"),
     '8:20: "0.0.0.0:4040" holds a port; write "0.0.0.0" here, and the port into listen_port'),
    (WRITE + block('pyroscope.receive_http "r"', "http {", '\tlisten_address = "http://0.0.0.0:4040"', "}", "forward_to = []"),
     '8:20: "http://0.0.0.0:4040" is a URL; write "0.0.0.0" here, and the port into listen_port'),
    (block('discovery.file "f"', 'files = ["a.json", "a.txt"]'),
     '2:21: path name "a.txt" is not valid for file discovery: it has to end in .json, .yml or .yaml'),
    # Headers that a file's last line break would split.
    (WRITE + block('pyroscope.scrape "s"', "targets = []", "forward_to = [pyroscope.write.w.receiver]", 'http_headers = {"X-Scope-OrgID" = ["t\\n"]}'),
     'the value of the header "X-Scope-OrgID" ends in a line break; take it through string.trim_space(…)'),
    (block('remote.http "h"', 'url = "http://h"', 'headers = {"X-A" = "v\\n"}'), '3:21: the value of the header "X-A" ends in a line break'),
    (block('import.http "h"', 'url = "http://h"', 'headers = {"X-A" = "v\\n"}'), '3:21: the value of the header "X-A" ends in a line break'),
    (block('discovery.consul "c"', 'token = "t\\n"'), '2:10: the value of the header "X-Consul-Token" ends in a line break'),
    (block('remote.vault "v"', 'server = "http://h"', 'path = "a/b"', "auth.token {", '\ttoken = "t\\n"', "}"),
     'the value of the header "X-Vault-Token" ends in a line break'),
    # One mistake, one error.
    (block('pyroscope.write "w"', "endpoint {", '\turl: "http://h"', "}"), "3:6: illegal character U+003A ':': an attribute is written NAME = VALUE"),
    (SCRAPE + '\tscrape_interval = "15s",\n}\n', "9:25: expected TERMINATOR, got ,"),
    (SCRAPE + "\tclustering {\n\t\tenable = true\n\t}\n}\n", '10:3: unrecognized attribute name "enable" (did you mean "enabled"?)'),
    (WRITE + block('pyroscope.ebpf "e"', "forward_to = [pyroscope.write.w.receiver]", 'collect_interval = "1ms"'), "8:21: collect_interval must be at least 1s"),
    (block('discovery.dns "d"', 'names = ["a"]') + target("discovery.dns.d.targets.first"),
     "discovery.dns.d.targets is a list, which has no fields"),
    # Labels without a name.
    (WRITE + block('pyroscope.relabel "r"', "forward_to = [pyroscope.write.w.receiver]", "pprof {", '\tpromote_labels = [""]', "}"), "9:21: a label needs a name"),
    (WRITE + block('pyroscope.ebpf "e"', "forward_to = [pyroscope.write.w.receiver]", 'default_target = {"" = "x"}'), "has a label without a name"),
    # Modules.
    ('declare "d" {\n\targument "forward_to" { }\n}\nd "y" {\n\tforward_two = []\n}\n',
     '5:2: unrecognized attribute name "forward_two" (did you mean "forward_to"?)'),
    ('declare "d" {\n\targument "url" { }\n\tlocal.file "f" {\n\t\tfilename = argument.url\n\t}\n}\nd "y" {\n\turl = "u"\n}\n',
     "4:14: expected a string, got the component argument.url: write argument.url.value"),
    ('foreach "f" {\n\tcollection = ["a"]\n\tvar = "each"\n\ttemplate {\n\t\tlocal.file "f" {\n\t\t\tfilename = eahc\n\t\t}\n\t}\n}\n',
     '6:15: component "eahc" does not exist or is out of scope (did you mean "each"?)'),
]

WARNINGS = [
    (SCRAPE + '\tscrape_interval = "1ns"\n\tprofiling_config {\n\t\tprofile.process_cpu {\n\t\t\tenabled = false\n\t\t}\n\t}\n}\n',
     "9:20: scrape_interval 1ns is too short: 100ms is used"),
    (block('discovery.kubelet "k"', 'refresh_interval = "1ms"'), "2:21: 1ms is too short: 100ms is used"),
    (block('local.file "f"', 'filename = "x"', 'poll_frequency = "1ns"'), "3:19: 1ns is too short: 100ms is used"),
    (SCRAPE + '\tscrape_interval = "20s"\n\tscrape_timeout = "20s"\n}\n', "10:19: scrape_timeout 20s is not larger than scrape_interval 20s: "),
    # Other arguments that are not known yet do not hide it.
    (SCRAPE + '\tjob_name = sys.env("X")\n\tprofiling_config {\n\t\tprofile.godeltaprof_memory {\n\t\t\tenabled = true\n\t\t}\n\t}\n}\n',
     "11:3: profile.godeltaprof_memory and profile.memory are both enabled, and both are sent as "),
    (SCRAPE + '\tprofiling_config {\n\t\tprofile.memory {\n\t\t\tpath = "/heap?gc=1"\n\t\t}\n\t}\n}\n',
     '10:3: profile.memory has the path "/heap?gc=1": what follows the ? or # is asked for as a part of the path; '),
    (WRITE + block('pyroscope.relabel "r"', "forward_to = [pyroscope.write.w.receiver]", "rule {", '\ttarget_label = "foo-bar"', "}"),
     '9:18: target_label "foo-bar" is no label name, so the rule does not apply: '),
    (block('pyroscope.fsdump "f"', 'target_directory = "/d"', "rule {", '\ttarget_label = "1a"', "}"), '4:18: target_label "1a" is no label name'),
    (WRITE + block('pyroscope.receive_http "r"', "forward_to = [pyroscope.write.w.receiver]", "grpc { }"), "8:2: grpc has no effect"),
    (WRITE + block('pyroscope.ebpf "e"', "forward_to = [pyroscope.write.w.receiver]", "collect_kernel_profile = true"),
     "8:27: collect_kernel_profile is deprecated and without effect"),
    (block('discovery.dns "d"', 'names = ["http://a.b:80/x"]'), '2:10: names: "http://a.b:80/x" is no name of a host, and is never found; write "a.b"'),
    ('declare "d" {\n\tdiscovery.dns "d" {\n\t\tnames = ["a b"]\n\t}\n}\n', '3:11: names: "a b" is no name of a host'),
]


class Mistakes(Case):
    def said(self, text, status):
        path = self.folder() / "c.alloy"
        path.write_text(text)
        done = run("validate", str(path))
        self.assertEqual(done.returncode, status, text + done.stderr)
        return done.stderr

    def test_each_is_told_where_it_is_and_with_what_to_write(self):
        for text, sentence in MISTAKES:
            with self.subTest(sentence):
                said = self.said(text, 1)
                self.assertIn(sentence, said, text)
                self.assertIn("validation failed: 1 error\n", said)

    def test_what_is_taken_otherwise_than_written_is_a_warning(self):
        for text, sentence in WARNINGS:
            with self.subTest(sentence):
                said = self.said(text, 0)
                self.assertIn(f"c.alloy:{sentence}", said, text)
                self.assertIn("1 warning; the configuration runs\n", said)


if __name__ == "__main__":
    unittest.main()
