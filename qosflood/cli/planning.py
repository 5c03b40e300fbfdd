"""From a command's values to a Plan: options, the profile's file, the target's name, the cores."""

import secrets
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import click

from qosflood import __version__
from qosflood.base.endpoint import Endpoint, is_loopback
from qosflood.base.errors import PlanError
from qosflood.base.text import is_utf8
from qosflood.cli.options import PlanOption, source_of
from qosflood.live.metrics.outputs import Wanted, wanted
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.plan.profile.files import load_profile
from qosflood.plan.profile.target import wanted_endpoint
from qosflood.plan.resolve import allowed_targets, resolve, with_options
from qosflood.run.preflight.machine import allowed_cores


def check_output(*, dry_run: bool, as_json: bool) -> None:
    """Raise UsageError for outputs that exclude each other."""
    if dry_run and as_json:
        raise click.UsageError(
            "--json: got --dry-run too, which makes no report; drop one of the two"
        )


def wanted_outputs(values: Mapping[str, Any]) -> Wanted:
    """Where the run's own metrics are exported to; raises PlanError."""
    return wanted(values["metrics_port"], values["otlp"], values["otlp_header"])


def options_from(ctx: click.Context, values: Mapping[str, Any]) -> Options:
    """Options from the command's values, with where each came from."""
    keys: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for option in ctx.command.params:
        value = values.get(option.name or "")
        if not isinstance(option, PlanOption) or value is None or value == ():
            continue
        if not all(is_utf8(text) for text in _texts(value)):
            name = source_of(ctx, option).partition(" ")[2]
            raise PlanError(f"{name}: got bytes that are no UTF-8, expected text")
        if option.field:
            given = fields
            named = {option.field: value}
        else:
            given = keys
            named = {option.key: value} if option.key else value
        given.update(named)
        sources |= dict.fromkeys(named, source_of(ctx, option))
    return Options(keys=keys, sources=sources, **fields)


def _texts(value: Any) -> Iterator[str]:
    """The strings of an option's value."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)


def make_plan(
    profile: str, sets: tuple[str, ...], options: Options, *, silent: bool = False
) -> tuple[Plan, tuple[str, ...]]:
    """The plan and the hosts that may be flooded, with nothing sent yet; raises StartError.

    `silent`: the target is not to notice, not even by a connect.
    """
    loaded = with_options(load_profile(profile, sets), options)
    endpoint = wanted_endpoint(loaded.profile.target)
    every = loaded.profile.target.resolve == "all"
    addresses = () if endpoint is None else look_up(endpoint, silent=silent, every=every)
    plan = resolve(
        loaded,
        options,
        run_id=secrets.token_hex(4),
        seed=secrets.randbelow(2**32),
        version=__version__,
        addresses=addresses,
        cores=allowed_cores(),
    )
    return plan, allowed_targets(loaded, options)


def look_up(endpoint: Endpoint, *, silent: bool = False, every: bool = False) -> tuple[str, ...]:
    """The addresses of a host that are pinned: the first, or `every` one; raises PlanError.

    A loopback name often has two addresses and a listener on one: the one that listens is taken
    first, unless that must not be tried (`silent`).
    """
    host, port = endpoint.host, endpoint.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PlanError(
            f"--target: the name {host} could not be resolved ({error.strerror}); "
            "check it, or give an address"
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if every:
        return tuple(addresses)
    if not silent and len(addresses) > 1 and all(is_loopback(found) for found in addresses):
        addresses.sort(key=lambda address: not _listens(address, port))
    return (addresses[0],)


def _listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1.0):
            return True
    except OSError:
        return False
