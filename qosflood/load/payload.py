"""A report's bytes: request head and JSON body, each body unique.

Bodies are put together from pieces that orjson encoded beforehand: a client's constant fields,
an interval's figures. That halves the cost of encoding a dictionary for each report, and a
client's share of memory.
"""

from collections.abc import Callable, Mapping

import orjson

from qosflood.load.figures import LAST, Figures, Path
from qosflood.load.population import Identity, identity
from qosflood.plan import Plan

RequestWriter = Callable[[bytes, Path, int, int], bytes]
"""Head and body of one report, from a client's template, the path it walks, its turn (which picks
the path's figures of this interval) and the time of observation in epoch milliseconds."""


class RequestBuilder:
    """Builds the HTTP/1.1 requests of one plan. `headers` are the resolved extra headers."""

    def __init__(self, plan: Plan, headers: dict[str, str]) -> None:
        self._plan = plan
        self._figures = Figures(plan.networks, plan.seed)
        path = plan.target.base_path + plan.report.path
        lines = [
            f"{plan.report.method} {path} HTTP/1.1",
            f"Host: {plan.target.netloc}",
            f"User-Agent: {plan.user_agent}",
            "Accept: */*",
            f"Content-Type: {plan.report.content_type}",
            *(["Connection: close"] if plan.report.connection == "per-report" else []),
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._head = "\r\n".join(lines).encode("latin-1") + b"\r\nContent-Length: "

    def session_id(self, number: int, session: int = 0) -> str:
        """The id of the `session`-th session of client `number`."""
        return self._identity(number, session).session_id

    def template(self, number: int, session: int = 0) -> bytes:
        """The constant fields of a session's body, up to where a writer goes on."""
        who = self._identity(number, session)
        return _open_object(
            {
                "sessionId": who.session_id,
                "bridgeId": who.bridge_id,
                "productionId": who.production_id,
                "lineId": who.line_id,
                "direction": who.direction,
            }
        )

    def walk(self, number: int) -> tuple[Path, int]:
        """The path that client `number` walks, and its turn before the first report."""
        return self._figures.walk(number)

    def _identity(self, number: int, session: int) -> Identity:
        return identity(self._plan.session_prefix, self._plan.report, number, session)

    def writer(self) -> RequestWriter:
        """The function that builds a request; a closure, because it runs for every report."""
        heads: dict[int, bytes] = {}
        prefix = self._head
        stamp_ms, stamp = -1, b""

        def request(template: bytes, path: Path, turn: int, observed_ms: int) -> bytes:
            nonlocal stamp_ms, stamp
            if observed_ms != stamp_ms:
                stamp_ms, stamp = observed_ms, b',"observedAt":%d}' % observed_ms
            figures = path[turn & LAST]
            size = len(template) + len(figures) + len(stamp)
            head = heads.get(size)
            if head is None:
                head = heads[size] = prefix + b"%d\r\n\r\n" % size
            return b"".join((head, template, figures, stamp))

        return request


def _open_object(fields: Mapping[str, str | float]) -> bytes:
    """A JSON object with a comma where its closing brace was, to be gone on with."""
    return orjson.dumps(fields)[:-1] + b","
