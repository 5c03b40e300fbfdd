"""A file that is new for certain: nobody planted a link to another one under its name."""

import os
import secrets
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_BYTES = 8


def temporary_beside(path: Path) -> tuple[Path, int]:
    """A new file beside `path` under a name that nobody knows beforehand, to be renamed to `path`,
    and its descriptor for writing; raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_NAME_BYTES)}.tmp")
    return temporary, create(temporary)


def create(path: Path) -> int:
    """The descriptor of a new file, for writing; raises OSError where anything has that name, a
    symbolic link too."""
    return os.open(path, _FLAGS, 0o666)
