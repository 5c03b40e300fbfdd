"""One row of a plan in words. Pure."""

from typing import NamedTuple

from qosflood.plan.plan import Plan


class Row(NamedTuple):
    """One line of a plan; `source` is empty for what follows from other rows."""

    label: str
    value: str
    source: str


def source_of(plan: Plan, key: str) -> str:
    """Where the value of that key path came from; empty where nothing says."""
    return plan.sources.get(key, "")
