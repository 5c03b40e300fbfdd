"""Nothing that somebody else wrote reaches a terminal as it is."""

import ast
import io
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

import qosflood.cli
from qosflood.base.text import harmless
from qosflood.cli.lines import ask, say
from qosflood.cli.screen import PatientConsole
from qosflood.monitor.first_look import Sight
from qosflood.monitor.scrape.first_look import Pages
from qosflood.run.preflight.preflight import Preflight

NASTY = "a\x1b[2J\x1b]0;title\x07\x9b31m\rb\u202e\u200b\ud800\x7f"
OBEYED = "\x1b\x07\x9b\r\u202e\u200b\ud800\x7f"


def obeyed(text: str) -> set[str]:
    return set(text) & set(OBEYED)


@pytest.mark.parametrize("err", [False, True])
def test_a_line_is_one_line_without_escapes(capsys, err):
    say(f"{NASTY}\nqosflood: forged", err=err)
    shown = capsys.readouterr()[int(err)]
    assert not obeyed(shown)
    assert shown.count("\n") == 1
    assert shown.endswith(" qosflood: forged\n")


def test_a_question_is_one_line_without_escapes(capsys, monkeypatch):
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "yes")
    assert ask(f"{NASTY}\n?") == "yes"
    assert not obeyed(capsys.readouterr().err)


def test_what_is_harmless_stays_as_it_is_and_as_long():
    for text in ("", "p99 250 ms ✓ · „ü“ 漢字", "one\ntwo"):
        assert harmless(text) == text
    assert len(harmless(NASTY)) == len(NASTY)


def test_a_console_obeys_rich_alone():
    file = io.StringIO()
    console = PatientConsole(file=file, force_terminal=True, width=80, color_system="standard")
    table = Table(title=Text(NASTY))
    table.add_column(Text(NASTY))
    table.add_row(Text(NASTY, style="bold"))
    console.print(table)
    console.print(Text(NASTY), soft_wrap=True)
    shown = file.getvalue()
    assert not obeyed(shown) - {"\x1b"}
    assert "\x1b[2J" not in shown
    assert "\x1b]0;" not in shown
    assert "\x1b[1m" in shown


def test_an_instance_named_by_a_prometheus_is_shown_harmless_by_doctor(capsys):
    failed = type("Failed", (), {"ok": False, "instance": NASTY, "reason": "refused"})
    sight = Sight(
        pages=Pages((failed, failed)),
        process=None,
        memory_source=None,
        memory_reason="none",
        warnings=(),
    )
    say(Preflight(None, sight, None, None, ()).line((202,)))
    assert not obeyed(capsys.readouterr().out)


CONSTANT = {"help.py", "completion.py", "group.py", "profiles.py", "lines.py"}
"""What they print without `say` is the command's own: help, a version, a schema, a script."""


def test_every_command_prints_through_it():
    for path in Path(qosflood.cli.__file__).parent.glob("*.py"):
        if path.name in CONSTANT:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"echo", "secho", "prompt", "confirm"}, path.name
