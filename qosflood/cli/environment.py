"""Environment variables that set an option, and warnings of those that nearly do."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping

import click

PREFIX = "QOSFLOOD"
TRACEBACK = f"{PREFIX}_TRACEBACK"
_DEFAULT_COMMAND = "RUN"
_NEAR = 0.8
_LINK = re.compile(r"(?:tcp|udp|sctp)://")
_NAMED = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def drop_service_links(environ: MutableMapping[str, str]) -> None:
    """Take out what Kubernetes sets for a service called `qosflood-…`: its `…_PORT=tcp://…` would
    pass for an option, as QOSFLOOD_COLLECTOR_PORT does, and the rest for misspelled ones."""
    links = [
        name.removesuffix("_PORT")
        for name, value in environ.items()
        if name.startswith(f"{PREFIX}_") and name.endswith("_PORT") and _LINK.match(value)
    ]
    for link in links:
        of_service = (f"{link}_PORT_", f"{link}_SERVICE_")
        for name in list(environ):
            if name == f"{link}_PORT" or name.startswith(of_service):
                del environ[name]


def option_variables(command: click.Command, prefix: str = PREFIX) -> Iterator[str]:
    """The variables of a command's options, those of its subcommands included."""
    for option in command.params:
        if isinstance(option, click.Option) and option.allow_from_autoenv and option.name:
            yield f"{prefix}_{option.name.upper()}"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from option_variables(inner, f"{prefix}_{name.upper().replace('-', '_')}")


def misspelled(
    environ: Mapping[str, str], known: Iterable[str], texts: Iterable[str]
) -> Iterator[str]:
    """A warning for each variable that sets nothing but is nearly one of the `known`.

    `texts` may name variables of their own as `env:NAME`, for headers and passwords; those are
    never mistakes.
    """
    variables = {*known, TRACEBACK}
    named = {name for text in (*texts, *environ.values()) for name in _NAMED.findall(text)}
    for variable in sorted(environ):
        foreign = not variable.upper().startswith(f"{PREFIX}_") or variable in named
        if foreign or variable in variables:
            continue
        meant = _meant(variable.upper(), variables)
        if meant:
            yield f"warning: {variable} sets nothing; did you mean {meant}?"


def _meant(variable: str, known: set[str]) -> str | None:
    """The known variable that this one is nearly; the command may be left out."""
    rest = variable.removeprefix(f"{PREFIX}_")
    for guess in (variable, f"{PREFIX}_{_DEFAULT_COMMAND}_{rest}"):
        if guess in known:
            return guess
    spelled = {name.removeprefix(f"{PREFIX}_"): name for name in known}
    short = f"{_DEFAULT_COMMAND}_"
    spelled |= {
        name.removeprefix(short): spelled[name] for name in list(spelled) if name.startswith(short)
    }
    close = difflib.get_close_matches(rest, spelled, n=1, cutoff=_NEAR)
    return spelled[close[0]] if close else None
