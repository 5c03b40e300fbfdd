"""The Dockerfile builds from what it copies, and its image runs as nobody in particular."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]


def said(instruction: str) -> list[str]:
    return [words for name, words in LINES if name == instruction]


def copied() -> list[str]:
    """What the build copies from the repository."""
    return [source for words in said("COPY") for source in words.split()[:-1]]


def test_the_image_runs_qosflood_as_a_user_without_rights() -> None:
    [user] = said("USER")
    assert user.split(":")[0].isdecimal()  # a name could not be checked by runAsNonRoot
    assert user != "0:0"
    assert said("ENTRYPOINT") == ['["qosflood"]']
    assert said("STOPSIGNAL") == ["SIGINT"]


def test_every_stage_starts_from_one_image_by_its_digest() -> None:
    image, *stages = said("FROM")
    assert re.fullmatch(r"python:3\.13\.\d+-slim-\w+@sha256:[0-9a-f]{64} AS base", image)
    assert [stage.split()[0] for stage in stages] == ["base", "base"]
    assert "package-ecosystem: docker" in (ROOT / ".github/dependabot.yml").read_text()


def test_what_is_copied_is_not_ignored() -> None:
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert kept[0] == "*"
    assert {f"!{name}" for name in copied()} <= set(kept)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from nothing but the files that the Dockerfile copies."""
    folder = tmp_path_factory.mktemp("image")
    source = folder / "source"
    source.mkdir()
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, source], check=True, timeout=100)
    [built] = folder.glob("qosflood-*.whl")
    return zipfile.ZipFile(built).namelist()


@pytest.mark.parametrize(
    "name",
    [
        "qosflood/profiles/intercom.toml",
        "qosflood/report/document/report.schema.json",
        "qosflood/report/html/page.js",
        "qosflood/report/html/page.html",
        "qosflood/report/html/sections/timeline.html",
        "qosflood/report/compare/page.html",
        "qosflood/py.typed",
    ],
)
def test_a_wheel_of_what_is_copied_holds_all_that_a_run_needs(wheel: list[str], name: str) -> None:
    assert name in wheel
