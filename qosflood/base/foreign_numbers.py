"""Numbers that a target and its surroundings report, as ours: finite, of a size that exists. Pure.

A page may hold NaN, infinity or 1e300 wherever a size, a time or a count is expected. Such a value
is the oddity of whoever reported it: it is read here as not measured, and its reader names it.
"""

LATEST_NS = 2**62
"""In the year 2116: of a moment in nanoseconds since the epoch."""
MOST = 2**53
"""Up to here a float is exact: 8 PiB, 104 days in nanoseconds, 285,000 years in milliseconds."""


def is_count(value: float) -> bool:
    """Whether it is from 0 to `MOST`, which NaN and infinity are not."""
    return 0 <= value <= MOST


def whole_number(value: float | None, unit: float = 1, most: int = MOST) -> int | None:
    """The value times `unit` as a whole number from 0 to `most`; None if it is none."""
    if value is None:
        return None
    try:
        product = value * unit
    except OverflowError:  # a whole number that no float holds
        return None
    return round(product) if 0 <= product <= most else None
