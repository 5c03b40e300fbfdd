"""The workflows test every Python that the package names, call what exists, and may do little."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = {path.stem: path for path in sorted((GITHUB / "workflows").glob("*.yml"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
SCRIPTS = [ROOT / ".ci/run", ROOT / "CONTRIBUTING.md", ROOT / "docs/contributing/releasing.md"]


def workflow(name: str) -> dict[Any, Any]:
    parsed: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text("utf-8"))
    return parsed


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in WORKFLOWS:
        for job, description in workflow(name)["jobs"].items():
            yield f"{name}.{job}", description


JOBS = dict(jobs())


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(job.get("steps", []))


def test_ci_tests_every_python_that_the_package_names() -> None:
    matrix = JOBS["ci.test"]["strategy"]["matrix"]["python"]
    named = [
        version
        for classifier in PROJECT["classifiers"]
        for version in re.findall(r"^Programming Language :: Python :: (3\.\d+)$", classifier)
    ]
    assert matrix == named
    assert PROJECT["requires-python"] == f">={matrix[0]}"
    assert any(step.get("run", "").endswith("bash .ci/run") for step in steps(JOBS["ci.test"]))
    assert JOBS["ci.test"]["env"]["PYTHON"] == "python${{ matrix.python }}"


@pytest.mark.parametrize("job", JOBS)
def test_a_step_calls_what_exists(job: str) -> None:
    for step in steps(JOBS[job]):
        command = step.get("run", "")
        assert set(re.findall(r"\bmake (\w+)", command)) <= TARGETS
        for script in re.findall(r"\.ci/\w+(?:\.py)?", command):
            assert (ROOT / script).is_file()
    called = JOBS[job].get("uses")
    assert called is None or (ROOT / called).is_file()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_targets_that_are_named_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    named = set(re.findall(r"(?:^|`| {4})make (\w+)", text, re.MULTILINE))
    assert named
    assert named <= TARGETS


def test_every_action_is_pinned_to_a_commit_and_says_which_version_it_is() -> None:
    for path in WORKFLOWS.values():
        used = re.findall(r"uses: (.+)", path.read_text("utf-8"))
        for action in used:
            pinned = re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
            assert pinned or action.startswith("./"), action


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends_by_itself(job: str) -> None:
    assert "uses" in JOBS[job] or JOBS[job]["timeout-minutes"] <= 60


def test_only_publishing_may_speak_for_the_project_and_only_announcing_may_write() -> None:
    granted = {
        f"{job}: {right}"
        for job, description in JOBS.items()
        for right, level in description.get("permissions", {}).items()
        if level == "write"
    }
    assert granted == {"release.publish: id-token", "release.announce: contents"}
    assert workflow("ci")["permissions"] == {"contents": "read"}
    assert workflow("release")["permissions"] == {}


def test_the_job_that_publishes_runs_nothing_of_the_repository() -> None:
    job = JOBS["release.publish"]
    assert job["environment"] == "pypi"
    assert [step["uses"].split("@")[0] for step in steps(job)] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


def test_a_release_is_tested_before_it_is_built_and_built_before_it_is_published() -> None:
    needs = {
        job: description.get("needs") for job, description in workflow("release")["jobs"].items()
    }
    assert needs == {"test": None, "build": "test", "publish": "build", "announce": "publish"}
    groups = [workflow(name)["concurrency"]["group"] for name in WORKFLOWS]
    assert len(set(groups)) == len(groups)


def test_commits_are_checked_with_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0][
        "hooks"
    ]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.findall(r"^check: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[0]
    checked = {line.split("/")[1].split(" --")[0] for line in recipe.split("\n") if line}
    hooked = {hook["entry"].removeprefix(".venv/bin/").split(" --")[0] for hook in hooks}
    assert hooked == {tool.removesuffix(" .") for tool in checked}


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_asks_in_fields_that_have_names(name: str) -> None:
    form = yaml.safe_load((GITHUB / f"ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields) >= 3


def test_a_bug_is_reported_with_the_version_and_the_run() -> None:
    text = (GITHUB / "ISSUE_TEMPLATE/bug.yml").read_text("utf-8")
    assert "`qosflood --version`" in text
    assert "`run.json`" in text
    assert "`report.json`" in text
