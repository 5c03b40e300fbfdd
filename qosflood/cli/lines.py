"""Lines on a terminal. What is printed passes through here or through a PatientConsole, and so
holds nothing that a terminal obeys, whoever wrote it: a target, a Prometheus, a run directory."""

import click

from qosflood.base.text import harmless


def say(line: str, *, err: bool = False) -> None:
    """Print one line, on standard error if `err`."""
    click.echo(harmless(line.replace("\n", " ")), err=err)


def ask(question: str) -> str:
    """What is typed in answer to a question on standard error; `no` by default."""
    answer: str = click.prompt(harmless(question.replace("\n", " ")), default="no", err=True)
    return answer.strip()
