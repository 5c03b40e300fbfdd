"""A command on a pseudo-terminal of 80 columns, and what a person would see there."""

import contextlib
import fcntl
import os
import re
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

COLUMNS, ROWS = 80, 50
_TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


@dataclass(slots=True)
class Terminal:
    """A command that runs on a terminal of its own; `output` is all it wrote."""

    process: subprocess.Popen[bytes]
    _master: int
    output: str = ""
    _raw: bytes = field(default=b"", repr=False)

    def type(self, keys: str) -> None:
        """Press keys; `\\x03` is Ctrl-C, for the whole foreground process group."""
        os.write(self._master, keys.encode())

    def wait_for(self, wanted: Callable[[list[str]], object], what: str) -> list[str]:
        """Read until the screen satisfies `wanted`; the screen. Raises TimeoutError."""
        end = time.monotonic() + 30
        while not wanted(self.screen()):
            if time.monotonic() > end or not self._read():
                raise TimeoutError(f"waited in vain: {what}; on the screen:\n" + self.text())
        return self.screen()

    def finish(self, deadline_s: float = 40.0) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + deadline_s
        while self._read():
            if time.monotonic() > end:
                raise TimeoutError(f"not ended after {deadline_s:g} s:\n" + self.text())
        return self.process.wait(5)

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.screen())

    def screen(self) -> list[str]:
        """The lines as they stand, trailing blanks removed."""
        return [line.rstrip() for line in draw(self.output)]

    def _read(self) -> bool:
        """Take what comes within a moment; False at the end."""
        try:
            data = os.read(self._master, 1 << 16)
        except BlockingIOError:
            time.sleep(0.02)
            return True
        except OSError:  # EIO: the last process on it has gone
            return False
        self._raw += data
        self.output = self._raw.decode(errors="ignore")
        return bool(data)


def draw(output: str) -> list[str]:
    """The lines that `output` leaves: moves up, to the line's start and erased lines are done."""
    lines, row, column = [""], 0, 0
    for parameter, command, control, text in _TOKEN.findall(output):
        if control == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif control == "\r":
            column = 0
        elif command == "A":
            row = max(row - int(parameter or 1), 0)
        elif command == "K":
            lines[row] = "" if parameter == "2" else lines[row][:column]
        elif text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
    return lines


@contextlib.contextmanager
def on_terminal(command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """The command with a terminal as its standard streams; killed at the end if it still runs."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.set_blocking(master, False)
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        command,
        env={**plain, "TERM": "xterm-256color", **(env or {})},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
