"""A real Prometheus that scrapes each second, and evaluates a rule."""

import contextlib
import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parts import require
from processes import free_port, started, wait_until

_CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [{rules}]
scrape_configs:
  - job_name: {job}
    static_configs:
      - targets: {targets}
"""
_RULES = """\
groups:
  - name: tests
    rules:
      - alert: Heartbeat
        expr: vector(1)
      - alert: ScrapesFail
        expr: up == 0
        labels: {severity: page}
        annotations: {summary: nobody sees it}
"""


@dataclass(frozen=True)
class PrometheusServer:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    def targets(self) -> list[dict[str, Any]]:
        """Its active targets that were scraped at least once."""
        with contextlib.suppress(OSError):
            return [each for each in self.ask("targets") if each["health"] != "unknown"]
        return []

    def ask(self, path: str) -> Any:
        """The active targets or alerts of its API."""
        key = {"targets": "activeTargets", "alerts": "alerts"}[path]
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"][key]


@contextlib.contextmanager
def prometheus_server(folder: Path, job: str, *ports: int) -> Iterator[PrometheusServer]:
    """One that has scraped every port of 127.0.0.1 once; `Heartbeat` fires, and `ScrapesFail`
    whenever a scrape fails."""
    program = shutil.which("prometheus")
    require(program, "apt-get install prometheus")
    folder.mkdir(exist_ok=True)
    rules, config = folder / "rules.yml", folder / "prometheus.yml"
    rules.write_text(_RULES)
    targets = json.dumps([f"127.0.0.1:{port}" for port in ports])
    config.write_text(_CONFIG.format(rules=rules, job=job, targets=targets))
    server = PrometheusServer(free_port())
    command = (
        str(program),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{server.port}",
        "--scrape.discovery-reload-interval=100ms",
        "--log.level=error",
    )
    with started(command):
        wait_until(lambda: len(server.targets()) == len(ports), "a scrape of each", 30)
        wait_until(lambda: server.ask("alerts"), "an alert", 30)
        yield server
