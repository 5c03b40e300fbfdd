"""Manifests below deploy/kubernetes, and their containers run here as a kubelet would."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from parts import require
from processes import qosflood_command

DEPLOY = Path(__file__).parents[2] / "deploy" / "kubernetes"
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
"""Only the volume, given first, stays writable."""


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod of a job, and the environment that its kustomization gives it."""

    job: dict[str, Any]
    env: dict[str, str]

    @property
    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.job["spec"]["template"]["spec"]
        return spec

    @property
    def container(self) -> dict[str, Any]:
        [container] = self.spec["containers"]
        assert isinstance(container, dict)
        return container

    def command(self, env: Mapping[str, str], volume: Path) -> list[str]:
        """What the container executes, the entry point included, its volume being `volume`."""
        whole = [*self.container.get("command", ["qosflood"]), *self.container["args"]]
        return [_expand(word, {**self.env, **env}).replace("/runs", str(volume)) for word in whole]


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object, with the name of its file."""
    for path in sorted(DEPLOY.glob("*/*.yaml")):
        if path.name != "kustomization.yaml":
            for document in yaml.safe_load_all(path.read_text()):
                yield str(path.relative_to(DEPLOY)), document


def pod(folder: str, name: str) -> Pod:
    """The pod of `deploy/kubernetes/FOLDER/NAME.yaml`, with the folder's run.env."""
    return Pod(yaml.safe_load((DEPLOY / folder / f"{name}.yaml").read_text()), run_env(folder))


def run_env(folder: str) -> dict[str, str]:
    """What a folder's run.env sets."""
    lines = (DEPLOY / folder / "run.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def start(pod: Pod, env: Mapping[str, str], volume: Path) -> "subprocess.Popen[str]":
    """Run the pod's container with the root file system read-only."""
    allowed = os.geteuid() == 0 and shutil.which("unshare")
    require(allowed, "apt-get install util-linux, and run the tests as root")
    entry = volume / "bin" / "qosflood"
    if not entry.exists():
        entry.parent.mkdir(exist_ok=True)
        entry.write_text(f'#!/bin/sh\nexec {" ".join(qosflood_command())} "$@"\n')
        entry.chmod(0o755)
    return subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _READ_ONLY, volume, *pod.command(env, volume)],
        env={
            **os.environ,
            **pod.env,
            **env,
            "PATH": f"{entry.parent}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=volume,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _expand(word: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` as Kubernetes expands it."""
    for name, value in env.items():
        word = word.replace(f"$({name})", value)
    return word
