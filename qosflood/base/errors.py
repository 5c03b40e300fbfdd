"""The exception tree and the exit codes.

::

    QosfloodError               exit 70: an error that was not foreseen
    ├── StartError              exit 2: nothing was flooded
    │   ├── UnitError           a figure with a unit could not be read
    │   ├── ProfileError        a profile (or `--set`) is wrong; all its errors at once
    │   ├── PlanError           the profile and the options do not fit together
    │   ├── PreflightError      the target, the machine or the monitoring is not ready
    │   └── RunDirectoryError   the run directory cannot be used
    ├── JournalError            exit 2: a run directory cannot be read back
    ├── ReportError             exit 3, or what the run's end says: a run without its verdict
    └── JournalWriteError       exit 3: the journal can no longer be written
        └── DiskFullError       its file system is full
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process's exit status means; 1 occurs only after a verdict."""

    PASS = 0
    FAIL = 1
    NOT_STARTED = 2
    INVALID = 3
    ABORTED = 4
    INTERNAL = 70
    INTERRUPTED = 130


class QosfloodError(Exception):
    """Root of everything qosflood raises on purpose; `exit_code` is the process's exit code."""

    exit_code: ExitCode = ExitCode.INTERNAL


class StartError(QosfloodError):
    """The run could not start; nothing was flooded."""

    exit_code = ExitCode.NOT_STARTED


class UnitError(StartError, ValueError):
    """A duration, size, rate or ratio could not be read."""


class ProfileError(StartError):
    """A profile is wrong; `problems` holds one line per error."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PlanError(StartError):
    """A profile and the options given do not make a plan."""


class PreflightError(StartError):
    """The target cannot be reached or refused the report, or this machine cannot carry the load."""


class RunDirectoryError(StartError):
    """The run directory is not new, not empty or not writable."""


class JournalError(QosfloodError):
    """A run directory's journal or run.json cannot be read."""

    exit_code = ExitCode.NOT_STARTED


class ReportError(QosfloodError):
    """The load was sent, but nothing could be said of it: no run is valid so. How it ended may
    decide on its own: 4 for one that was aborted, 130 for one that was interrupted."""

    def __init__(self, what: str, ended: str) -> None:
        super().__init__(what)
        known = {"aborted": ExitCode.ABORTED, "interrupted": ExitCode.INTERRUPTED}
        self.exit_code = known.get(ended, ExitCode.INVALID)


class JournalWriteError(QosfloodError):
    """The journal can no longer be written, or was removed."""

    exit_code = ExitCode.INVALID


class DiskFullError(JournalWriteError):
    """The journal's file system is full."""
