"""The group of commands, and errors to exit codes.

No command imports what carries it out before it is called: `--version`, help and completion have
to be fast.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import click
from click_default_group import DefaultGroup

from qosflood import __version__
from qosflood.base.errors import ExitCode, QosfloodError
from qosflood.base.text import nearest
from qosflood.cli.capacity import capacity
from qosflood.cli.collector import collector
from qosflood.cli.compare import compare
from qosflood.cli.completion import VARIABLE, completion
from qosflood.cli.doctor import doctor
from qosflood.cli.export import export_run
from qosflood.cli.help import (
    HELP,
    has_help_all,
    help_all_option,
    write_pointer,
    write_rows,
    write_sections,
)
from qosflood.cli.lines import say
from qosflood.cli.merge import merge
from qosflood.cli.options import source_of
from qosflood.cli.profile_argument import DEFAULT_PROFILE, profile_path
from qosflood.cli.profiles import profiles
from qosflood.cli.report import report
from qosflood.cli.run import run
from qosflood.cli.streams import prepare_streams
from qosflood.cli.watch import watch

_WORDS = "qosflood.words"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_LAST = ("help", "version")
"""Commands that share the last line of the list."""


class Commands(DefaultGroup):  # type: ignore[misc]
    """The group of commands; its help shows the default command's options first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words as they were typed, and read `--help --all` as `--help-all`."""
        ctx.meta[_WORDS] = tuple(args)
        rest: list[str] = super().parse_args(ctx, _all_help(self, args))
        return rest

    def invoke(self, ctx: click.Context) -> object:
        """Name misspelled variables, then do what was asked for."""
        for line in _misspelled(self, ctx.meta[_WORDS]):
            say(line, err=True)
        return super().invoke(ctx)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands in the order in which one needs them."""
        return list(self.commands)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The run command's usage and options, then the commands."""
        with run.make_context("qosflood [run]", [], resilient_parsing=True) as sub:
            run.format_usage(sub, formatter)
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text((run.help or "").partition("\n")[0])
            sub.meta.update(ctx.meta)
            write_sections(run, sub, formatter)
        rows = [
            (name, command.get_short_help_str(limit=80))
            for name, command in self.commands.items()
            if name not in _LAST
        ]
        rows.append((", ".join(_LAST), "Explain a command; print the version."))
        write_rows("Commands", rows, formatter, max(len(name) for name, _ in rows))
        write_pointer(ctx, formatter)


@click.group(
    cls=Commands,
    default="run",
    default_if_no_args=True,
    params=[help_all_option()],
    context_settings={"auto_envvar_prefix": "QOSFLOOD", "max_content_width": 100, **HELP},
)
@click.version_option(
    __version__, "-V", "--version", prog_name="qosflood", allow_from_autoenv=False
)
def commands() -> None:
    """Flood a QoS collector, monitor it, and end with a verdict."""


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"qosflood, version {__version__}")


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]")
@click.pass_context
def help_on(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Explain a command, as `qosflood COMMAND --help` does."""
    at = ctx.find_root()
    for word in words:
        known = at.command.commands if isinstance(at.command, click.Group) else {}
        if word not in known:
            expected = f"one of {', '.join(known)}" if known else f"nothing after {at.info_name}"
            raise click.UsageError(f'got "{word}", expected {expected}{nearest(word, known)}')
        at = click.Context(known[word], info_name=word, parent=at)
    click.echo(at.get_help())


for _command in (
    run,
    capacity,
    watch,
    report,
    compare,
    export_run,
    merge,
    profiles,
    collector,
    doctor,
    completion,
    help_on,
    version,
):
    # A command keeps the help option that it makes first, whoever asks for it.
    _command.context_settings.update(HELP)
    commands.add_command(_command)
for _command in profiles.commands.values():
    _command.context_settings.update(HELP)


def _all_help(group: click.Group, words: list[str]) -> list[str]:
    """The words without `--all` beside a request for help, which is then one for all of it."""
    ends = words.index("--") if "--" in words else len(words)
    asked = [word for word in words[:ends] if word in HELP["help_option_names"]]
    if not asked or "--all" not in words[:ends]:
        return words
    name = next((word for word in words[:ends] if word in group.commands), "run")
    every = has_help_all(group.commands[name])
    kept = (word for at, word in enumerate(words) if at >= ends or word != "--all")
    return ["--help-all" if every and word in asked else word for word in kept]


def _misspelled(group: click.Group, words: tuple[str, ...]) -> Iterator[str]:
    if not _own_variables():
        return
    from qosflood.cli.environment import misspelled, option_variables

    texts = [*words]
    for path in map(profile_path, (DEFAULT_PROFILE, *words)):
        with suppress(OSError, ValueError):
            texts.append(path.read_text(encoding="utf-8") if path.is_file() else "")
    yield from misspelled(os.environ, option_variables(group), texts)


def _own_variables() -> bool:
    return any(name.upper().startswith("QOSFLOOD_") for name in os.environ)


def main() -> None:
    """Run the command line and exit with its code; no error ends in a traceback."""
    prepare_streams()
    if _own_variables():
        from qosflood.cli.environment import drop_service_links

        drop_service_links(os.environ)
    sys.exit(_status())


def _status() -> int:
    try:
        status = commands.main(standalone_mode=False, prog_name="qosflood")
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _fail([_line(error)], ExitCode.NOT_STARTED)
    except QosfloodError as error:
        return _fail(str(error).splitlines(), error.exit_code)
    except (BrokenPipeError, SystemExit):
        if VARIABLE in os.environ:  # click leaves so after having offered its words
            return ExitCode.PASS
        # Whoever read our output has gone; click leaves with 1 then, which is a verdict here.
        return ExitCode.INTERRUPTED
    except _interruptions():
        return _fail(["interrupted; nothing was flooded"], ExitCode.INTERRUPTED)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            # Files of a run are written elsewhere, and have their own words.
            return _fail([f"standard output: {error.strerror}"], ExitCode.NOT_STARTED)
        if os.environ.get("QOSFLOOD_TRACEBACK"):
            import traceback

            traceback.print_exc()
        words = f"internal error: {type(error).__name__}: {error}"
        return _fail([f"{words} (QOSFLOOD_TRACEBACK=1 shows where)"], ExitCode.INTERNAL)
    return status if isinstance(status, int) else ExitCode.PASS


def _line(error: click.ClickException) -> str:
    """`--clients: got "x", expected …`, also where click would begin otherwise."""
    if isinstance(error, click.BadParameter) and error.ctx and error.param:
        named = source_of(error.ctx, error.param).partition(" ")[2]
        if isinstance(error.param, click.Argument):
            named = error.param.make_metavar(error.ctx).strip("[]")
            error.param_hint = f"'{named}'"
        if error.message.startswith("got "):
            return f"{named}: {error.message}"
    if isinstance(error, click.NoSuchOption) and error.ctx:
        near = nearest(error.option_name, error.possibilities or ())
        path = error.ctx.command_path
        lists = "--help-all" if has_help_all(error.ctx.command) else "--help"
        return (
            f'got "{error.option_name}", expected an option of {path} ({path} {lists} '
            f"lists them){near}"
        )
    if isinstance(error, click.BadOptionUsage) and error.message.endswith("an argument."):
        return f"{error.option_name}: got nothing, expected {_metavar(error.option_name)}"
    return error.format_message()


def _metavar(name: str) -> str:
    """What the value of an option looks like; the error that lacks one does not say whose it is."""
    every = (one for command in commands.commands.values() for one in command.params)
    option = next((one for one in every if name in one.opts), None)
    return "a value" if option is None else option.make_metavar(click.Context(run))


def _interruptions() -> tuple[type[BaseException], ...]:
    """What ends a command that was interrupted; asked only once something ended it."""
    import asyncio

    return click.Abort, KeyboardInterrupt, asyncio.CancelledError


def _fail(lines: list[str], status: ExitCode) -> int:
    # The exit code says it too, should nobody read standard error any more.
    with suppress(OSError):
        for line in lines:
            say(f"qosflood: {line}", err=True)
    return status
