"""The diffs that the documentation shows, applied to a copy of the package.

They have no line numbers: what a hunk keeps and removes has to stand in its file exactly once.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"```diff\n(.*?)```", re.DOTALL)
_FILE = re.compile(r"^--- (?P<old>\S+)\n\+\+\+ b/(?P<path>\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Change:
    """What a diff does to one file; a file that is `new` has one hunk, of added lines."""

    path: str
    new: bool
    hunks: tuple[tuple[str, ...], ...]

    @property
    def added(self) -> list[str]:
        """The lines that it adds."""
        return [line[1:] for hunk in self.hunks for line in hunk if line[:1] == "+"]

    def apply(self, root: Path) -> None:
        """Change the file below `root`."""
        path = root / self.path
        assert path.exists() != self.new, path
        text = "" if self.new else path.read_text("utf-8")
        for hunk in self.hunks:
            before, after = _side(hunk, " -"), _side(hunk, " +")
            assert self.new or text.count(before) == 1, f"{self.path} has not once:\n{before}"
            text = after if self.new else text.replace(before, after)
        path.write_text(text, "utf-8")


def _side(hunk: tuple[str, ...], signs: str) -> str:
    return "".join(f"{line[1:]}\n" for line in hunk if line[:1] in signs)


def shown_diffs(page: Path) -> dict[str, list[Change]]:
    """The changes that a page shows, by the title of the section."""
    sections = re.split(r"^## (.+)\n", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {
        title: [change for diff in _FENCE.findall(text) for change in _changes(diff)]
        for title, text in pairs
    }


def _changes(diff: str) -> list[Change]:
    heads = list(_FILE.finditer(diff))
    ends = [head.start() for head in heads[1:]] + [len(diff)]
    return [
        Change(head["path"], head["old"] == "/dev/null", _hunks(diff[head.end() : end]))
        for head, end in zip(heads, ends, strict=True)
    ]


def _hunks(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.splitlines()) for part in re.split(r"^@@.*\n", text, flags=re.M)[1:])
