"""Variables that are nearly ours are named; ours and those of others are not."""

from pathlib import Path

import pytest
from command_line import qosflood

from qosflood.cli.environment import misspelled, option_variables
from qosflood.cli.group import commands

KNOWN = set(option_variables(commands))


def warnings(*variables: str, texts: tuple[str, ...] = ()) -> list[str]:
    return list(misspelled(dict.fromkeys(variables, "1"), KNOWN, texts))


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("QOSFLOOD_RATE", "QOSFLOOD_RUN_RATE"),
        ("QOSFLOOD_TARGET", "QOSFLOOD_RUN_TARGET"),
        ("QOSFLOOD_ALLOW_TARGETS", "QOSFLOOD_RUN_ALLOW_TARGET"),
        ("QOSFLOOD_RUN_RATES", "QOSFLOOD_RUN_RATE"),
        ("QOSFLOOD_RUN_DURATOIN", "QOSFLOOD_RUN_DURATION"),
        ("QOSFLOOD_RUN_SET", "QOSFLOOD_RUN_SETS"),
        ("QOSFLOOD_RUN_JSON", "QOSFLOOD_RUN_AS_JSON"),
        ("QOSFLOOD_WATCH_TARGT", "QOSFLOOD_WATCH_TARGET"),
        ("qosflood_run_rate", "QOSFLOOD_RUN_RATE"),
        ("QOSFLOOD_TRACEBAK", "QOSFLOOD_TRACEBACK"),
    ],
)
def test_a_variable_that_is_nearly_ours_is_a_warning(variable: str, meant: str) -> None:
    assert warnings(variable) == [f"warning: {variable} sets nothing; did you mean {meant}?"]


@pytest.mark.parametrize("variable", sorted({*KNOWN, "QOSFLOOD_TRACEBACK"}))
def test_a_variable_of_ours_is_no_warning(variable: str) -> None:
    assert warnings(variable) == []


def test_every_command_has_its_variables() -> None:
    assert {
        "QOSFLOOD_RUN_RATE",
        "QOSFLOOD_WATCH_DURATION",
        "QOSFLOOD_COMPARE_BASES",
        "QOSFLOOD_COLLECTOR_PORT",
    } <= KNOWN
    assert not {"QOSFLOOD_VERSION", "QOSFLOOD_RUN_HELP_ALL"} & KNOWN


@pytest.mark.parametrize(
    "variable",
    [
        "QOSFLOOD_TOKEN",
        "QOSFLOOD_TARGET_TOKEN",
        "QOSFLOOD_SCRAPE_TOKEN",
        "QOSFLOOD_VERSION",
        "QOSFLOOD_HOME",
        "QOSFLOD_RUN_RATE",
        "RATE",
    ],
)
def test_a_variable_of_others_is_no_warning(variable: str) -> None:
    assert warnings(variable) == []


def test_a_variable_that_a_header_names_is_no_warning() -> None:
    variable = "QOSFLOOD_KEY_PASSWORD"
    assert warnings(variable) != []
    assert warnings(variable, texts=(f"X=env:{variable}",)) == []
    assert list(misspelled({variable: "s", "HEADERS": f"X=env:{variable}"}, KNOWN, ())) == []


def test_the_command_warns_on_standard_error_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QOSFLOOD_RATE", "3x")
    monkeypatch.setenv("QOSFLOOD_RUN_DURATION", "1m")
    line = "warning: QOSFLOOD_RATE sets nothing; did you mean QOSFLOOD_RUN_RATE?\n"
    said = qosflood("--dry-run")
    assert (said.code, said.err) == (0, line)
    assert "warning" not in said.out
    assert qosflood("profiles").err == line
    assert qosflood("--dry-run", "--header", "X=env:QOSFLOOD_RATE", "smoke").err == ""
    profile = tmp_path / "mine.toml"
    profile.write_text('target.headers.X = "env:QOSFLOOD_RATE"\n')
    assert qosflood("--dry-run", str(profile)).err == ""


def test_a_run_that_cannot_start_still_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOSFLOOD_TARGET", "http://127.0.0.1:1")
    said = qosflood("watch")
    assert said.code == 2
    assert said.err.splitlines() == [
        "warning: QOSFLOOD_TARGET sets nothing; did you mean QOSFLOOD_RUN_TARGET?",
        "qosflood: watch: got no target, expected --target URL",
    ]
