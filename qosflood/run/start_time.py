"""The moment at which the parts of a run begin, by this machine's UTC."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from qosflood.base.errors import StartError
from qosflood.base.units import SECOND, format_duration


async def wait_for(
    start_at_ns: int, lead_ns: int, stop: "asyncio.Future[Any]", show: Callable[[int], None]
) -> tuple[int, int]:
    """Wait until `lead_ns` before the moment, or until `stop`; monotonic time and UTC, read
    together then. `show` gets what is left, once a second at most.

    Raises StartError if the moment has passed already: a part that begins late is another run.
    """
    refuse_past(start_at_ns, time.time_ns(), "when this part was ready")
    while (left_ns := start_at_ns - time.time_ns()) > lead_ns and not stop.done():
        # A terminal that went away does not end the run.
        with contextlib.suppress(OSError):
            show(left_ns)
        # UTC may be set meanwhile, so no wait is long.
        await asyncio.wait([stop], timeout=min(left_ns - lead_ns, SECOND) * 1e-9)
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    if not stop.done():
        refuse_past(start_at_ns, wall_ns, "when the wait for it ended")
    return now_ns, wall_ns


def refuse_past(start_at_ns: int, wall_ns: int, when: str = "") -> None:
    """Raise StartError if a part's start lies before `wall_ns`: it would run late."""
    if wall_ns > start_at_ns:
        ago = format_duration(wall_ns - start_at_ns)
        raise StartError(
            f"--start-at was {ago} ago{' ' + when if when else ''}; give every part at least 10 s"
        )
