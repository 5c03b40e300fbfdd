"""Writes docs/reference/ from the code: commands, profile keys, limits, report, exit codes.

Run it after a change of any of them: `make reference`. A test holds the pages against it.
"""

import html
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from qosflood.base.errors import ExitCode
from qosflood.base.units import counted, format_duration
from qosflood.cli.group import commands
from qosflood.cli.help import HELP
from qosflood.live.metrics.catalogue import METRICS as EXPORTED
from qosflood.plan.body_language import SOURCES
from qosflood.plan.limit_language import METRICS
from qosflood.plan.profile.model import Profile
from qosflood.report.document.schema import Document

FOLDER = Path(__file__).with_name("reference")
DECISIONS = Path(__file__).with_name("decisions")
BODIES = Path(__file__).with_name("bodies.md")
_MADE = "<!-- Made from the code by docs/reference.py (`make reference`); do not edit. -->"
_MOST_SHOWN = 120
_FORM = re.compile(r"[\w-]+-<[\w<>-]+>")
"""How an id is made, e.g. `line-<n>`."""

EXIT_CODES = {
    ExitCode.PASS: "Every limit that was judged held.",
    ExitCode.FAIL: "A limit was broken. `compare`: a figure regressed.",
    ExitCode.NOT_STARTED: "Usage, profile, preflight or output folder: nothing was flooded.",
    ExitCode.INVALID: "The generator or the monitor was at fault, or a limit that you named could "
    "not be judged. `compare`: the runs are not comparable.",
    ExitCode.ABORTED: "An abort limit stopped the run.",
    ExitCode.INTERNAL: "An error in qosflood itself; please report it.",
    ExitCode.INTERRUPTED: "Ctrl-C or SIGTERM; the report shows what was measured until then.",
}
_UNITS = {
    "ns": "a duration, `250ms`",
    "bytes": "a size, `512MiB`",
    "ratio": "a share, `0.1%`",
    "times": "a number, `1.5`",
    "count": "a whole number",
    "word": "`== none`",
}


def pages() -> dict[Path, str]:
    """Every page that is made, by its path."""
    made = {
        FOLDER / "commands.md": commands_page(),
        FOLDER / "profile.md": profile_page(),
        FOLDER / "limits.md": limits_page(),
        FOLDER / "metrics.md": metrics_page(),
        FOLDER / "report.md": report_page(),
        FOLDER / "exit-codes.md": exit_codes_page(),
        DECISIONS / "README.md": decisions_page(),
        BODIES: bodies_page(BODIES.read_text("utf-8")),
    }
    return {path: f"{text.rstrip()}\n" for path, text in made.items()}


def commands_page() -> str:
    """Every command with its options."""
    parts = [
        "# Commands and options",
        _MADE,
        "`run` is the default command: `qosflood --rate 10x` is `qosflood run --rate 10x`. Every "
        "option is an environment variable too: `--rate` of `run` is `QOSFLOOD_RUN_RATE`. Separate "
        "several values in one variable by `;`. A variable whose name is nearly one of these is a "
        "warning. `-h` and `--help` list the common options, `--help-all` all of them; `-V` and "
        "`--version` print the version.",
    ]
    with click.Context(
        commands, info_name="qosflood", auto_envvar_prefix="QOSFLOOD", **HELP
    ) as root:
        for name, command in _commands(commands):
            parts += _command(name, command, root)
    return "\n\n".join(parts)


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items(), key=lambda item: item[0] != "run"):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _command(name: str, command: click.Command, root: click.Context) -> Iterator[str]:
    ctx = click.Context(command, info_name=name, parent=root)
    yield f"## qosflood {name}"
    yield f"    {' '.join(['qosflood', name, *command.collect_usage_pieces(ctx)])}"
    yield _help(command)
    rows = [
        (" ".join(f"`{part}`" for part in _names(option, ctx)), _words(option, name))
        for option in command.params
        if isinstance(option, click.Option)
    ]
    if rows:
        yield table(("option", "meaning"), rows)


def _help(command: click.Command) -> str:
    """The help text: paragraphs, and examples where click was told to leave the lines alone."""
    shown = []
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        kept = part.removeprefix("\b\n")
        shown.append(
            kept if kept == part else "\n".join(f"    {line}" for line in kept.split("\n"))
        )
    return "\n\n".join(shown)


def _escaped(text: str) -> str:
    """Help texts are no HTML."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def _names(option: click.Option, ctx: click.Context) -> Iterator[str]:
    yield ", ".join((*option.opts, *option.secondary_opts))
    if not option.is_flag:
        yield option.make_metavar(ctx)


def _words(option: click.Option, command: str) -> str:
    """What it does, its default, and its variable where that is not spelled as the option is."""
    words = _escaped(option.help or "")
    default = option.default
    if isinstance(default, str | int | float) and not option.is_flag:
        timed = isinstance(default, int) and (option.name or "").endswith("_ns")
        words += f" Default: `{format_duration(int(default)) if timed else default}`."
    variable = f"QOSFLOOD_{command}_{option.name}".upper().replace(" ", "_")
    if not variable.endswith(f"_{option.opts[0].strip('-').upper().replace('-', '_')}"):
        words += f" In the environment `{variable}`."
    return words


def profile_page() -> str:
    """Every key of a profile."""
    schema = Profile.model_json_schema()
    parts = [
        "# Profile keys",
        _MADE,
        "A profile is a TOML file; every key is optional. `--set section.key=value` changes "
        "one for a run. `qosflood profiles show intercom` prints the default profile with all of "
        "them, `qosflood profiles schema` the JSON Schema for editors.",
    ]
    plain = {}
    for name, part in schema["properties"].items():
        section = _section(part, schema)
        if section is None:
            plain[name] = part
        else:
            parts += _profile_section(name, section, schema)
    head = [_keys_table("", plain), *_tables_of(plain, schema)]
    return "\n\n".join((*parts[:3], "## Top level", *head, *parts[3:]))


def _section(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    ref = part.get("$ref")
    found: Mapping[str, Any] | None = schema["$defs"][ref.rpartition("/")[2]] if ref else None
    return found


def _profile_section(
    name: str, section: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[str]:
    yield f"## `[{name}]`"
    yield _one_line(section.get("description", ""))
    yield _keys_table(f"{name}.", section["properties"])
    yield from _tables_of(section["properties"], schema, f"{name}.")


def _tables_of(
    keys: Mapping[str, Any], schema: Mapping[str, Any], before: str = ""
) -> Iterator[str]:
    """The keys of each entry where a key is a list or a table of entries."""
    for name, part in keys.items():
        for inner in (part.get("items"), part.get("additionalProperties")):
            entry = _section(inner, schema) if isinstance(inner, dict) else None
            if entry is not None:
                shape = f"[[{before}{name}]]" if "items" in part else f"{before}{name}.NAME"
                yield f"### Each entry of `{before}{name}`: `{shape}`"
                yield _one_line(entry.get("description", ""))
                yield _keys_table("", entry["properties"])


def _keys_table(before: str, keys: Mapping[str, Any]) -> str:
    rows = [
        (
            f"`{before}{name}`",
            _one_line(part.get("description", "")),
            _code(part.get("default")),
            _code(*part.get("examples", [])[:1]),
        )
        for name, part in keys.items()
    ]
    return table(("key", "meaning", "default", "example"), rows)


def _code(value: Any = None) -> str:
    if value is None or value in ([], {}, ""):
        return ""
    text = _toml(value)
    return "see `intercom`" if len(text) > _MOST_SHOWN else f"`{text}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


def limits_page() -> str:
    """The metrics that a limit can name."""
    rows = []
    for name, metric in METRICS.items():
        where = ", ".join(metric.phases) if metric.phases else "the whole run"
        rows.append(
            (f"`{name}`", metric.about, _UNITS[metric.unit], where, "yes" if metric.live else "")
        )
    return "\n\n".join(
        (
            "# Limits",
            _MADE,
            "A limit reads `[phase:]metric op value` with `<`, `<=`, `>`, `>=` or `==`, as in "
            "`response.p99 < 250ms` or `recovery:errors < 1%`. Without a phase it applies to the "
            "flood. Name limits with `--limit` or in the profile's `limits.expect`. Those in "
            "`limits.abort` stop a run that breaks them for the time they state: "
            "`errors > 50% for 15s`.",
            table(("metric", "meaning", "value", "phases", "may abort"), rows),
        )
    )


def _as_code(form: re.Match[str]) -> str:
    return f"`{form[0]}`"


def bodies_page(text: str) -> str:
    """The page on bodies, with today's sources in its table of them."""
    head = "| source | meaning |\n|---|---|\n"
    before, _, rest = text.partition(head)
    after = rest.partition("| `counter.NAME` |")
    rows = "".join(
        f"| `{name}` | {_FORM.sub(_as_code, meaning)} |\n" for name, meaning in SOURCES.items()
    )
    return "".join((before, head, rows, *after[1:]))


def metrics_page() -> str:
    """The metrics that a run exports."""
    rows = [
        (f"`{name}`", metric.kind, _code_list(metric.labels), metric.about)
        for name, metric in EXPORTED.items()
    ]
    return "\n\n".join(
        (
            "# Metrics",
            _MADE,
            "`--metrics-port` serves these metrics to a Prometheus, `--otlp` pushes them. Every "
            "series also has the label `run`. A Grafana dashboard is in the repository: "
            "`docs/grafana/qosflood.json`.",
            table(("metric", "kind", "labels", "meaning"), rows),
        )
    )


def _code_list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def report_page() -> str:
    """The keys of report.json."""
    schema = Document.model_json_schema(by_alias=True)
    parts = [
        "# report.json",
        _MADE,
        "Every key is always present; what was not measured is `null`, never 0. The JSON Schema "
        "is in the package: `qosflood/report/document/report.schema.json`.",
        "## Top level",
        _fields_table(schema["properties"]),
    ]
    for name, part in sorted(schema["$defs"].items()):
        if "properties" in part:
            parts += [
                f"## {name}",
                _one_line(part.get("description", "")),
                _fields_table(part["properties"]),
            ]
    return "\n\n".join(part for part in parts if part)


def _fields_table(fields: Mapping[str, Any]) -> str:
    rows = [
        (f"`{name}`", _kind(part), _one_line(part.get("description", "")))
        for name, part in fields.items()
    ]
    if not any(words for *_, words in rows):
        return table(("key", "type"), [row[:2] for row in rows])
    return table(("key", "type", "meaning"), rows)


def _kind(part: Mapping[str, Any]) -> str:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in part:
        return " or ".join(_kind(one) for one in part["anyOf"])
    if "enum" in part:
        return ", ".join(f"`{one}`" for one in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if part.get("type") == "array":
        return f"list of {_kind(part.get('items', {}))}"
    inner = part.get("additionalProperties")
    if part.get("type") == "object" and isinstance(inner, dict):
        return f"table of {_kind(inner)}"
    return str(part.get("type", "any"))


def exit_codes_page() -> str:
    """The meaning of the process's exit status."""
    rows = [(str(int(code)), code.name, words) for code, words in EXIT_CODES.items()]
    return "\n\n".join(
        (
            "# Exit codes",
            _MADE,
            "1 is returned only after a verdict. If several apply, the first of these counts: "
            "INTERRUPTED, ABORTED, FAIL, INVALID, PASS. The report lists the others.",
            table(("code", "name", "meaning"), rows),
        )
    )


def decisions_page() -> str:
    """The decisions in their order."""
    titles = [
        (path.name, path.read_text("utf-8").splitlines()[0].removeprefix("# "))
        for path in sorted(DECISIONS.glob("[0-9]*.md"))
    ]
    lines = "\n".join(f"- {name[:3]} [{title}]({name})" for name, title in titles)
    words = f"{counted(len(titles), 'choice')} that somebody could later undo by mistake, and why."
    return f"# Decisions\n\n{_MADE}\n\n{words}\n\n{lines}"


def table(headers: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [headers, tuple("---" for _ in headers), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Readers of Markdown do not agree on bars in code, but all of them know HTML."""
    if "|" not in text:
        return text
    coded = re.sub(r"`([^`]*)`", lambda code: f"<code>{html.escape(code[1])}</code>", text)
    return coded.replace("|", "&#124;")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Write what differs, and say so."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"wrote {path.name}\n")


if __name__ == "__main__":
    main()
