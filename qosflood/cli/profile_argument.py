"""The argument PROFILE, a shipped name or a path, and what a mistyped word is answered with."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qosflood.base.errors import ProfileError
from qosflood.base.text import nearest
from qosflood.cli.completion import command_words
from qosflood.plan.profile.shipped import list_profiles

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT_PROFILE = "intercom"


def is_profile(word: str) -> bool:
    """Whether a word is meant as a profile: a shipped one, a file, or nearly the name of one."""
    address = bool(set(word) & set(".:"))
    return _may_be_profile(word) or (not address and bool(nearest(word, list_profiles())))


def profile_path(word: str) -> Path:
    """The file that a profile is read from, be it there or not."""
    return list_profiles().get(word) or Path(word)


def _may_be_profile(word: str) -> bool:
    shipped = word in list_profiles()
    return shipped or "/" in word or word.endswith(".toml") or Path(word).is_file()


def _one_profile(ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> str:
    """The profile among a command's words; raises ProfileError or UsageError.

    The command takes them all, so that a mistyped command is not taken for a profile.
    """
    if not words:
        return DEFAULT_PROFILE
    if not _may_be_profile(words[0]):
        raise _unknown(ctx, words[0])
    if len(words) > 1:
        raise click.UsageError(f'got "{words[1]}" after {words[0]}, expected one profile at most')
    return words[0]


def _unknown(ctx: click.Context, word: str) -> ProfileError:
    root = ctx.find_root()
    assert isinstance(root.command, click.Group)
    commands, profiles = root.command.list_commands(root), list(list_profiles())
    return ProfileError(
        [
            f'got "{word}", expected a command ({", ".join(commands)}), '
            f"a profile ({', '.join(profiles)}) or the path of one"
            f"{nearest(word, (*commands, *profiles))}"
        ]
    )


def _words(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Shipped profiles and files; where no command was typed yet, the commands too."""
    from click.shell_completion import CompletionItem

    profiles = [CompletionItem(name, help="profile") for name in list_profiles()]
    items = [*command_words(ctx), *profiles]
    fitting = [item for item in items if item.value.startswith(incomplete)]
    # Bash drops the other words where an item stands for files.
    return fitting or [CompletionItem(incomplete, type="file")]


profile_argument = click.argument(
    "profile",
    nargs=-1,
    metavar="[PROFILE]",
    callback=_one_profile,
    shell_complete=_words,
)
