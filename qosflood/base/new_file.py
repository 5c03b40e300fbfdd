"""A file that is new for certain: nobody planted a link to another one under its name."""

import os
import secrets
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_BYTES = 8


def temporary_beside(path: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `path` under a name that nobody knows beforehand, to be renamed to `path`:
    the name, and the file open for writing; raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_NAME_BYTES)}.tmp")
    return temporary, create(temporary)


def create(path: Path) -> BinaryIO:
    """A new file, open for writing; raises OSError where anything has that name, a symbolic link
    too."""
    return os.fdopen(os.open(path, _FLAGS, 0o666), "wb")
