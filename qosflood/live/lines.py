"""A Snapshot as text: the pieces that the live picture and the plain lines share. Pure."""

from qosflood.analysis.current import Snapshot
from qosflood.base.percentiles import label
from qosflood.base.text import printable
from qosflood.base.units import SECOND, format_bytes, format_count, format_duration

UNKNOWN = "–"


def plain_pieces(snapshot: Snapshot) -> tuple[str, ...]:
    """What a line says of a load: time, phase, rates, latency, errors, memory, scrape, time left,
    and whether the generator is late."""
    return (
        f"{whole_seconds(snapshot.elapsed_ns):>6} {snapshot.phase:<8}",
        f"offered {rate(snapshot.offered)}{retries(snapshot)}",
        f"answered {rate(snapshot.acked)}",
        *percentiles(snapshot),
        f"errors {format_count(sum(snapshot.errors.values()))}",
        *_of_target(snapshot),
        *(["generator late"] if snapshot.late else []),
    )


def watch_pieces(snapshot: Snapshot) -> tuple[str, ...]:
    """What a line says of a watch: time, memory, scrape, time left."""
    return (
        f"{whole_seconds(snapshot.elapsed_ns):>6} {snapshot.phase}",
        *_of_target(snapshot),
    )


def _of_target(snapshot: Snapshot) -> tuple[str, ...]:
    return (
        f"memory {memory(snapshot)}",
        f"scrape {scrape(snapshot)}",
        f"{whole_seconds(snapshot.left_ns)} left",
    )


def percentiles(snapshot: Snapshot) -> list[str]:
    """`p50 1.2ms`, one for each percentile that is shown live."""
    return [f"{label(name)} {duration(ns)}" for name, ns in snapshot.response_ns.items()]


def rate(value: float | None) -> str:
    """`1,000/s`."""
    return UNKNOWN if value is None else f"{format_count(round(value, 1))}/s"


def retries(snapshot: Snapshot) -> str:
    """` + 250/s retries`, nothing where there are none."""
    return f" + {rate(snapshot.retries)} retries" if snapshot.retries else ""


def duration(ns: int | None) -> str:
    """`1.2ms`."""
    return UNKNOWN if ns is None else format_duration(ns)


def size(count: int | None) -> str:
    """`120.3 MiB`."""
    return UNKNOWN if count is None else format_bytes(count)


def whole_seconds(ns: int) -> str:
    """`7m25s`."""
    return format_duration(ns // SECOND * SECOND)


def memory(snapshot: Snapshot, *, limit: bool = False) -> str:
    """`120.3 MiB`, with its `limit` where there is one; of several instances the one that uses
    most."""
    most = snapshot.rss_limit_bytes if limit else None
    of = f" of {size(most)}" if most else ""
    name = snapshot.rss_instance
    return size(snapshot.rss_bytes) + of + (_instance_words(name, "most", snapshot) if name else "")


def scrape(snapshot: Snapshot) -> str:
    """`ok 4ms`, or `failed` with the reason; of several instances the worst one."""
    last = snapshot.scrape
    if last is None:
        return UNKNOWN
    if last.ok:
        return (
            f"ok {duration(last.duration_ns)}{_instance_words(last.instance, 'slowest', snapshot)}"
        )
    reason = printable(last.reason or "unknown", 60)
    return f"failed{_instance_words(last.instance, str(snapshot.failing), snapshot)}: {reason}"


def _instance_words(name: str, which: str, snapshot: Snapshot) -> str:
    if snapshot.instances < 2:
        return ""
    return f" ({printable(name, 40)}, {which} of {snapshot.instances})"


def errors(snapshot: Snapshot) -> str:
    """`none`, or the number of each kind, the commonest first."""
    return ", ".join(error_kinds(snapshot)) or "none"


def error_kinds(snapshot: Snapshot) -> list[str]:
    """`1,234 timeout`, one for each kind, the commonest first."""
    kinds = sorted(snapshot.errors.items(), key=lambda item: -item[1])
    return [f"{format_count(n)} {printable(kind, 40)}" for kind, n in kinds]
