"""The group of commands, and errors to exit codes."""

import asyncio
import os
import sys
import traceback
from contextlib import suppress

import click
from click_default_group import DefaultGroup

from qosflood import __version__
from qosflood.base.errors import ExitCode, QosfloodError
from qosflood.cli.collector import collector
from qosflood.cli.compare import compare
from qosflood.cli.completion import VARIABLE, completion
from qosflood.cli.doctor import doctor
from qosflood.cli.export import export_run
from qosflood.cli.merge import merge
from qosflood.cli.profiles import profiles
from qosflood.cli.report import report
from qosflood.cli.run import run
from qosflood.cli.watch import watch


class Commands(DefaultGroup):  # type: ignore[misc]
    """The group of commands; its help shows the default command's options first."""

    def format_help(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The run command's usage and options, then the other commands."""
        with run.make_context("qosflood [run]", [], resilient_parsing=True) as sub:
            run.format_usage(sub, formatter)
            run.format_help_text(sub, formatter)
            run.format_options(sub, formatter)
        rows = [
            (name, command.get_short_help_str(limit=80))
            for name, command in sorted(self.commands.items())
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=Commands,
    default="run",
    default_if_no_args=True,
    context_settings={"auto_envvar_prefix": "QOSFLOOD", "max_content_width": 100},
)
@click.version_option(__version__, prog_name="qosflood")
def commands() -> None:
    """Flood a QoS collector, watch it from the side, end with a verdict."""


for _command in (
    run,
    watch,
    report,
    compare,
    export_run,
    merge,
    profiles,
    collector,
    doctor,
    completion,
):
    commands.add_command(_command)


def main() -> None:
    """Run the command line and exit with its code; no error ends in a traceback."""
    sys.exit(_status())


def _status() -> int:
    try:
        status = commands.main(standalone_mode=False, prog_name="qosflood")
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _fail([error.format_message()], ExitCode.NOT_STARTED)
    except QosfloodError as error:
        return _fail(str(error).splitlines(), error.exit_code)
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        return _fail(["interrupted; nothing was flooded"], ExitCode.INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        if VARIABLE in os.environ:  # click leaves so after having offered its words
            return ExitCode.PASS
        # Whoever read our output has gone; click leaves with 1 then, which is a verdict here.
        return ExitCode.INTERRUPTED
    except Exception as error:
        if os.environ.get("QOSFLOOD_TRACEBACK"):
            traceback.print_exc()
        words = f"internal error: {type(error).__name__}: {error}"
        return _fail([f"{words} (QOSFLOOD_TRACEBACK=1 shows where)"], ExitCode.INTERNAL)
    return status if isinstance(status, int) else ExitCode.PASS


def _fail(lines: list[str], status: ExitCode) -> int:
    # The exit code tells it too, should nobody read standard error any more.
    with suppress(OSError):
        for line in lines:
            click.echo(f"qosflood: {line}", err=True)
    return status
