"""`qosflood completion SHELL`, and what a shell may offer for a word."""

import os
import shlex
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from qosflood.plan.profile.files import list_profiles

VARIABLE = "_QOSFLOOD_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the script by which a shell completes commands, options and profiles.

    \b
    bash:  eval "$(qosflood completion bash)"                  in ~/.bashrc
    zsh:   eval "$(qosflood completion zsh)"                   in ~/.zshrc
    fish:  qosflood completion fish > ~/.config/fish/completions/qosflood.fish
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in _SHELLS:
        raise click.UsageError(f'got "{shell}" as shell, expected one of {", ".join(_SHELLS)}')
    found = get_completion_class(shell)
    assert found is not None
    root = ctx.find_root()
    click.echo(found(root.command, {}, "qosflood", VARIABLE).source())


def profile_words(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Shipped profiles and files; where no command was typed yet, the commands too."""
    profiles = [CompletionItem(name, help="profile") for name in list_profiles()]
    items = [*_commands(ctx), *profiles]
    fitting = [item for item in items if item.value.startswith(incomplete)]
    # Bash drops the words beside an item that stands for files.
    return fitting or [CompletionItem(incomplete, type="file")]


def _commands(ctx: click.Context) -> list[CompletionItem]:
    """The default command completes for those that are not typed yet."""
    group = ctx.find_root().command
    if not isinstance(group, click.Group) or ctx.info_name in _typed():
        return []
    return [
        CompletionItem(name, help=command.get_short_help_str())
        for name, command in sorted(group.commands.items())
    ]


def _typed() -> list[str]:
    """The words on the shell's line; click's scripts hand them over."""
    try:
        return shlex.split(os.environ.get("COMP_WORDS", ""))
    except ValueError:  # a quote that is still open
        return []
