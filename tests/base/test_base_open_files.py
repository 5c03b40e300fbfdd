"""The limit of open files."""

import os
import subprocess
import sys


def test_open_files_are_raised_to_what_the_system_permits() -> None:
    script = (
        "import resource\n"
        "from qosflood.base.child_pipe import raise_open_files\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, hard), hard))\n"
        "raise_open_files()\n"
        "assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=dict(os.environ))
