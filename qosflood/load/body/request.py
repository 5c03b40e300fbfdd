"""A report's bytes: request head and body, each body unique as far as its template is.

Bodies are put together from pieces that were encoded beforehand: a session's, an interval's
figures. That halves the cost of encoding a dictionary for each report, and a client's share of
memory.
"""

import zlib
from collections.abc import Callable
from typing import Any

from qosflood.load.body.figures import LAST, Figures, Path
from qosflood.load.body.identities import Identity, identity
from qosflood.load.body.template import BodyWriter, Concatenated, compile_body
from qosflood.plan.plan import Plan

RequestWriter = Callable[[Any, Path, int, int], bytes]
"""Head and body of one report, from a session's template, the path it walks, its turn (which picks
the path's figures of this interval) and the time of observation in epoch milliseconds. Asked for
one of a session's last turns again, it gives the same bytes."""

GZIP_LEVEL = 1
"""Two thirds of the CPU of level 6 for a 5 KB body of statistics, and 6% more bytes: the generator
is not to be the bottleneck."""
_GZIP = 31
"""zlib's window bits for a gzip stream; its header then holds no time, so it is repeatable."""
_SAMPLE_CLIENTS = 16
_SAMPLE_REPORTS = 8
_SAMPLE_MS = 1_800_000_000_000


class RequestBuilder:
    """Builds the HTTP/1.1 requests of one plan. `headers` are the resolved secret headers."""

    def __init__(self, plan: Plan, headers: dict[str, str]) -> None:
        self._plan = plan
        self._body = compile_body(plan.report)
        self._figures = Figures(plan.networks, plan.seed, self._body.figures)
        self.location = plan.target.base_path + plan.report.location
        self.headers = {
            "Host": plan.target.netloc,
            "User-Agent": plan.user_agent,
            "Accept": "*/*",
            "Content-Type": plan.report.content_type,
            **({"Content-Encoding": "gzip"} if plan.report.gzip else {}),
            **({"Connection": "close"} if plan.report.connection == "per-report" else {}),
            **dict(plan.report.headers),
            **headers,
        }

    def session_id(self, number: int, session: int = 0) -> str:
        """The id of the `session`-th session of client `number`."""
        return self._identity(number, session).session_id

    def template(self, number: int, session: int = 0) -> Any:
        """What is the session's own in its reports, as a writer wants it: its constant fields, and
        the state of its counters."""
        return self._body.session(self._identity(number, session))

    def walk(self, number: int) -> tuple[Path, int]:
        """The path that client `number` walks, and its turn before the first report."""
        return self._figures.walk(number)

    def _identity(self, number: int, session: int) -> Identity:
        plan = self._plan
        return identity(plan.session_prefix, plan.report, number, session, plan.seed)

    def writer(self) -> RequestWriter:
        """The function that builds a request."""
        lines = [
            f"{self._plan.report.method} {self.location} HTTP/1.1",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        prefix = "\r\n".join(lines).encode("latin-1") + b"\r\nContent-Length: "
        if self._plan.report.gzip:
            return _whole(prefix, _gzipped(self._body.writer()))
        if isinstance(self._body, Concatenated):
            return _concatenated(prefix, self._body)
        return _whole(prefix, self._body.writer())


def mean_bytes(plan: Plan) -> int:
    """What a report takes on the wire, head and body, secret headers apart: the mean over some
    clients' reports from the load's start to its end."""
    builder = RequestBuilder(plan, {})
    write = builder.writer()
    sizes = []
    for number in range(_SAMPLE_CLIENTS):
        template, (path, turn) = builder.template(number), builder.walk(number)
        for step in range(_SAMPLE_REPORTS):
            age_ms = step * plan.load_ns // (_SAMPLE_REPORTS - 1) // 1_000_000
            sizes.append(len(write(template, path, turn + 1 + step, _SAMPLE_MS + age_ms)))
    return round(sum(sizes) / len(sizes))


def _concatenated(prefix: bytes, body: Concatenated) -> RequestWriter:
    heads: dict[int, bytes] = {}
    stamp_ms, stamp = -1, b""

    def request(template: bytes, path: Path, turn: int, observed_ms: int) -> bytes:
        nonlocal stamp_ms, stamp
        if observed_ms != stamp_ms:
            stamp_ms, stamp = observed_ms, body.stamp(observed_ms)
        figures = path[turn & LAST]
        size = len(template) + len(figures) + len(stamp)
        head = heads.get(size)
        if head is None:
            head = heads[size] = prefix + b"%d\r\n\r\n" % size
        return b"".join((head, template, figures, stamp))

    return request


def _whole(prefix: bytes, write: BodyWriter) -> RequestWriter:
    def request(template: Any, path: Path, turn: int, observed_ms: int) -> bytes:
        body = write(template, path, turn, observed_ms)
        return b"%b%d\r\n\r\n%b" % (prefix, len(body), body)

    return request


def _gzipped(write: BodyWriter) -> BodyWriter:
    def body(template: Any, path: Path, turn: int, observed_ms: int) -> bytes:
        return zlib.compress(write(template, path, turn, observed_ms), GZIP_LEVEL, _GZIP)

    return body
