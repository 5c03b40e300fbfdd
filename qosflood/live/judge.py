"""`python -m qosflood.live.judge`: a child that judges a run while it goes on, from its journal.

It reads the whole journal anew each time, by the code that judges it after its end (measured:
0.3 s for an hour, 6.6 s for a day), in a process of its own and at the lowest priority; after a
look it rests for twenty times what that took of CPU, so that it never takes over 5% of a core.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import orjson

from qosflood.base.child_pipe import ParentPipe
from qosflood.base.errors import JournalError

LEAST_REST_S = 2.0
RESTS = 20
_LOWEST_PRIORITY = 19


def judge(pipe: ParentPipe, run_dir: Path) -> NoReturn:
    """Say what may be said, again and again; raises JournalError once the journal cannot be read,
    BrokenPipeError once nobody listens."""
    # Half a second of imports, just when the load begins: not before the priority is the lowest.
    from qosflood.analysis import analyse
    from qosflood.journal.run_directory import read_records, read_run
    from qosflood.live.so_far import so_far

    run = read_run(run_dir)
    pipe.send(b'{"type":"ready"}\n')
    while True:
        began = time.process_time()
        findings = analyse(run.plan, run.segment.wall_ns, read_records(run_dir))
        pipe.send(orjson.dumps(so_far(run.plan, findings)) + b"\n")
        time.sleep(max(LEAST_REST_S, RESTS * (time.process_time() - began)))


def _end_with(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os._exit(0)


def main() -> int:
    """Judge until the coordinator is gone; 1 with one line on standard error if that fails."""
    pipe = ParentPipe()
    with suppress(OSError):
        os.nice(_LOWEST_PRIORITY)
    try:
        spec = pipe.read_spec()
        threading.Thread(target=_end_with, args=(0,), daemon=True).start()
        judge(pipe, Path(spec["run_dir"]))
    except (EOFError, BrokenPipeError):
        return 0
    except JournalError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the child's last words
        return 1


if __name__ == "__main__":
    sys.exit(main())
