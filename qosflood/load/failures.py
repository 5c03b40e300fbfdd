"""Samples of failed reports: the first 20 and the last 5 of each kind."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from qosflood.journal.records import FIRST, LAST, FailureSample, Outcome
from qosflood.load.http1 import Response

KINDS = 64
"""Kinds beyond this many are kept as one, so that a target that invents reasons costs nothing."""


class Failed(NamedTuple):
    """How a report of client `number`'s `session` failed; times are monotonic."""

    outcome: Outcome
    reason: str
    phase: str
    number: int
    session: int
    due_ns: int
    sent_ns: int | None
    done_ns: int
    response: Response | None


class FailureSampler:
    """Emits the first failures of a kind as they come, and keeps the last for the end.

    `session_id` names a client's session; `redact` takes secrets out of the target's answer
    (it may echo our headers). Times given are monotonic, samples count from `zero_ns`.
    """

    def __init__(
        self,
        shard: int,
        zero_ns: int,
        session_id: Callable[[int, int], str],
        redact: Callable[[str], str],
        emit: Callable[[FailureSample], None],
    ) -> None:
        self._shard = shard
        self._zero_ns = zero_ns
        self._session_id = session_id
        self._redact = redact
        self._emit = emit
        self._counts: dict[str, int] = {}
        self._last: dict[str, deque[tuple[str, Failed, str | None, str | None]]] = {}

    def note(self, failed: Failed, transport: Any) -> None:
        """A report failed; `transport` is its connection, if there was one."""
        kind = f"{failed.outcome.label}: {failed.reason}"
        if kind not in self._counts and len(self._counts) >= KINDS:
            kind = "other"
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        facts = (kind, failed, _address(transport, "sockname"), _address(transport, "peername"))
        if count <= FIRST:
            self._emit(self._made(*facts))
        else:
            self._last.setdefault(kind, deque(maxlen=LAST)).append(facts)

    def flush(self) -> None:
        """Emit the last failures of each kind."""
        for kept in self._last.values():
            for facts in kept:
                self._emit(self._made(*facts))
        self._last.clear()

    def _made(
        self, kind: str, failed: Failed, local: str | None, remote: str | None
    ) -> FailureSample:
        response = failed.response
        return FailureSample(
            t=failed.done_ns - self._zero_ns,
            shard=self._shard,
            kind=kind,
            outcome=failed.outcome.label,
            phase=failed.phase,
            client=failed.number,
            session=self._session_id(failed.number, failed.session),
            local=local,
            remote=remote,
            status=(response.status or None) if response else None,
            error=None if failed.outcome is Outcome.REJECTED else failed.reason,
            due_t=failed.due_ns - self._zero_ns,
            sent_t=None if failed.sent_ns is None else failed.sent_ns - self._zero_ns,
            done_t=failed.done_ns - self._zero_ns,
            head=self._text(response.head) if response else None,
            body=self._text(response.body[:512]) if response else None,
        )

    def _text(self, raw: bytes) -> str:
        return self._redact(raw.decode("utf-8", "backslashreplace"))


def _address(transport: Any, which: str) -> str | None:
    """One end of the connection; after a reset the kernel knows no peer any more."""
    try:
        name = None if transport is None else transport.get_extra_info(which)
    except OSError:
        return None
    if not isinstance(name, tuple) or len(name) < 2:
        return None
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
