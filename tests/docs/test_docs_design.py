"""The design's drawing of the house, held against the folders."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDENT = 2


def drawn() -> tuple[set[str], set[str]]:
    """Folders of the package that the design draws: those that stand, and those for later."""
    text = (ROOT / "docs" / "design.md").read_text("utf-8")
    drawing = text.partition("## 3. Folders")[2].partition("```")[2].partition("```")[0]
    package = drawing.partition("qosflood/\n")[2].partition("\nprofiles/")[0]
    now: set[str] = set()
    later: set[str] = set()
    path: list[str] = []
    for line in package.splitlines():
        found = re.match(r"( +)(\w+)/ +(LATER:)?", line)
        if found is None:
            continue
        path = [*path[: len(found[1]) // INDENT - 1], found[2]]
        (later if found[3] else now).add("/".join(path))
    return now, later


def folders() -> set[str]:
    package = ROOT / "qosflood"
    return {
        file.parent.relative_to(package).as_posix()
        for file in package.rglob("__init__.py")
        if file.parent != package
    }


def test_the_design_draws_every_folder_and_none_that_does_not_stand() -> None:
    now, _ = drawn()
    assert now == folders()


def test_what_is_drawn_for_later_does_not_stand_yet() -> None:
    _, later = drawn()
    assert later
    assert not later & folders()


def test_the_package_has_no_modules_beside_its_folders() -> None:
    loose = {file.name for file in (ROOT / "qosflood").glob("*.py")}
    assert loose == {"__init__.py", "__main__.py"}
