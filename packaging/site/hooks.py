"""The change log, which stands outside of docs/, as a page of the site."""

import pathlib

from mkdocs.structure.files import File

CHANGELOG = pathlib.Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def on_files(files, config):
    files.append(File.generated(config, "changelog.md", content=CHANGELOG.read_text().replace("](docs/", "](")))
    return files


def on_page_markdown(markdown, page, config, files):
    return markdown.replace("](../CHANGELOG.md)", "](changelog.md)")
