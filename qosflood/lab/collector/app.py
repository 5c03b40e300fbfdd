"""The collector's HTTP interface: which request does what, and what it answers.

Made to be derived from: a variant that leaks memory, loses reports, freezes or answers falsely
overrides `make_state`, `accept_report`, `pause` or single handlers, and adds routes in `routes`.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from qosflood.lab.collector import metrics, validation, wire
from qosflood.lab.collector.bridges import BridgeError, Bridges, InternalBridges, RemoteBridges
from qosflood.lab.collector.options import CollectorOptions, read_token
from qosflood.lab.collector.sip import InternalSip, RemoteSip, SipController, SipError
from qosflood.lab.collector.state import State
from qosflood.lab.collector.wire import RefusedError


class ServiceBucket:
    """Returns the finish times of a single server that needs `service_ns` per report.

    Reports are served in the order in which they are admitted. Idle time is not saved up:
    the capacity is 1e9 / service_ns reports per second, whatever happened before.
    """

    def __init__(self, service_ns: int) -> None:
        self.service_ns = service_ns
        self._free_at_ns = 0

    def admit(self, now_ns: int) -> int:
        """The moment at which a report that arrives at `now_ns` has been served."""
        self._free_at_ns = max(now_ns, self._free_at_ns) + self.service_ns
        return self._free_at_ns


Handler = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
_ACCEPTED = b'{"status":"accepted"}'
_SDP = (
    "v=0\r\no=- {number} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\n"
)
log = logging.getLogger("qosflood.lab.collector")


class App:
    """Answers requests for one collector; make it, `start` it on the loop, `close` it there.

    Raises StartError if the token's source cannot be read.
    """

    def __init__(self, options: CollectorOptions) -> None:
        self.options = options
        self.state = self.make_state()
        self.bucket = ServiceBucket(options.service_time_ns) if options.service_time_ns else None
        self.bridges: Bridges = InternalBridges()
        self.sip: SipController = InternalSip()
        self._process = metrics.ProcessProbe()
        self._http: aiohttp.ClientSession | None = None
        self._token = read_token(options.token)
        self._exact, self._by_parent = _split_routes(self.routes())

    def make_state(self) -> State:
        """The state this collector starts with."""
        return State(self.options.session_ttl_ns)

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path; a path that ends in `/{}` takes one segment more."""
        return {
            ("POST", "/api/v1/metrics/qos"): self.post_report,
            ("GET", "/api/v1/metrics/qos"): self.get_samples,
            ("GET", "/metrics"): self.get_metrics,
            ("POST", "/api/v1/production"): self.post_production,
            ("POST", "/api/v1/session"): self.post_session,
            ("GET", "/api/v1/heartbeat/{}"): self.get_heartbeat,
            ("DELETE", "/api/v1/session/{}"): self.delete_session,
            ("POST", "/api/v1/sip/dial"): self.post_dial,
            ("DELETE", "/api/v1/sip/call/{}"): self.delete_call,
            ("GET", "/api/v1/sip/health"): self.get_sip_health,
        }

    async def start(self) -> None:
        """Open the HTTP client for bridges and controller, and begin to probe."""
        options = self.options
        if options.bridges or options.sip:
            # limit=0: an answer that never comes must not take the place of one that would.
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout()
            )
            if options.bridges:
                self.bridges = RemoteBridges(options.bridges, options.probe_interval_ns, self._http)
            if options.sip:
                self.sip = RemoteSip(options.sip, self._http)
        self.bridges.start()

    async def close(self) -> None:
        """Stop probing and close the HTTP client."""
        await self.bridges.close()
        if self._http is not None:
            await self._http.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            self._authorize(request)
            handler = self._exact.get((request.method, request.rel_url.raw_path))
            if handler is not None:
                return await handler(request, "")
            return await self._handle_by_parent(request)
        except RefusedError as refused:
            return wire.error_reply(refused)
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            return wire.error_reply(RefusedError(500, str(error)))

    async def post_report(self, request: web.BaseRequest, _: str) -> web.StreamResponse:
        """Take one QoS report."""
        report = _shaped(await wire.read_json(request), validation.QOS_REPORT)
        if self.bucket is not None:
            now_ns = self.state.clock.now_ns()
            await self.pause(self.bucket.admit(now_ns) - now_ns)
        self.accept_report(report)
        return wire.raw_json_reply(_ACCEPTED, 202)

    def accept_report(self, report: dict[str, Any]) -> None:
        """Keep a report that is valid and has been served."""
        self.state.record(report)

    async def pause(self, ns: int) -> None:
        """Let `ns` nanoseconds pass for this request alone; the loop's timers tick in ms."""
        await asyncio.sleep(ns / 1e9)

    async def get_samples(self, _request: web.BaseRequest, _: str) -> web.StreamResponse:
        """Every session's last sample, and their means."""
        means = self.state.aggregates()
        aggregates = {
            "averageMos": means.mos,
            "averagePacketLoss": means.packet_loss,
            "averageRtt": means.rtt_ms,
            "sampleCount": means.count,
        }
        return wire.json_reply({"samples": self.state.snapshot(), "aggregates": aggregates})

    async def get_metrics(self, request: web.BaseRequest, _: str) -> web.StreamResponse:
        """The page for Prometheus."""
        page = metrics.render_page(
            self.state.aggregates(),
            self.state.reports_total,
            self.bridges.bridges,
            self._process.read(),
        )
        return wire.page_reply(request, page, metrics.CONTENT_TYPE)

    async def post_production(self, request: web.BaseRequest, _: str) -> web.StreamResponse:
        """Create a production with its lines."""
        body = await wire.read_json(request)
        try:
            production = validation.shape_production(body)
        except validation.ShapeError as error:
            raise _bad_shape(error) from None
        number = self.state.create_production(len(production["lines"]))
        return wire.json_reply({"name": production["name"], "productionId": number})

    async def post_session(self, request: web.BaseRequest, _: str) -> web.StreamResponse:
        """Join a line, over the bridge it lands on."""
        body = _shaped(await wire.read_json(request), validation.NEW_SESSION)
        try:
            await self._make_room(body["productionId"], body["lineId"])
        except BridgeError as error:
            problem = f"Exception thrown when trying to create endpoint: Error: {error}"
            return wire.text_reply(problem, 500)
        session = self.state.join()
        sdp = _SDP.format(number=len(self.state.joined))
        return wire.json_reply({"sessionId": session, "sdp": sdp}, 201)

    async def _make_room(self, production: str, line: str) -> None:
        if not self.state.has_line(production, line):
            raise BridgeError(f"line {line} of production {production} not found")
        await self.bridges.create_conference(line)

    async def get_heartbeat(self, _request: web.BaseRequest, session: str) -> web.StreamResponse:
        """Keep a session alive."""
        if self.state.heartbeat(session):
            return wire.text_reply("ok")
        return wire.text_reply(f'User session id "{session}" not found.', 410)

    async def delete_session(self, _request: web.BaseRequest, session: str) -> web.StreamResponse:
        """End the session; status 500 for one that is not there, as the original answers."""
        if self.state.leave(session):
            return wire.text_reply(f"Deleted connection {session}")
        problem = f"Error: Could not delete connection {session}"
        return wire.text_reply(f"Exception thrown when trying to delete connection: {problem}", 500)

    async def post_dial(self, request: web.BaseRequest, _: str) -> web.StreamResponse:
        """Dial a number into a conference."""
        call = _shaped(await wire.read_json(request), validation.DIAL)
        try:
            return wire.json_reply(await self.sip.dial(call), 202)
        except SipError as error:
            raise RefusedError(500, str(error)) from None

    async def delete_call(self, _request: web.BaseRequest, call_id: str) -> web.StreamResponse:
        """Hang up."""
        try:
            await self.sip.hang_up(call_id)
        except SipError as error:
            raise RefusedError(500, str(error)) from None
        return web.Response(status=204)

    async def get_sip_health(self, _request: web.BaseRequest, _: str) -> web.StreamResponse:
        """The controller's health; the status is 200 either way."""
        return wire.json_reply({"healthy": await self.sip.healthy()})

    def _authorize(self, request: web.BaseRequest) -> None:
        if self._token is None:
            return
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            raise RefusedError(401, "Expected the header Authorization: Bearer <token>")

    async def _handle_by_parent(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path.rstrip("/")
        handler = self._exact.get((request.method, path))
        if handler is not None:
            return await handler(request, "")
        parent, _, segment = path.rpartition("/")
        handler = self._by_parent.get((request.method, parent))
        if handler is None or not segment:
            raise RefusedError(404, f"Route {request.method}:{request.path_qs} not found")
        return await handler(request, unquote(segment))


def _split_routes(
    routes: dict[tuple[str, str], Handler],
) -> tuple[dict[tuple[str, str], Handler], dict[tuple[str, str], Handler]]:
    """Routes of fixed paths, and routes with a variable last segment by the path before it."""
    exact: dict[tuple[str, str], Handler] = {}
    by_parent: dict[tuple[str, str], Handler] = {}
    for (method, path), handler in routes.items():
        table = by_parent if path.endswith("/{}") else exact
        for served in (method, "HEAD") if method == "GET" else (method,):
            table[served, path.removesuffix("/{}")] = handler
    return exact, by_parent


def _shaped(body: Any, fields: tuple[validation.Field, ...]) -> dict[str, Any]:
    try:
        return validation.shape(body, fields)
    except validation.ShapeError as error:
        raise _bad_shape(error) from None


def _bad_shape(error: validation.ShapeError) -> RefusedError:
    return RefusedError(400, str(error), code="FST_ERR_VALIDATION")
