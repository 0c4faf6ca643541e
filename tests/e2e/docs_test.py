"""The documentation: the sentences it explains are those that Invar says, and it builds as a site without a broken link."""

import html.parser
import json
import pathlib
import re
import subprocess
import unittest
import urllib.parse

from harness import SOURCE, Case

DOCS = pathlib.Path(SOURCE) / "docs"


def program_text():
    """Every text of the sources, adjacent literals joined as the compiler does."""
    files = (f for f in (pathlib.Path(SOURCE) / "src").rglob("*.cc") if not f.name.endswith("_test.cc"))
    return "\n".join(re.sub(r'"\s*\n\s*"', "", file.read_text()) for file in files)


# Where the sentences come from that stand on the status page as problems, or as the reason of a loss.
SPEAKERS = """
components/pyroscope/scrape/outcome.cc components/pyroscope/scrape/process.cc components/pyroscope/scrape/scrape_loop.cc
components/pyroscope/scrape/scrape_pool.cc
delivery/reply.cc delivery/delivery_queue.cc delivery/endpoint.cc delivery/packer.cc
components/pyroscope/fsdump/dumper.cc components/pyroscope/fsdump/component.cc
components/pyroscope/receive_http/component.cc components/pyroscope/receive_http/route.cc components/pyroscope/receive_http/relay.cc
components/pyroscope/receive_http/ingest_name.cc
java/suitable.cc java/attach.cc java/session.cc java/target_root.cc java/trouble.cc java/library.cc
components/pyroscope/java/profiler.cc components/pyroscope/java/labels.cc components/pyroscope/java/jvm_loop.cc
components/pyroscope/ebpf/profiler.cc components/pyroscope/ebpf/status_view.cc ebpf/kernel_check.cc ebpf/privileges.cc ebpf/programs.cc
cluster_etcd/etcd_cluster.cc
""".split()

# A text that is no problem's, by the statement that it stands in: logs, metrics, what is compared, what users of a file or a client read.
ANOTHER_TEXT = re.compile(r"logger|\.help|gauge\(|counter\(|histogram\(|INVAR_CHECK|attribute\(|\.error = |registration\.|example|"
                          r"set_if_absent|contains\(|media_type|type != |read_proc_file|Language|summary|R$|\.tap\.|out\.push_back\(\{|\{\"|k(Limit|Size) =")

# What follows a sentence that has an entry, or says the same in other words.
PART_OF_ANOTHER = {
    ", which is not followed; check the url or follow_redirects", "it cannot start",
    "profiles are taken by POST at /ingest and /push.v1.PusherService/Push; the address that a client is given ends before these paths",
    ": does the program run, and does it listen there?", ": does Pyroscope run there?", ": the answer is ", "of no type", "no answer within ",
    "Profiler already started", " has no value",
    ": character is not allowed: '", " is not UTF-8", ": it is not UTF-8", " is too large", "unable to append series ",
    "rate limit: larger than the burst", "waits for its folder", "it did not open its attach socket, asked by {}", "its attach socket",
    "its attach socket is busy", "it takes no command", "a command is not done within 10 s", "its answer is too long",
}


def problem_sentences():
    """(file, text) of each."""
    for name in SPEAKERS:
        text = re.sub(r"(?m)//.*$", "", (pathlib.Path(SOURCE) / "src" / name).read_text())
        text = re.sub(r'"\s*\n\s*"', "", text)
        for found in re.finditer(r'"((?:[^"\\\n]|\\.)*)"', text):
            statement = text[max(text.rfind(end, 0, found.start()) for end in ";}"):found.start()]
            words = len(re.findall(r"[A-Za-z']{2,}", found[1]))
            if words >= 3 and " " in found[1] and not ANOTHER_TEXT.search(statement):
                yield name, found[1]


class Page(html.parser.HTMLParser):
    """What a page of the site has for links to lead to, and where its own lead."""

    def __init__(self, file):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(file.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places.add(attributes.get("id"))
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


def broken_links(site):
    pages = {file: Page(file) for file in site.rglob("*.html")}
    for file, page in pages.items():
        if file.name == "404.html":
            continue  # it does not know where it is shown
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            there = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            there = there / "index.html" if there.is_dir() else there
            if not there.exists() or (parts.fragment and there in pages and urllib.parse.unquote(parts.fragment) not in pages[there].places):
                yield f"{file.relative_to(site)}: {link}"


class Documentation(Case):
    def test_each_problem_of_the_status_page_has_an_entry(self):
        entries = [sentence for row in re.findall(r"^\| (`.+?) \|", (DOCS / "guides/troubleshooting.md").read_text(), re.M)
                   for sentence in re.findall(r"`([^`]+)`", row)]
        sentences = list(problem_sentences())
        self.assertGreater(len(sentences), 100)
        for name, text in sentences:
            if text not in PART_OF_ANOTHER:
                self.assertTrue(any(entry in text or text.strip() in entry for entry in entries), f"{name}: {text!r} is not explained")
        self.assertEqual(PART_OF_ANOTHER - {text for _, text in sentences}, set())

    def test_troubleshooting_explains_what_invar_says(self):
        said = program_text()
        rows = re.findall(r"^\| (`.+?) \|", (DOCS / "guides/troubleshooting.md").read_text(), re.M)
        self.assertGreater(len(rows), 25)
        for row in rows:
            for sentence in re.findall(r"`([^`]+)`", row):
                self.assertTrue(sentence in said, f"{sentence!r} is nowhere in the sources: {row}")  # assertIn would print them all

    def test_the_site_has_a_folder_for_each_version(self):
        site = self.folder()
        for other in ("0.9", "0.10"):
            (site / other).mkdir()
        done = subprocess.run([pathlib.Path(SOURCE) / "tools/build_site.sh", site], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, = {folder.name for folder in site.iterdir() if folder.is_dir()} - {"0.9", "0.10"}
        for page in ("index.html", "guides/start/index.html", "guides/troubleshooting/index.html", "reference/components/index.html"):
            self.assertTrue((site / ours / page).exists(), page)
        names = [row["version"] for row in json.loads((site / "versions.json").read_text())]
        self.assertEqual([name for name in names if name != ours], ["0.10", "0.9"])
        self.assertIn(f'url={names[0]}/', (site / "index.html").read_text())
        self.assertIn('"provider": "mike"', (site / ours / "index.html").read_text(), "pages without a menu of versions")
        self.assertEqual(sorted(broken_links((site / ours).resolve())), [])
        menu = (pathlib.Path(SOURCE) / "packaging/site/mkdocs.yml").read_text()
        for folder in ("guides", "behaviour", "formats", "internals", "benchmarks"):
            self.assertEqual([page.name for page in (DOCS / folder).glob("*.md") if f"{folder}/{page.name}" not in menu], [])


if __name__ == "__main__":
    unittest.main()
