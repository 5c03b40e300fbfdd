"""A secret given by --header reaches the target and nothing else, even if the target echoes it."""

import contextlib
import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flooding import SMALL, Finished, flooding
from processes import read_journal, run_qosflood

pytestmark = pytest.mark.e2e

TOKEN = "s3cr3t-7f/3kQ+x9Zw=Lp0"
KEY = "k3y-5f0a_2b7c9d1e"
PIECES = (TOKEN[:9], TOKEN[-9:], KEY[:9], KEY[-9:], "s3cr3t%2D7f", "s3cr3t-7f%2F3kQ")
HEADERS = ("--header", "Authorization=env:PLANTED_TOKEN")


class Echo(ThreadingHTTPServer):
    """Echoes the secrets it was sent, in a way of its own for each report and scrape."""

    daemon_threads = True

    def __init__(self, refuses: bool) -> None:
        super().__init__(("127.0.0.1", 0), _EchoHandler)
        self.refuses = refuses
        self.seen: set[tuple[str | None, str | None]] = set()
        self.reports = itertools.count()
        self.scrapes = itertools.count()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"


class _EchoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Echo

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        authorization, key = self._secrets()
        number = next(self.server.reports)
        if self.server.refuses:
            self._answer(422, f"{authorization} {key}")
        elif number % 8 == 0:
            self._answer(202, "{}")
        elif number % 8 == 1:
            self._answer(500, f"token {TOKEN} key {key}")
        elif number % 8 == 2:  # cut within the secret by whoever keeps 512 bytes
            self._answer(502, "x" * 490 + f"{authorization}")
        elif number % 8 == 3:
            self._answer(503, json.dumps({"got": authorization}).replace("/", "\\/"))
        elif number % 8 == 4:
            self._answer(400, "?a=" + "Bearer%20s3cr3t-7f%2F3kQ%2Bx9Zw%3DLp0")
        elif number % 8 == 5:
            self.wfile.write(f"HTTP/1.1 {authorization} {key}\r\n\r\n".encode())
            self.close_connection = True
        elif number % 8 == 6:
            self.wfile.write(f"{TOKEN}\r\n{key}\r\n".encode())
            self.close_connection = True
        else:
            self.wfile.write(f"HTTP/1.1 202 OK\r\nX-{TOKEN} no colon\r\n\r\n".encode())
            self.close_connection = True

    def do_GET(self) -> None:
        authorization, key = self._secrets()
        number = next(self.server.scrapes) % 5
        if number == 1:
            self._answer(200, f'up{{token="{TOKEN}" 1\n', "text/plain; version=0.0.4")
        elif number == 2:
            self._answer(200, "up 1\n", f"text/{key}")
        elif number == 3:
            self._answer(500, f"{authorization} {key}")
        elif number == 4:
            self.wfile.write(f"HTTP/1.1 200 OK\r\nX-{TOKEN}: {key}\r\nbad {key}\r\n\r\n".encode())
            self.close_connection = True
        else:
            self._answer(200, f'up{{token="{TOKEN}"}} 1\n' * 2, "text/plain; version=0.0.4")

    def _secrets(self) -> tuple[str, str]:
        sent = self.headers["Authorization"], self.headers["X-Key"]
        self.server.seen.add(sent)
        return str(sent[0]), str(sent[1])

    def _answer(self, status: int, body: str, kind: str = "application/json") -> None:
        self.send_response(status, f"told {TOKEN}")
        self.send_header("Content-Type", kind)
        self.send_header("X-Echo", f"Bearer {TOKEN}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


@contextlib.contextmanager
def echo(*, refuses: bool = False) -> Iterator[Echo]:
    """An echoing target in a thread."""
    with Echo(refuses) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options that send both secrets: one from the environment, one from a file."""
    monkeypatch.setenv("PLANTED_TOKEN", f"Bearer {TOKEN}")
    (tmp_path / "key").write_text(f"{KEY}\n")
    return *HEADERS, "--header", f"X-Key=file:{tmp_path / 'key'}"


def assert_clean(text: str, where: str) -> None:
    found = [piece for piece in PIECES if piece in text]
    assert not found, f"{where} holds {found}"


def assert_all_clean(done: Finished, run_dir: Path) -> None:
    assert_clean(done.out, "standard output")
    assert_clean(done.err, "standard error")
    for file in run_dir.rglob("*"):
        assert_clean(file.read_text(encoding="utf-8", errors="replace"), file.name)


def test_no_output_of_a_flood_holds_a_secret_that_the_target_echoes(
    tmp_path: Path, secrets: tuple[str, ...]
) -> None:
    with (
        echo() as target,
        flooding(tmp_path / "a", "--no-live", *secrets, "--target", target.url) as shown,
        flooding(tmp_path / "b", "--json", *secrets, "--target", target.url) as as_json,
    ):
        for flood in (shown, as_json):
            done = flood.finish()
            flood.wait_until_gone()
            assert done.code == 1
            assert_all_clean(done, flood.run_dir)
        assert target.seen == {(f"Bearer {TOKEN}", KEY)}
    for flood in (shown, as_json):
        kept = (flood.run_dir / "failures.jsonl").read_text()
        assert kept.count("***") > 20
    reasons = {
        str(scrape["reason"])
        for flood in (shown, as_json)
        for scrape in read_journal(flood.run_dir, "scrape")
    }
    assert len(reasons) >= 4


def test_no_output_of_a_run_that_cannot_start_holds_a_secret(
    tmp_path: Path, secrets: tuple[str, ...]
) -> None:
    with echo(refuses=True) as target:
        where = (*secrets, "--target", target.url)
        for args in (
            ("run", *SMALL, "--verbose", "--out", str(tmp_path / "run"), *where),
            ("doctor", *where),
            ("run", "--dry-run", *where),
        ):
            done = run_qosflood(*args)
            assert done.returncode == (0 if "--dry-run" in args else 2)
            assert "***" in done.stdout + done.stderr or args[0] == "doctor"
            assert_clean(done.stdout, f"{args[0]}: standard output")
            assert_clean(done.stderr, f"{args[0]}: standard error")
        assert target.seen == {(f"Bearer {TOKEN}", KEY)}
    assert not (tmp_path / "run").exists()
