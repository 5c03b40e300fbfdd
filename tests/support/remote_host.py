"""A host off loopback that is this machine all the same: a network namespace behind a veth pair."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from processes import Faulty, first_line, started

_NETWORK = int(IPv4Address("198.18.0.0")) + 4 * (os.getpid() % 2**15)
HERE, THERE = str(IPv4Address(_NETWORK + 1)), str(IPv4Address(_NETWORK + 2))
"""Of the range for benchmarks (RFC 2544), which no network uses; others' tests have others."""
_FAULTY = Path(__file__).with_name("faulty.py")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def _namespace() -> Iterator[str]:
    name = f"qosflood-{os.getpid()}"
    near, far = f"qfn{os.getpid() % 10**6}", f"qff{os.getpid() % 10**6}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{HERE}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{THERE}/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        yield name
    finally:
        _ip("netns", "delete", name)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Two faulty servers at THERE, a target and a control, behind the link `near`."""

    target: Faulty
    control: Faulty
    name: str

    @contextlib.contextmanager
    def cut_off(self) -> Iterator[None]:
        """Nothing passes the link meanwhile, and nobody is told."""
        loopback = ["netns", "exec", self.name, "ip", "route"]
        _ip(*loopback, "add", "blackhole", f"{HERE}/32")
        try:
            yield
        finally:
            _ip(*loopback, "delete", "blackhole", f"{HERE}/32")


@contextlib.contextmanager
def servers_elsewhere() -> Iterator[Elsewhere]:
    """A target and a control in one namespace; skips the test where none can be made."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(_namespace_or_skip())
        target, control = (stack.enter_context(_server(name, "ok")) for _ in range(2))
        yield Elsewhere(target, control, name)


@contextlib.contextmanager
def _namespace_or_skip() -> Iterator[str]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root with iproute2 may make a network namespace")
    with contextlib.ExitStack() as stack:
        try:
            name = stack.enter_context(_namespace())
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
        yield name


@contextlib.contextmanager
def _server(name: str, behaviour: str) -> Iterator[Faulty]:
    command = ["ip", "netns", "exec", name, sys.executable, str(_FAULTY)]
    with started([*command, "--behaviour", behaviour, "--host", THERE]) as process:
        yield Faulty(process, int(first_line(process)), host=THERE)


@contextlib.contextmanager
def target_elsewhere(behaviour: str = "ok") -> Iterator[Faulty]:
    """A faulty server at THERE; skips the test where namespaces cannot be made."""
    with _namespace_or_skip() as name, _server(name, behaviour) as server:
        yield server
