"""Help in sections: the common options of a command, or with `--help-all` every one of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

HELP = {"help_option_names": ["-h", "--help"]}
REFERENCE = "docs/reference/commands.md"
_ALL = "qosflood.help_all"
_WIDEST = 31
"""Columns of the options' names; a longer one has its words on the next line."""


class SectionedOption(click.Option):
    """An option that help lists in a section; `common` are its words in `--help`, "" leaves it to
    `--help-all`, whose words are `help`, or the common ones where that is left out."""

    def __init__(self, *spelled: str, section: str = "", common: str = "", **settings: Any) -> None:
        super().__init__(list(spelled), **({"help": common or None} | settings))
        self.section = section
        self.common = common


class SectionedCommand(click.Command):
    """A command with so many options that `--help` lists the common ones only."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.append(help_all_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let no option take a word that is not its value."""
        for option in self.params:
            if isinstance(option, OptionalValue):
                args = option.spelled_out(args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections, and where the rest is."""
        write_sections(self, ctx, formatter)
        write_pointer(ctx, formatter)


class OptionalValue(SectionedOption):
    """An option whose value may be left out: `alone` is taken then, as before a word that
    `is_other` knows to be another argument of the command."""

    def __init__(self, *spelled: str, alone: str, is_other: Any, **settings: Any) -> None:
        super().__init__(*spelled, is_flag=False, flag_value=alone, **settings)
        self._is_other = is_other

    def spelled_out(self, args: Sequence[str]) -> list[str]:
        """The arguments with `--option=value` where the next word is not its value."""
        end = args.index("--") if "--" in args else len(args)
        return [
            f"{word}={self.flag_value}"
            if at + 1 < end and word in self.opts and self._is_other(args[at + 1])
            else word
            for at, word in enumerate(args)
        ]


def help_all_option() -> click.Option:
    """`--help-all`: help with every option."""
    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        allow_from_autoenv=False,
        callback=_show_all,
        help="Show every option and exit.",
    )


def has_help_all(command: click.Command) -> bool:
    """Whether a command has so many options that `--help` lists the common ones only."""
    return any("--help-all" in option.opts for option in command.params)


def _show_all(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    ctx.meta[_ALL] = True
    click.echo(ctx.get_help())
    ctx.exit()


def write_sections(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """The command's options by section, the common ones unless all are asked for."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for option in command.params:
        if not isinstance(option, SectionedOption):
            continue
        record = option.get_help_record(ctx)
        if record is not None and (_ALL in ctx.meta or option.common):
            words = record[1] if _ALL in ctx.meta else option.common
            sections.setdefault(option.section, []).append((record[0], words))
    for section, rows in sections.items():
        write_rows(section, rows, formatter)


def write_rows(
    section: str,
    rows: Iterable[tuple[str, str]],
    formatter: click.HelpFormatter,
    widest: int = _WIDEST,
) -> None:
    """A section whose words begin `widest` columns to the right, like those of others."""
    with formatter.section(section):
        padded = [(name.ljust(widest), words) for name, words in rows]
        formatter.write_dl(padded, col_max=widest)


def write_pointer(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Where to find what is not shown."""
    formatter.write_paragraph()
    if _ALL in ctx.meta:
        formatter.write_text(f"In detail: {REFERENCE}")
    else:
        formatter.write_text(f"All options: {ctx.command_path} --help-all; in detail: {REFERENCE}")
