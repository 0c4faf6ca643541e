"""The documentation: the sentences it explains are those that Invar says, and it builds as a site without a broken link."""

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

    def test_the_site_builds_without_a_broken_link(self):
        done = subprocess.run([pathlib.Path(SOURCE) / "tools/build_site.sh"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for page in ("index.html", "guides/start/index.html", "guides/troubleshooting/index.html", "reference/components/index.html"):
            self.assertTrue((pathlib.Path(SOURCE) / "build/site" / page).exists(), page)


if __name__ == "__main__":
    unittest.main()
