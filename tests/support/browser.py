"""Debian's Chromium, driven by Playwright: opens a page and keeps all that it complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from parts import require, require_chromium

LOCAL = frozenset({"", "127.0.0.1", "localhost"})
"""Hosts a page may ask; files, data and blobs have none."""

_GIVEN_UP = "net::ERR_ABORTED"
"""The page itself closed the request, as it does with a stream it has heard to the end."""
# Refused by name rather than by a route, which would turn the browser's cache off.
_ONLY_HERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
_ARGUMENTS = ["--no-sandbox", f"--host-resolver-rules={_ONLY_HERE}"]


@dataclass
class Seen:
    """What a browser saw of its pages: `problems` are console errors and warnings, uncaught
    errors and failed requests, `outside` the requests that were to leave this machine."""

    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        return [url for url in self.requests if (urlsplit(url).hostname or "") not in LOCAL]

    def listen_to(self, context: Any) -> None:
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("requestfailed", self._failed)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("console", self._said)

    def _failed(self, request: Any) -> None:
        if request.failure == _GIVEN_UP:
            return
        self.problems.append(f"failed: {request.url}: {request.failure}")

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium; `new_context(...)` and `new_page()` are Playwright's own.

    Skips where a part is missing, as `parts.require` does. While it is open this thread cannot
    use asyncio.run, being Playwright's: open it for one module's tests at most.
    """
    program = require_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        require(False, "pip install playwright")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, headless=True, args=_ARGUMENTS)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def watched_page(made: Any, **options: Any) -> Iterator[tuple[Any, Seen]]:
    """A page in a context of its own (`viewport`, `color_scheme`, … as in Playwright) and what was
    seen of it. Names of other machines are not found, and requests to them noted."""
    seen = Seen()
    context = made.new_context(**options)
    try:
        seen.listen_to(context)
        yield context.new_page(), seen
    finally:
        context.close()
