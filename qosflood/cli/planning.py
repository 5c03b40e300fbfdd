"""From options to a Plan: the profile's file, the target's name, the machine's cores."""

import secrets
import socket
from pathlib import Path

import click

from qosflood import __version__
from qosflood.base.endpoint import Endpoint, is_loopback
from qosflood.base.errors import PlanError, ProfileError
from qosflood.base.text import nearest
from qosflood.cli.completion import profile_words
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.plan.profile.files import list_profiles, load_profile
from qosflood.plan.profile.target import wanted_endpoint, wants_all_addresses
from qosflood.plan.resolve import allowed_targets, resolve
from qosflood.run.preflight.machine import allowed_cores
from qosflood.run.preflight.prometheus import with_instances_of_job

COMMANDS = (
    "run",
    "watch",
    "report",
    "compare",
    "export",
    "merge",
    "profiles",
    "collector",
    "doctor",
    "completion",
)
DEFAULT_PROFILE = "intercom"


def one_profile(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> str:
    """The profile among a command's words; raises ProfileError or UsageError.

    The command takes them all, so that a mistyped command is told from a profile.
    """
    if not words:
        return DEFAULT_PROFILE
    _refuse_unknown_word(words[0])
    if len(words) > 1:
        raise click.UsageError(f'got "{words[1]}" after {words[0]}, expected one profile at most')
    return words[0]


profile_argument = click.argument(
    "profile",
    nargs=-1,
    metavar="[PROFILE]",
    callback=one_profile,
    shell_complete=profile_words,
)


def make_plan(
    profile: str, sets: tuple[str, ...], options: Options, *, silent: bool = False
) -> tuple[Plan, tuple[str, ...]]:
    """The plan and the hosts that may be flooded; raises StartError.

    `silent`: the target is not to notice, not even by a connect.
    """
    loaded = load_profile(profile, sets)
    endpoint = wanted_endpoint(loaded.profile.target, options)
    every = wants_all_addresses(loaded.profile.target, options)
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
    return with_instances_of_job(plan), allowed_targets(loaded, options)


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


def _refuse_unknown_word(word: str) -> None:
    known = list_profiles()
    if word in known or "/" in word or word.endswith(".toml") or Path(word).is_file():
        return
    hint = nearest(word, (*COMMANDS, *known))
    raise ProfileError(
        [
            f'got "{word}", expected a command ({", ".join(COMMANDS)}), '
            f"a profile ({', '.join(known)}) or the path of one{hint}"
        ]
    )
