"""Discovery against what it watches: the kernel's processes here; servers in files of their own."""

import subprocess
import unittest

from harness import Case, until


def targets(invar, component):
    """The exported targets, each as the text `"label"="value", …`."""
    return [", ".join(f'"{label["key"]}"="{label["value"]["value"]}"' for label in target["value"])
            for export in invar.details(component)["exports"] if export["name"] == "targets"
            for target in export["value"]["value"]]


class Processes(Case):
    def test_a_new_process_is_found_and_gone_with_its_end(self):
        invar = self.invar('discovery.process "all" {\n  refresh_interval = "2s"\n}\n')
        child = subprocess.Popen(["sleep", "86.25"])
        try:
            found = until("the process", lambda: [t for t in targets(invar, "discovery.process.all") if "sleep 86.25" in t])
            self.assertIn(str(child.pid), found[0])
        finally:
            child.kill()
            child.wait()
        until("its end", lambda: "sleep 86.25" not in str(targets(invar, "discovery.process.all")))


if __name__ == "__main__":
    unittest.main()
