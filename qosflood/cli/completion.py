"""`qosflood completion SHELL`, and what a shell may offer for a word."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_QOSFLOOD_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the script that completes words in a shell.

    It offers commands, options, profiles and files.

    \b
    bash:  eval "$(qosflood completion bash)"                  in ~/.bashrc
    zsh:   eval "$(qosflood completion zsh)"                   in ~/.zshrc
    fish:  qosflood completion fish > ~/.config/fish/completions/qosflood.fish
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in _SHELLS:
        raise click.UsageError(f'got "{shell}" as shell, expected one of {", ".join(_SHELLS)}')
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    root = ctx.find_root()
    click.echo(found(root.command, {}, "qosflood", VARIABLE).source())


def command_words(ctx: click.Context) -> "list[CompletionItem]":
    """The commands, where none was typed yet: the default command completes for them."""
    from click.shell_completion import CompletionItem

    group = ctx.find_root().command
    if not isinstance(group, click.Group) or ctx.info_name in _typed():
        return []
    return [
        CompletionItem(name, help=command.get_short_help_str())
        for name, command in sorted(group.commands.items())
        if not command.hidden
    ]


def _typed() -> list[str]:
    """The words on the shell's line; click's scripts hand them over."""
    try:
        return shlex.split(os.environ.get("COMP_WORDS", ""))
    except ValueError:  # a quote that is still open
        return []
