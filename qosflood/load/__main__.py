"""`python -m qosflood.load`: a shard as a child of the coordinator."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy, which is imported below

import signal
import sys

import uvloop

from qosflood.base.child_pipe import ParentPipe, raise_open_files
from qosflood.base.errors import StartError
from qosflood.load.shard import ShardSpec, serve


def main() -> None:
    """Read the spec, run the shard, end with its status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = ParentPipe()
    try:
        spec = ShardSpec.from_builtins(pipe.read_spec())
    except EOFError:
        sys.exit(0)
    raise_open_files()
    try:
        uvloop.run(serve(pipe, spec, os._exit))
    except StartError as error:
        sys.exit(_report_failure(error))
    # Thousands of connections are not worth an orderly tear-down.
    os._exit(0)


def _report_failure(error: StartError) -> int:
    """Write the line that the coordinator quotes; return the exit status."""
    sys.stderr.write(f"{error}\n")
    return error.exit_code


if __name__ == "__main__":
    main()
