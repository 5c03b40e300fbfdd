"""A profile and the command line's options to a Plan. Pure.

`plan.py` holds the values, because a shard imports them and must not pay for pydantic; this room
builds them.
"""

from qosflood.base.units import format_utc
from qosflood.resolve.address import (
    needs_consent,
    wanted_endpoint,
    wants_all_addresses,
    with_target_port,
)
from qosflood.resolve.build import resolve
from qosflood.resolve.describe import Row, describe
from qosflood.resolve.options import Options, PartOf, Peak, allowed_targets, parse_part, parse_peak
from qosflood.resolve.watching import as_watch, lifted

__all__ = [
    "Options",
    "PartOf",
    "Peak",
    "Row",
    "allowed_targets",
    "as_watch",
    "describe",
    "format_utc",
    "lifted",
    "needs_consent",
    "parse_part",
    "parse_peak",
    "resolve",
    "wanted_endpoint",
    "wants_all_addresses",
    "with_target_port",
]
