"""Sessions and connections over a run, as shards would have counted them."""

from collections.abc import Callable
from dataclasses import replace

from record_maker import health, window

from qosflood.analysis.population import Population

Counted = Callable[[int], float | None]


def population(
    begun: Counted,
    until_s: int,
    connected: Counted = lambda _second: 1000,
    acked: Counted | None = None,
) -> Population:
    """Counts at the end of each second up to `until_s`, each a function of the seconds since the
    load's start; `begun` None: no shard reported any. By default every session that began had a
    report accepted, over connections that were all open before."""
    made, like = Population(), window(0, "flood")
    for second in range(until_s):
        sessions = begun(second + 1)
        if sessions is None:
            continue
        counted = sessions if acked is None else acked(second + 1)
        of_shard = {
            "health": health(connected=round(connected(second + 1) or 0)),
            "sessions": round(sessions),
            "acked_sessions": None if counted is None else round(counted),
        }
        made.add(replace(like, second=second, **of_shard))
    return made
