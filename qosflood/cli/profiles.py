"""`qosflood profiles`: list, show and check profiles."""

import json
from typing import TYPE_CHECKING

import click

from qosflood.base.errors import ProfileError
from qosflood.base.text import nearest
from qosflood.cli.lines import say
from qosflood.plan.profile.shipped import list_profiles

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@click.group(invoke_without_command=True)
@click.pass_context
def profiles(ctx: click.Context) -> None:
    """List the shipped profiles; show one, or check your own."""
    if ctx.invoked_subcommand is None:
        _print_list()


@profiles.command("list")
def list_shipped() -> None:
    """List the shipped profiles, as `qosflood profiles` does."""
    _print_list()


def _print_list() -> None:
    from qosflood.plan.profile.files import load_profile

    names = list_profiles()
    width = max((len(name) for name in names), default=0)
    for name in names:
        say(f"{name:{width}}  {load_profile(name).profile.description}".rstrip())


def _names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in list_profiles() if name.startswith(incomplete)]


@profiles.command()
@click.argument("name", shell_complete=_names)
def show(name: str) -> None:
    """Print the shipped profile NAME, to copy and change."""
    shipped = list_profiles()
    if name not in shipped:
        known = f"{', '.join(shipped)}{nearest(name, shipped)}"
        raise ProfileError([f"profile {name}: not shipped, expected one of {known}"])
    click.echo(shipped[name].read_text(encoding="utf-8"), nl=False)


@profiles.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def validate(paths: tuple[str, ...]) -> None:
    """Check profiles: show all their errors, and exit with 2 if there are any."""
    from qosflood.plan.profile.files import load_profile

    problems: list[str] = []
    for path in paths:
        try:
            load_profile(path)
        except ProfileError as error:
            problems += error.problems
        else:
            say(f"profile {path}: ok")
    if problems:
        raise ProfileError(problems)


@profiles.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors."""
    from qosflood.plan.profile.model import Profile

    document = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    click.echo(json.dumps(document | Profile.model_json_schema(), indent=2))
