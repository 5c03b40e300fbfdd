"""The run that a command speaks of where none is named: the latest below `qosflood-runs`."""

import re
from datetime import UTC, datetime
from pathlib import Path

from qosflood.base.errors import RunDirectoryError
from qosflood.base.units import counted
from qosflood.cli.lines import say

_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")


def latest_runs(file: str, count: int = 1) -> list[Path]:
    """The `count` latest run directories that hold `file`, oldest first, named on standard error;
    raises RunDirectoryError.

    A folder's name has the time of its run; one that was named otherwise counts by its age.
    """
    from qosflood.run.run import RUNS

    held = sorted((path.parent for path in RUNS.glob(f"*/{file}")), key=_moment)
    if len(held) < count:
        named = "name a run's folder" if count == 1 else "name them with --base RUN and --new RUN"
        raise RunDirectoryError(
            f"{RUNS}: got {counted(len(held), 'run')} with a {file}, expected at least {count}; "
            f"{named}"
        )
    chosen = held[-count:]
    words = "the latest run" if count == 1 else f"the latest {count} runs"
    say(f"{words}: {', '.join(map(str, chosen))}", err=True)
    return chosen


def _moment(path: Path) -> tuple[str, str]:
    stamp = _STAMP.match(path.name)
    if stamp:
        return stamp[0], path.name
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{written:%Y%m%dT%H%M%SZ}", path.name
