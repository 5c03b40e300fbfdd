"""Processes for end-to-end tests: started, waited for, and stopped by their own pid."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from warm import Warm

T = TypeVar("T")
Popen = subprocess.Popen[str]

_FAULTY = Path(__file__).with_name("faulty.py")
_POLL_S = 0.02


def wait_until(condition: Callable[[], T], what: str, deadline_s: float = 15.0) -> T:
    """What `condition` returns once it is truthy; TimeoutError naming `what` at the deadline."""
    end = time.monotonic() + deadline_s
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {deadline_s:g} s in vain: {what}")
        time.sleep(_POLL_S)
    return result


def free_port(host: str = "127.0.0.1") -> int:
    """A port the kernel chose; only for programs that cannot bind to port 0 themselves."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def wait_for_port(port: int, host: str = "127.0.0.1", deadline_s: float = 15.0) -> None:
    """Wait until something listens there; raises TimeoutError."""
    wait_until(lambda: accepts(port, host), f"a listener on {host}:{port}", deadline_s)


@contextlib.contextmanager
def started(
    command: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Popen]:
    """A process in a session of its own; at the end SIGTERM, and SIGKILL after five seconds.

    `env` is added to the environment. Standard output is a pipe, standard error a file whose
    text is part of the error when the block fails.
    """
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        except Exception as error:
            errors.seek(0)
            error.add_note(f"stderr of {command[0]} (exit {process.poll()}):\n{errors.read()}")
            raise
        finally:
            stop(process)


def stop(process: Popen, grace_s: float = 5.0) -> int:
    """End the process, gently first; its exit status (minus the signal's number)."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return process.returncode


def first_line(process: Popen, deadline_s: float = 30.0) -> str:
    """The first line the process prints; raises TimeoutError, or EOFError if it prints none."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], deadline_s)[0]:
        raise TimeoutError(f"waited {deadline_s:g} s in vain: a line from {process.args!r}")
    line = process.stdout.readline()
    if not line:
        raise EOFError(f"{process.args!r} ended without a line")
    return line.rstrip("\n")


@dataclass(frozen=True, slots=True)
class Faulty:
    """A faulty server in a process of its own."""

    process: Popen
    port: int
    scheme: str = "http"
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def log(self) -> dict[str, Any]:
        """What it has received so far (the fields of `faulty.ReceiveLog`); plain HTTP only."""
        with urllib.request.urlopen(f"{self.url}/__log", timeout=10) as answer:
            log: dict[str, Any] = json.load(answer)
            return log

    def behave(self, spec: str) -> None:
        """Change its behaviour from the next request on; plain HTTP only."""
        urllib.request.urlopen(f"{self.url}/__behaviour", spec.encode(), timeout=10).close()


@contextlib.contextmanager
def faulty(
    behaviour: str = "ok",
    *,
    port: int = 0,
    cert: Path | None = None,
    key: Path | None = None,
) -> Iterator[Faulty]:
    """A faulty server behaving as `behaviour` says, over TLS if `cert` and `key` are given."""
    tls = [] if cert is None else ["--cert", str(cert), "--key", str(key)]
    command = [sys.executable, str(_FAULTY), "--behaviour", behaviour, "--port", str(port), *tls]
    with started(command) as process:
        yield Faulty(process, int(first_line(process)), "https" if tls else "http")


def qosflood_command(*args: str) -> list[str]:
    """The command line that runs qosflood with the tests' own interpreter."""
    return [sys.executable, "-m", "qosflood", *args]


def run_qosflood(
    *args: str,
    timeout_s: float = 90.0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run qosflood to its end, forked warm; raises subprocess.TimeoutExpired after stopping it.

    It is interrupted before it is killed, so that it can stop its own children.
    """
    with tempfile.TemporaryDirectory() as folder:
        with Warm(args, Path(folder), env=env, cwd=cwd) as command:
            code = command.wait(timeout_s)
            if code is None:
                os.kill(command.pid, signal.SIGINT)
                command.wait(5.0)
            said = command.out.read_text(), command.err.read_text()
        if code is None:
            raise subprocess.TimeoutExpired(args, timeout_s, *said)
        return subprocess.CompletedProcess(args, code, *said)


def read_report(run_directory: Path) -> dict[str, Any]:
    """`report.json` of a run."""
    report: dict[str, Any] = json.loads((run_directory / "report.json").read_bytes())
    return report


def read_journal(run_directory: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """The journal's records in order, or those whose `type` is `kind`."""
    lines = (run_directory / "journal.jsonl").read_bytes().splitlines()
    records = [json.loads(line) for line in lines]
    return [record for record in records if kind is None or record["type"] == kind]
