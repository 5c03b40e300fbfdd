"""A session's identity as a pure function of its number."""

from dataclasses import dataclass

from qosflood.load.schedule.draws import Purpose, bits
from qosflood.plan.report import Report

_SSRCS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client reports about itself; `seed` is that of its draws."""

    session_id: str
    production_id: str
    line_id: str
    bridge_id: str
    direction: str
    number: int
    session: int
    seed: int

    @property
    def ssrc(self) -> int:
        """Of the stream it sends; never 0."""
        return bits(self.seed, Purpose.STREAM, self.number, 2 * self.session) % _SSRCS + 1

    @property
    def remote_ssrc(self) -> int:
        """Of the stream it receives."""
        return bits(self.seed, Purpose.STREAM, self.number, 2 * self.session + 1) % _SSRCS + 1

    @property
    def uuid(self) -> str:
        """Random as RFC 9562's version 4, but drawn by seed, client and session."""
        high, low = (
            bits(self.seed, Purpose.IDENTITY, self.number, 2 * self.session + half)
            for half in (0, 1)
        )
        text = f"{high & ~0xF000 | 0x4000:016x}{low & ~(3 << 62) | 1 << 63:016x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def identity(prefix: str, report: Report, number: int, session: int = 0, seed: int = 0) -> Identity:
    """The identity of client `number` in its `session`-th session.

    Lines belong to productions, and one line always meets the same bridge, as with the
    reference system's hash of the line; directions alternate.
    """
    line = number % report.lines
    return Identity(
        session_id=f"{prefix}{number}-{session}",
        production_id=f"production-{line % report.productions}",
        line_id=f"line-{line}",
        bridge_id=f"bridge-{line % report.bridges}",
        direction="ingress" if number % 2 == 0 else "egress",
        number=number,
        session=session,
        seed=seed,
    )
