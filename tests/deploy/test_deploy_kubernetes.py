"""The manifests say what Kubernetes understands, and their containers do what they promise."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from pods import DEPLOY, Pod, manifests, pod, run_env, start
from processes import faulty, read_report

from qosflood.cli.run import run

OBJECTS = list(manifests())
PODS = [("job", "job"), ("parts", "parts"), ("parts", "merge")]
TINY = {
    "QOSFLOOD_RUN_PEAK": "20@1s",
    "QOSFLOOD_RUN_RATE": "5x",
    "QOSFLOOD_RUN_DURATION": "2s",
    "QOSFLOOD_RUN_SETS": "phases.baseline=0s;phases.ramp=500ms;phases.recovery=0s;"
    "phases.settle=100ms;sessions.lifetime=0s",
}
AHEAD_S = (8, 30, 90)
"""How far ahead the parts' moment lies; on a busy machine the next is tried."""


@pytest.mark.parametrize(("path", "document"), OBJECTS, ids=[path for path, _ in OBJECTS])
@pytest.mark.parametrize("version", ["1.29", "1.32", "1.35"])
def test_every_object_is_valid_for_kubernetes(path: str, document: dict, version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(("folder", "name"), PODS)
def test_no_pod_is_privileged_or_tried_again(folder: str, name: str) -> None:
    one = pod(folder, name)
    assert one.job["spec"]["backoffLimit"] == 0
    assert one.spec["restartPolicy"] == "Never"
    assert one.spec["automountServiceAccountToken"] is False
    assert one.spec["securityContext"]["runAsNonRoot"] is True
    assert one.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    [mount], [volume] = one.container["volumeMounts"], one.spec["volumes"]
    assert mount["name"] == volume["name"]
    assert volume["persistentVolumeClaim"]["claimName"] == "qosflood-runs"


def test_there_are_as_many_pods_as_parts() -> None:
    spec = pod("parts", "parts").job["spec"]
    parts = int(run_env("parts")["PARTS"])
    assert spec["completionMode"] == "Indexed"
    assert (spec["completions"], spec["parallelism"]) == (parts, parts)


@pytest.mark.parametrize("folder", ["job", "parts"])
def test_every_variable_is_an_option_of_a_run(folder: str) -> None:
    known = {f"QOSFLOOD_RUN_{option.name.upper()}" for option in run.params}
    named = {name for name in run_env(folder) if name.startswith("QOSFLOOD_")}
    assert named
    assert named <= known


@pytest.mark.parametrize("folder", ["job", "parts", "volume"])
def test_a_kustomization_names_the_files_beside_it(folder: str) -> None:
    said = yaml.safe_load((DEPLOY / folder / "kustomization.yaml").read_text())
    for resource in said["resources"]:
        assert (DEPLOY / folder / resource).exists()
    for generated in said.get("configMapGenerator", []):
        assert all((DEPLOY / folder / env).exists() for env in generated["envs"])
        for _, name in [one for one in PODS if one[0] == folder]:
            [source] = pod(folder, name).container["envFrom"]
            assert source["configMapRef"]["name"] == generated["name"]


@pytest.mark.e2e
def test_a_job_leaves_its_report_in_the_volume_and_nothing_elsewhere(tmp_path: Path) -> None:
    with faulty() as server:
        code, said = _end(start(pod("job", "job"), TINY | _target(server.url), tmp_path))
    assert "Read-only file system" not in said
    assert read_report(tmp_path / "before-release")["exit_code"] == code, said


STOPPABLE = "trap 'exit 130' TERM; echo flooding; for _ in $(seq 400); do sleep 0.05; done"


@contextlib.contextmanager
def part_of(script: str, volume: Path) -> Iterator["subprocess.Popen[str]"]:
    """A part's container in which `script` stands for qosflood."""
    entry = volume / "qosflood"
    entry.write_text(f"#!/bin/sh\n{script}\n")
    entry.chmod(0o755)
    part = pod("parts", "parts")
    env = {**part.env, "JOB_COMPLETION_INDEX": "0", "PATH": f"{volume}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        part.command(env, volume), env=env, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("code", "ends"), [(0, 0), (1, 0), (2, 2), (3, 0), (4, 4), (130, 130)], ids=str
)
def test_only_a_part_that_was_not_played_to_its_end_fails_its_job(
    tmp_path: Path, code: int, ends: int
) -> None:
    with part_of(f"exit {code}", tmp_path) as process:
        assert process.wait(20) == ends


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pod_that_is_stopped_lets_its_part_report_first(tmp_path: Path, number: int) -> None:
    with part_of(STOPPABLE, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "flooding\n"
        process.send_signal(number)
        assert process.wait(20) == 130


@pytest.mark.e2e
def test_parts_and_merge_make_one_run_with_one_verdict(tmp_path: Path) -> None:
    with faulty() as server:
        for ahead_s in AHEAD_S:
            volume = tmp_path / str(ahead_s)
            (volume / "before-event").mkdir(parents=True)
            env = TINY | _target(server.url) | {"PARTS": "2", "QOSFLOOD_RUN_START_AT": _in(ahead_s)}
            parts = [_start_part(index, env, volume) for index in range(2)]
            merge = start(pod("parts", "merge"), env | {"MERGE_WITHIN_S": "60"}, volume)
            ends = [_end(process) for process in parts]
            refused = any("give every part at least" in said for _, said in ends)
            if refused:
                merge.kill()
            code, said = _end(merge)
            if not refused:
                break
    report = read_report(volume / "before-event" / "whole")
    assert report["exit_code"] == code, said
    assert report["totals"]["scheduled"] == sum(
        read_report(volume / "before-event" / f"part-{number}")["totals"]["scheduled"]
        for number in (1, 2)
    )


def _start_part(index: int, env: Mapping[str, str], volume: Path) -> "subprocess.Popen[str]":
    part: Pod = pod("parts", "parts")
    return start(part, {**env, "JOB_COMPLETION_INDEX": str(index)}, volume)


def _end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=110)
    finally:
        process.kill()
        process.wait()
    return process.returncode, out + err


def _target(url: str) -> dict[str, str]:
    return {"QOSFLOOD_RUN_TARGET": url}


def _in(seconds: int) -> str:
    return datetime.fromtimestamp(int(time.time()) + 1 + seconds, UTC).isoformat()
