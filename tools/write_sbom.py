#!/usr/bin/env python3
"""Writes what a built Invar is made of as CycloneDX 1.4, and the licence texts of its parts.

Usage: [SYSROOT=folder] tools/write_sbom.py BINARY SBOM.json LICENCES_FOLDER
SYSROOT: an ARM64 binary, whose packages are those of the system there (tools/make_sysroot.sh).
Parts are the Debian packages of the shared libraries that the binary loads (the image and the rpm carry them), those that are compiled in,
the packages of the web pages' lock file, which the build has installed beside the binary, and async-profiler. The same source on the same
packages gives the same bytes."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILED_IN = ["libboost1.81-dev", "libcli11-dev", "libiberty-dev"]
SYSROOT = os.environ.get("SYSROOT", "")
EMULATED = ["qemu-aarch64-static", "-L", SYSROOT] if SYSROOT else []
LIBRARIES = [*EMULATED, f"{SYSROOT}/lib/ld-linux-aarch64.so.1", "--list"] if SYSROOT else ["ldd"]
QUERY = ["dpkg-query", f"--admindir={SYSROOT}/var/lib/dpkg"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loaded_packages(binary):
    found = re.findall(r"\t[^/]\S* => (/\S+)", output(*LIBRARIES, binary))  # all but the loader, which is of the C library
    paths = {str(pathlib.Path(SYSROOT + path).resolve()) for path in found}
    # Where /lib is a link to /usr/lib, the package may own the file by either name; the other one is an error.
    said = subprocess.run([*QUERY, "-S", *paths, *(path.removeprefix("/usr") for path in paths)], capture_output=True, text=True).stdout
    owners = {path: owner.split(":")[0] for owner, path in (line.split(": ") for line in said.splitlines())}
    names = set()
    for path in sorted(paths):
        owner = owners.get(path) or owners.get(path.removeprefix("/usr"))
        if not owner:
            sys.exit(f"no package owns {path}")
        names.add(owner)
    return names


def debian_component(name):
    version, source = output(*QUERY, "-W", "-f", "${Version}\t${source:Package}\n", name).splitlines()[0].split("\t")
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}?distro=debian-12",
            "bom-ref": f"deb/{name}", "properties": [{"name": "source", "value": source}]}


def npm_components():
    lock = json.loads((ROOT / "ui/package-lock.json").read_text())
    for path, package in sorted(lock["packages"].items()):
        if path and not package.get("dev"):
            name = path.removeprefix("node_modules/")
            yield {"type": "library", "name": name, "version": package["version"], "purl": f"pkg:npm/{name}@{package['version']}",
                   "bom-ref": f"npm/{name}", "licenses": [{"license": {"id": package["license"]}}] if package.get("license") else []}


def async_profiler():
    version = re.search(r"^version=(\S+)", (ROOT / "tools/fetch_async_profiler.sh").read_text(), re.M)[1]
    return {"type": "library", "name": "async-profiler", "version": version, "purl": f"pkg:maven/tools.profiler/async-profiler@{version}",
            "bom-ref": "maven/async-profiler", "licenses": [{"license": {"id": "Apache-2.0"}}]}


def npm_licence(binary, name):
    folder = pathlib.Path(binary).parent / "ui/packages/node_modules" / name
    found = sorted(file for file in folder.glob("LICEN[CS]E*") if file.is_file())
    if not found:
        sys.exit(f"{name} has no licence in {folder}")
    return found[0].read_bytes()


def main(binary, sbom, licences):
    version = re.search(r"version (\S+)", output(*EMULATED, binary, "version"))[1]
    names = sorted(loaded_packages(binary) | set(COMPILED_IN))
    components = [debian_component(name) for name in names] + list(npm_components()) + [async_profiler()]
    digest = hashlib.sha256(pathlib.Path(binary).read_bytes()).hexdigest()
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.UUID(digest[:32])}",
        "metadata": {"component": {"type": "application", "name": "invar", "version": version, "bom-ref": "invar",
                                   "hashes": [{"alg": "SHA-256", "content": digest}]}},
        "components": components,
        "dependencies": [{"ref": "invar", "dependsOn": [component["bom-ref"] for component in components]}],
    }
    pathlib.Path(sbom).write_text(json.dumps(document, indent=1) + "\n")
    folder = pathlib.Path(licences)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.txt").write_bytes(pathlib.Path(f"{SYSROOT}/usr/share/doc/{name}/copyright").read_bytes())
    for component in npm_components():
        (folder / f"{component['name'].replace('/', '-')}.txt").write_bytes(npm_licence(binary, component["name"]))
    (folder / "async-profiler.txt").write_bytes((ROOT / "docs/licenses/async-profiler.md").read_bytes())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
