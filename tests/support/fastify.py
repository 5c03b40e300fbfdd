"""The collector of tests/targets/fastify: installed once with npm, outside the repository."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parts import require
from processes import Popen, first_line, started

_SOURCE = Path(__file__).parent.parent / "targets" / "fastify"
_MANIFESTS = ("package.json", "package-lock.json")


@dataclass(frozen=True, slots=True)
class Fastify:
    """The running collector; `process.pid` is the process whose memory counts."""

    process: Popen
    port: int

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def fastify(
    *, token: str | None = None, keep_alive_ms: int | None = None, port: int = 0
) -> Iterator[Fastify]:
    """The collector; with `token` every route wants it as a bearer token."""
    require(shutil.which("node") and shutil.which("npm"), "apt-get install nodejs npm")
    options = {"PORT": port, "TOKEN": token, "KEEP_ALIVE_MS": keep_alive_ms}
    env = {name: str(value) for name, value in options.items() if value is not None}
    env["NODE_PATH"] = str(_installed() / "node_modules")
    with started(["node", str(_SOURCE / "server.js")], env=env) as process:
        yield Fastify(process, int(first_line(process)))


def _installed() -> Path:
    manifests = b"".join((_SOURCE / name).read_bytes() for name in _MANIFESTS)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qosflood-tests"
    folder = cache / f"fastify-{hashlib.sha256(manifests).hexdigest()[:12]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    """Install beside `folder` and rename, so that a broken or second install never shows."""
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        for name in _MANIFESTS:
            shutil.copy(_SOURCE / name, scratch)
        command = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, timeout=300)
        with contextlib.suppress(OSError):
            Path(scratch).rename(folder)
