"""Version, changelog and tag name the same release."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

from qosflood import __version__

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci/release_notes.py"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
RELEASES = re.findall(r"^## \[(\d.*?)\] - (\d{4}-\d{2}-\d{2})$", CHANGELOG, re.MULTILINE)


@pytest.fixture(scope="module")
def release_notes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_notes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def project(folder: Path, version: str, changelog: str) -> Path:
    (folder / "qosflood").mkdir()
    (folder / "qosflood/__init__.py").write_text(f'__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    return folder


def tags() -> list[str]:
    """Tags of the commit that is tested: what CI says, else what git knows."""
    if os.environ.get("GITHUB_REF_TYPE") == "tag":
        return [os.environ["GITHUB_REF_NAME"]]
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return []
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(ROOT),
        "tag",
        "--points-at",
        "HEAD",
        "--list",
        "v*",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.split()


def test_the_package_states_the_newest_release_of_the_changelog() -> None:
    assert RELEASES[0][0] == __version__


def test_a_tag_names_the_version_of_the_package() -> None:
    assert set(tags()) <= {f"v{__version__}"}


def test_releases_stand_in_their_order_newest_first() -> None:
    versions = [Version(version) for version, _ in RELEASES]
    days = [day for _, day in RELEASES]
    assert versions == sorted(versions, reverse=True)
    assert days == sorted(days, reverse=True)
    assert "## [Unreleased]\n" in CHANGELOG[: CHANGELOG.index(f"## [{__version__}]")]


def test_every_release_has_a_link_at_the_foot() -> None:
    source = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"][
        "Source"
    ]
    links = dict(re.findall(r"^\[(.+)\]: (\S+)$", CHANGELOG, re.MULTILINE))
    assert links.keys() == {"Unreleased", *(version for version, _ in RELEASES)}
    assert links["Unreleased"] == f"{source}/compare/v{__version__}...HEAD"
    assert all(link.startswith(f"{source}/") for link in links.values())


def test_the_notes_of_a_release_are_its_section_without_the_links(
    release_notes: ModuleType, tmp_path: Path
) -> None:
    text = (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n\n### Added\n- A thing.\n\n"
        "## [0.1.0] - 2026-01-01\n\n- The first.\n\n[0.2.0]: http://a\n[0.1.0]: http://b\n"
    )
    assert release_notes.notes("v0.2.0", project(tmp_path, "0.2.0", text)) == (
        "### Added\n- A thing."
    )


@pytest.mark.parametrize(
    ("tag", "changelog", "problem"),
    [
        ("v0.3.0", "## [0.2.0] - 2026-11-30\n- A thing.\n", "expected v0.2.0"),
        ("0.2.0", "## [0.2.0] - 2026-11-30\n- A thing.\n", "expected v0.2.0"),
        ("v0.2.0", "## [0.1.0] - 2026-11-30\n- A thing.\n", "expected a section [0.2.0]"),
        ("v0.2.0", "## [0.2.0] - 2026-11-30\n\n[0.2.0]: http://a\n", "expected a section [0.2.0]"),
        (
            "v0.2.0",
            "## [Unreleased]\n- Late.\n\n## [0.2.0] - 2026-11-30\n- A thing.\n",
            "move what is Unreleased",
        ),
    ],
    ids=["another-version", "no-v", "no-section", "empty-section", "unreleased"],
)
def test_a_release_whose_parts_disagree_is_refused(
    release_notes: ModuleType, tmp_path: Path, tag: str, changelog: str, problem: str
) -> None:
    with pytest.raises(release_notes.DisagreementError, match=re.escape(problem)):
        release_notes.notes(tag, project(tmp_path, "0.2.0", changelog))


def test_the_command_fails_for_a_tag_that_is_not_this_version() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "v0.0.1"], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"expected v{__version__}" in done.stderr
