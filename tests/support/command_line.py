"""The command line inside the tests' own process, for what needs no run."""

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest.mock import patch

from qosflood.cli.group import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: object
    out: str
    err: str


def qosflood(*words: str) -> Said:
    """Run `qosflood words…` here."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code: object = None
    with (
        patch.object(sys, "argv", ["qosflood", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as done:
            code = done.code
    return Said(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
