"""Records to write into a journal, and the lines that were."""

from pathlib import Path

from qosflood.journal.records import ClockMark, Event, Segment
from qosflood.journal.run_directory import JOURNAL

SEGMENT = Segment(t=0, boot_id="boot", wall_ns=1, mono_ns=2)
MARK = ClockMark(t=10, wall_ns=11)


def event(what: str = "it happened") -> Event:
    return Event(t=5, who="target", kind="restarted", what=what, evidence={"pid": 7})


def lines(run_dir: Path, name: str = JOURNAL) -> list[bytes]:
    return (run_dir / name).read_bytes().splitlines(keepends=True)
