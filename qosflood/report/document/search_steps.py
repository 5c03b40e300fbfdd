"""What to do after a search for capacity. Pure."""

from collections.abc import Iterator

from qosflood.report.document.schema_capacity import Capacity


def search_steps(capacity: Capacity) -> Iterator[str]:
    """The next steps, the most important first."""
    if capacity.confirmed is False:
        yield (
            "search with longer trials: the limit that broke in the longer flood needs more time "
            "to show, e.g. --budget 1h"
        )
    if capacity.ceiling == "generator":
        yield (
            "give the generator more cores (--shards auto), or run it on a machine other than the "
            "target's"
        )
    if capacity.ceiling == "max":
        yield f"look further: {'a higher --max' if capacity.level else 'higher --steps'}"
    if capacity.reason == "budget":
        yield "narrow the interval: a longer --budget, or go on with --resume"
    unknown = capacity.need is not None and capacity.need.met is None
    if unknown and capacity.clients.high is not None:
        yield "the need lies within the interval: search with a smaller --width"
    first = capacity.first
    if first is not None and capacity.ceiling == "target":
        yield f"to carry more, look at what gives first: {first.limit}"
