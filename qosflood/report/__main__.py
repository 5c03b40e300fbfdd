"""`python -m qosflood.report RUN_DIR`: build the report in a process of its own.

Prints one JSON line: `exit_code`, `headline`, `document`, `problems`. `--ended REASON` and
`--detail TEXT` say how the run ended where the journal does not. `--verdict-only` writes
report.json and no page. `--lifeline`: the end of standard
input means that the coordinator is gone, and ends this process too.
"""

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from qosflood.base.errors import ExitCode, QosfloodError
from qosflood.journal.records import End
from qosflood.report.build import build
from qosflood.report.document.document import to_json


def main(arguments: list[str]) -> int:
    """Build and print; the exit code of an error, 0 else (the run's own is in the JSON)."""
    parser = argparse.ArgumentParser(prog="python -m qosflood.report")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--ended")
    parser.add_argument("--detail", default="")
    parser.add_argument("--lifeline", action="store_true")
    parser.add_argument("--verdict-only", action="store_true")
    given = parser.parse_args(arguments)
    if given.lifeline:
        threading.Thread(target=_end_with_standard_input, daemon=True).start()
    ended = End(t=0, reason=given.ended, detail=given.detail) if given.ended else None
    try:
        result = build(given.run_dir, ended, verdict_only=given.verdict_only)
    except QosfloodError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    line = {
        "exit_code": result.document.exit_code,
        "headline": result.document.headline,
        "document": to_json(result.document),
        "problems": result.problems,
    }
    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
    return 0


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
