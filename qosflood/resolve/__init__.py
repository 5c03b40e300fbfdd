"""A profile and the command line's options to a Plan. Pure.

`plan.py` holds the values, because a shard imports them and must not pay for pydantic; this room
builds them.
"""

from qosflood.resolve.address import needs_consent, wanted_endpoint, with_target_port
from qosflood.resolve.build import resolve
from qosflood.resolve.describe import Row, describe
from qosflood.resolve.options import Options, Peak, allowed_targets, parse_peak

__all__ = [
    "Options",
    "Peak",
    "Row",
    "allowed_targets",
    "describe",
    "needs_consent",
    "parse_peak",
    "resolve",
    "wanted_endpoint",
    "with_target_port",
]
