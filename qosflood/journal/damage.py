"""What no record holds, whatever its types say: the sign of a damaged line. Pure.

A flipped bit may leave JSON that can be read, and a number or a histogram in it that costs all the
memory there is, or every histogram that it is added to.
"""

import binascii
import zlib

from qosflood.journal.records import JournalRecord, Latency, Rollup, Segment, Window

MOST_T_NS = 2**62
MOST_SECONDS = 10 * 366 * 86_400
MOST_SHARDS = 4096
MOST_COUNT = 2**40
"""More than any machine sends in a second."""
_SERIES = ("response", "service", "failed", "send_lag")
_COUNTS = ("scheduled", "picked_late", "offered", "resent", "reconnects", "retries")
_DICTS = ("outcomes", "statuses", "errors", "retried")
_COOKIE_BYTES = 8
_MOST_BYTES = 24_576 * 9
"""Of a histogram of our range: as many counters, of at most so many bytes."""


def check_record(record: JournalRecord) -> None:
    """Raise ValueError for a record that nobody can have written."""
    _within("t", record.t, MOST_T_NS)
    if isinstance(record, Segment):
        _within("wall_ns", record.wall_ns, MOST_T_NS)
    if isinstance(record, Window):
        _check_window(record)
    if isinstance(record, Window | Rollup):
        for series in _SERIES:
            _check_latency(series, getattr(record, series))


def _check_window(window: Window) -> None:
    _within("second", window.second, MOST_SECONDS)
    _within("shard", window.shard, MOST_SHARDS)
    for name in _COUNTS:
        _within(name, getattr(window, name), MOST_COUNT)
    for name in _DICTS:
        for key, count in getattr(window, name).items():
            _within(f"{name}.{key}", count, MOST_COUNT)


def _within(name: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise ValueError(f"{name}: got {value}, expected 0 to {most}")


def _check_latency(series: str, latency: Latency | None) -> None:
    """The histogram's own checksum, without reading its counters, which would take far longer."""
    if latency is None:
        return
    _within(f"{series}.count", latency.count, MOST_COUNT)
    try:
        packed = binascii.a2b_base64(latency.encoded)[_COOKIE_BYTES:]
        whole = len(packed) <= _MOST_BYTES and zlib.decompress(packed)
    except (binascii.Error, zlib.error, ValueError):
        whole = b""
    if not whole:
        raise ValueError(f"{series}: its histogram is damaged")
