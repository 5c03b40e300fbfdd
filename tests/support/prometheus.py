"""Debian's Prometheus as the judge of metrics pages: one run scrapes each page as a target."""

import contextlib
import json
import shutil
import socketserver
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parts import require
from processes import free_port, started, wait_until

_CONFIG = """\
global:
  scrape_interval: 3s
  scrape_timeout: 3s
scrape_configs:
"""
_JOB = """\
  - job_name: {name}
    {limits}
    file_sd_configs:
      - files: [{targets}]
"""


@dataclass(frozen=True)
class Page:
    """A body and its Content-Type as a target sends them; None sends no such header.

    `answer` is sent in place of both, and `%PORT%` in it is the server's own. `limits` is a line
    of the scrape's configuration.
    """

    body: bytes = b""
    content_type: str | None = "text/plain; version=0.0.4"
    answer: bytes | None = None
    closes: bool = False
    limits: str = ""


@dataclass(frozen=True)
class Verdict:
    """What Prometheus's target list says of a page."""

    up: bool
    error: str


def judge(pages: Sequence[Page], folder: Path) -> list[Verdict]:
    """Prometheus's verdict on each page, in their order; `folder` takes its storage."""
    program = shutil.which("prometheus")
    require(program, "apt-get install prometheus")
    with served(pages) as port:
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG + "".join(_jobs(pages, port, folder)))
        own = free_port()
        command = (
            str(program),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}",
            "--scrape.discovery-reload-interval=100ms",
            "--log.level=error",
        )
        with started(command):
            found = wait_until(
                lambda: _all_scraped(own, len(pages)), "a scrape of each page", deadline_s=60
            )
    return [found[f"page{index}"] for index in range(len(pages))]


def _jobs(pages: Sequence[Page], port: int, folder: Path) -> Iterator[str]:
    """A job for each configuration of limits."""
    for number, limits in enumerate(dict.fromkeys(page.limits for page in pages)):
        targets = folder / f"targets{number}.json"
        of_job = [index for index, page in enumerate(pages) if page.limits == limits]
        targets.write_text(json.dumps([_target(port, index) for index in of_job]))
        yield _JOB.format(name=f"job{number}", limits=limits, targets=targets)


def _target(port: int, index: int) -> dict[str, object]:
    labels = {"__metrics_path__": f"/{index}", "instance": f"page{index}"}
    return {"targets": [f"127.0.0.1:{port}"], "labels": labels}


def _all_scraped(port: int, count: int) -> dict[str, Verdict]:
    """The verdicts by instance, or nothing as long as one is missing or the machine was slow."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5) as answer:
            targets: list[dict[str, Any]] = json.load(answer)["data"]["activeTargets"]
    except OSError:
        return {}
    found = {
        target["labels"]["instance"]: Verdict(target["health"] == "up", target["lastError"])
        for target in targets
        if target["health"] != "unknown" and "deadline exceeded" not in target["lastError"]
    }
    return found if len(found) == count else {}


class _Pages(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, pages: Sequence[Page]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.pages = pages


class _Answers(socketserver.StreamRequestHandler):
    """Answers requests by their path's number, on one connection until it is closed."""

    server: _Pages

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while line := self.rfile.readline():
                while self.rfile.readline().strip():
                    pass
                page = self.server.pages[int(line.split()[1].lstrip(b"/"))]
                port = str(self.server.server_address[1]).encode()
                self.wfile.write(_answer(page).replace(b"%PORT%", port))
                if page.closes:
                    return


def _answer(page: Page) -> bytes:
    if page.answer is not None:
        return page.answer
    kind = "" if page.content_type is None else f"Content-Type: {page.content_type}\r\n"
    head = f"HTTP/1.1 200 OK\r\n{kind}Content-Length: {len(page.body)}\r\n\r\n"
    return head.encode("latin-1") + page.body


@contextlib.contextmanager
def served(pages: Sequence[Page]) -> Iterator[int]:
    """The port where each page stands under its number."""
    with _Pages(pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
