"""The live page's server: static files, one stream of events, and two POST requests.

Everything lies below `/<token>/`; any other path is answered 403 without a reason.
"""

import asyncio
import gzip
import re
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from importlib import resources
from pathlib import Path

import orjson
from aiohttp import ClientConnectionResetError, web

from qosflood.base.listen import Address
from qosflood.live.door import Door, Handler
from qosflood.live.web.guard import HEADERS, PAGE_POLICY, REPORT_POLICY, TOKEN_BYTES, Guard
from qosflood.live.web.page import LivePage, RefusedError
from qosflood.report.html.assets import plotly_script, text_of

MOST_STREAMS = 32
MOST_CONNECTIONS = 200
_LARGEST_BODY = 4096
_PATIENCE_S = 60.0
"""A stream that takes no bytes for this long is ended; the browser reconnects when it wakes."""
_BEAT_S = 15.0
"""A stream checks this often whether the browser is still connected."""
_LINGER_STEP_S = 0.05
_HTML = "text/html"
_STYLE_IDS = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
_CACHED = {"Cache-Control": "private, max-age=86400, immutable"}
_FRESH = {"Cache-Control": "no-store"}


class PageServer:
    """Serves one LivePage on one socket."""

    def __init__(self, page: LivePage, address: Address, report: Path) -> None:
        self._page = page
        self._address = address
        self._report = report
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self._guard = Guard(self._token, address)
        self._plotly: asyncio.Task[bytes] | None = None
        self._door: Door | None = None
        self._streams = 0
        self._closing = False
        self._let_go = False

    async def start(self, taken: socket.socket) -> str:
        """Serve on a socket that listens already; the page's URL."""
        app = web.Application(middlewares=[self._check], client_max_size=_LARGEST_BODY)
        app.add_routes(
            [
                web.get("/{token}/", self._html),
                web.get("/{token}/page.css", self._css),
                web.get(r"/{token}/{name:(page|charts|axes|limits|track)\.js}", self._js),
                web.get("/{token}/plotly.js", self._script),
                web.get("/{token}/events", self._events),
                web.get("/{token}/report.html", self._report_html),
                web.post("/{token}/stop", self._stop),
                web.post("/{token}/mark", self._mark),
            ]
        )
        self._door = Door(app, MOST_CONNECTIONS, shutdown_s=0.5)
        await self._door.open(taken)
        host = socket.gethostname() if self._address.host in ("0.0.0.0", "::") else None
        shown = Address(host or self._address.host, taken.getsockname()[1])
        return f"http://{shown}/{self._token}/"

    async def close(self) -> None:
        """End all streams with a `gone` event, and stop serving."""
        self._closing = True
        if self._door is not None:
            self._door.shut()
        self._page.ring.wake()
        if self._plotly is not None:
            with suppress(Exception):
                await self._plotly
        if self._door is not None:
            await self._door.close()

    def let_go(self) -> None:
        """Stop waiting for open pages."""
        self._let_go = True

    async def linger(self, patience_s: float) -> None:
        """Wait until every page has fetched the report and disconnected, at most `patience_s`."""
        for _ in range(round(patience_s / _LINGER_STEP_S)):
            if self._let_go or not self._streams:
                return
            await asyncio.sleep(_LINGER_STEP_S)

    # Access.

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.path.removeprefix("/").partition("/")[0]  # `*` is a path too
        known = self._guard.knows(token) and self._guard.expects(request.headers.get("Host", ""))
        if not known or (request.method == "POST" and not self._guard.may_write(request.headers)):
            return web.Response(status=403, text="forbidden\n", headers=HEADERS | _FRESH)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return web.Response(
                status=error.status, text=f"{error.reason}\n", headers=HEADERS | _FRESH
            )
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    # Files.

    async def _html(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": PAGE_POLICY, **_FRESH}
        return web.Response(text=_text("page.html"), content_type=_HTML, headers=headers)

    async def _css(self, _: web.Request) -> web.StreamResponse:
        style = text_of("common.css") + _text("page.css") + _text("widths.css")
        return web.Response(text=style, content_type="text/css", headers=_FRESH)

    async def _js(self, request: web.Request) -> web.StreamResponse:
        script = _text(request.match_info["name"])
        return web.Response(text=script, content_type="text/javascript", headers=_FRESH)

    async def _script(self, request: web.Request) -> web.StreamResponse:
        """plotly's script, compressed once, in a thread, to delay none of the run's records."""
        if self._plotly is None:
            self._plotly = asyncio.create_task(asyncio.to_thread(_compressed_plotly))
        packed = await asyncio.shield(self._plotly)
        headers = {"Content-Type": "text/javascript; charset=utf-8", **_CACHED}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            plain = await asyncio.to_thread(gzip.decompress, packed)
            return web.Response(body=plain, headers=headers)
        return web.Response(body=packed, headers={**headers, "Content-Encoding": "gzip"})

    async def _report_html(self, _: web.Request) -> web.StreamResponse:
        """The report. Browsers may cache it, to show it after the command has ended."""
        if self._page.state.over is None or not self._report.exists():
            raise web.HTTPNotFound
        body = await asyncio.to_thread(self._report.read_bytes)
        headers = {"Content-Security-Policy": REPORT_POLICY, **_CACHED}
        return web.Response(body=body, content_type=_HTML, charset="utf-8", headers=headers)

    # The stream of events.

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._streams >= MOST_STREAMS or self._closing:
            raise web.HTTPServiceUnavailable
        headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers | HEADERS | _FRESH)
        self._streams += 1
        try:
            await response.prepare(request)
            await self._stream(request, response, _last_seen(request))
        except (ClientConnectionResetError, ConnectionResetError):
            pass
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._streams -= 1
        return response

    async def _stream(
        self, request: web.Request, response: web.StreamResponse, seen: int | None
    ) -> None:
        ring = self._page.ring
        while not self._closing:
            new = None if seen is None else ring.after(seen)
            if new is None:
                seen, whole = self._page.snapshot()
                await _write(response, event("snapshot", str(seen), whole))
            for seen, message in new or ():
                await _write(response, event("more", str(seen), message))
            if not new:
                await ring.wait(_LINGER_STEP_S if self._page.state.over else _BEAT_S)
                if request.transport is None or request.transport.is_closing():
                    return
        await _write(response, event("gone", "", b"{}"))

    # Requests of the page.

    async def _stop(self, _: web.Request) -> web.StreamResponse:
        return self._carry_out(self._page.stop)

    async def _mark(self, request: web.Request) -> web.StreamResponse:
        try:
            text = orjson.loads(await request.read())["text"]
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest from None
        return self._carry_out(lambda: self._page.mark(text))

    def _carry_out(self, act: Callable[[], None]) -> web.StreamResponse:
        try:
            act()
        except RefusedError as refused:
            return web.Response(status=409, text=f"{refused}\n", headers=_FRESH)
        return web.Response(status=204, headers=_FRESH)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        await response.write(data)


def event(name: str, number: str, data: bytes) -> bytes:
    """One server-sent event; `data` is JSON on one line."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode(), number.encode(), data)


def _last_seen(request: web.Request) -> int | None:
    number = request.headers.get("Last-Event-ID", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None


def _text(name: str) -> str:
    return resources.files("qosflood.live.web").joinpath(name).read_text("utf-8")


def _compressed_plotly() -> bytes:
    """plotly's script. A map library in it would add a style, which the policy forbids; it does
    not where an element with the style's id exists, so such elements are added."""
    script = plotly_script()
    ids = sorted(set(_STYLE_IDS.findall(script)))
    placeholders = "".join(
        f'document.head.append(Object.assign(document.createElement("meta"),{{id:"{name}"}}));\n'
        for name in ids
    )
    return gzip.compress((placeholders + script).encode(), compresslevel=6, mtime=0)
