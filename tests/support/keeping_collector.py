"""A collector in this process that accepts every report and keeps it whole."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kept:
    """One report as it arrived; header names in lower case."""

    method: str
    location: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Keeping:
    """Where it listens, and all it has received."""

    port: int
    reports: list[Kept] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def keeping(status: int = 200) -> Iterator[Keeping]:
    """Accepts with `status`; anything but a report is answered with an empty page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            kept.reports.append(Kept(self.command, self.path, names, body))
            self._answer(status)

        def do_GET(self) -> None:
            self._answer(200)

        def _answer(self, code: int) -> None:
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.send_header("Content-Type", "text/plain")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        kept = Keeping(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
