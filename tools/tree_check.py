"""What the checks of the tree share: running them, and --self-test, which plants breaches in a temporary folder and expects to find
exactly these."""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def finds(check, files, wanted):
    """Whether check(folder) says `wanted` of `files` (path to text); tells the difference."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = check(pathlib.Path(folder))
    if found != wanted:
        print("found:", *found, "wanted:", *wanted, sep="\n  ")
    return found == wanted


def main(check, self_test):
    """Prints each breach of the tree; the exit status is 1 if there is one."""
    if "--self-test" in sys.argv:
        breaches = [] if self_test() else ["the self-test failed"]
    else:
        breaches = check(ROOT)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0
