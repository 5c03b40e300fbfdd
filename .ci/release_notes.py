"""Prints what CHANGELOG.md says of the release that a tag names; fails if the two, or the
package's version, do not agree. Needs nothing but Python.

    python .ci/release_notes.py v0.2.0
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


class DisagreementError(Exception):
    """Tag, version and changelog do not name the same release."""


def package_version(root: Path) -> str:
    """The version that the package states."""
    text = (root / "qosflood/__init__.py").read_text("utf-8")
    [version] = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(version)


def sections(changelog: str) -> dict[str, str]:
    """The text of each release by its version, `Unreleased` among them; without the links."""
    body = re.sub(r"^\[[^\]]+\]: \S+\n?", "", changelog, flags=re.MULTILINE)
    parts = re.split(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?\n", body, flags=re.MULTILINE)
    return {version: text.strip() for version, text in zip(parts[1::2], parts[2::2], strict=True)}


def notes(tag: str, root: Path = ROOT) -> str:
    """What CHANGELOG.md says of the release `tag`. Raises DisagreementError."""
    version = package_version(root)
    if tag != f"v{version}":
        raise DisagreementError(
            f"tag {tag}, but qosflood/__init__.py says {version}: expected v{version}"
        )
    said = sections((root / "CHANGELOG.md").read_text("utf-8"))
    if not said.get(version):
        raise DisagreementError(
            f"CHANGELOG.md says nothing of {version}: expected a section [{version}]"
        )
    if said.get("Unreleased"):
        raise DisagreementError(f"CHANGELOG.md: move what is Unreleased into [{version}]")
    return said[version]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: release_notes.py TAG\n")
        return 2
    try:
        sys.stdout.write(f"{notes(arguments[0])}\n")
    except DisagreementError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
