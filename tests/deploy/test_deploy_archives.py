"""The source archive and the wheel hold what their users need, and nothing else."""

import email
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from qosflood import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# hatchling writes the first and adds the second by itself.
MADE = {"PKG-INFO", ".gitignore"}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, the wheel built from the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, timeout=100, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def source(archives: Path) -> set[str]:
    with tarfile.open(archives / f"qosflood-{__version__}.tar.gz") as archive:
        return {name.split("/", 1)[1] for name in archive.getnames()}


@pytest.fixture(scope="module")
def wheel(archives: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(archives / f"qosflood-{__version__}-py3-none-any.whl")


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return email.message_from_bytes(wheel.read(f"qosflood-{__version__}.dist-info/METADATA"))


def test_the_source_archive_holds_all_that_is_kept_and_no_strays(source: set[str]) -> None:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("git knows which files are kept")
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(ROOT),
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    kept = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert source - MADE <= kept
    assert kept - source <= {".editorconfig"}


def test_the_wheel_holds_the_package_and_its_licence_alone(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names} == {
        "qosflood",
        f"qosflood-{__version__}.dist-info",
    }
    assert f"qosflood-{__version__}.dist-info/licenses/LICENSE" in names
    assert {"qosflood/profiles/intercom.toml", "qosflood/py.typed"} <= names


def test_the_metadata_says_who_may_use_it_and_where_it_lives(metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"] == "The qosflood developers"
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert urls == PROJECT["urls"]
    assert urls.keys() >= {"Homepage", "Documentation", "Source", "Issues", "Changelog"}


def test_a_user_is_offered_no_tools_of_the_developers(metadata: Message) -> None:
    assert metadata.get_all("Provides-Extra") == ["otel"]
