"""The documentation: the sentences it explains are those that Invar says, and it builds as a site without a broken link."""

import json
import pathlib
import re
import subprocess
import unittest

from harness import SOURCE, Case

DOCS = pathlib.Path(SOURCE) / "docs"


def program_text():
    """Every text of the sources, adjacent literals joined as the compiler does."""
    files = (f for f in (pathlib.Path(SOURCE) / "src").rglob("*.cc") if not f.name.endswith("_test.cc"))
    return "\n".join(re.sub(r'"\s*\n\s*"', "", file.read_text()) for file in files)


class Documentation(Case):
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


if __name__ == "__main__":
    unittest.main()
