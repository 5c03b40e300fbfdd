"""report.md and the closing summary."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from rich.console import Console
from stories import (
    STORIES,
    Story,
    document_of,
    failing_run,
    good_run,
    hostile,
    interrupted_run,
    judge_all,
)

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.formats import markdown
from qosflood.report.formats.markdown import MOST_LINES, escape
from qosflood.report.formats.terminal import Detail, print_summary

NASTY = "<script>alert(1)</script> | `x` **b** @team #12 https://evil.example\n# head\x1b[2J\u202e"


@pytest.mark.parametrize("make", STORIES)
def test_report_md_fits_in_thirty_lines(make: Callable[[], Story]) -> None:
    text = markdown.render(document_of(make()))
    assert len(text.splitlines()) <= MOST_LINES
    assert text.startswith("## ")


def test_report_md_stays_short_however_much_there_is_to_say() -> None:
    story = hostile(failing_run(), NASTY)
    limits = story.verdict.limits * 20
    verdict = replace(story.verdict, limits=limits, reasons=("x" * 5000,) * 40)
    lines = markdown.render(document_of(replace(story, verdict=verdict))).splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) < 3000


def test_report_md_holds_headline_reasons_limits_and_next_steps() -> None:
    document = document_of(failing_run())
    text = markdown.render(document)
    assert document.headline.replace("<", "&lt;") in text
    assert "| errors &lt; 0.1% | broken | 0.89% |" in text
    assert "| and 4 ok |" in text
    assert "- First failure: +7m1s" in text
    assert "--rate 5x" in text


def test_a_reason_stands_once_in_report_md() -> None:
    story = good_run()
    reason = "no sample in the flood"
    memory = replace(story.findings.memory, verdict="inconclusive", reason=reason)
    limits = judge_all(story.plan, memory_leak=(None, None, reason))
    story = replace(story, findings=replace(story.findings, memory=memory))
    text = markdown.render(
        document_of(replace(story, verdict=replace(story.verdict, limits=limits)))
    )
    assert text.count(reason) == 1


def test_every_table_of_report_md_has_as_many_cells_in_each_row() -> None:
    for text in ("plain", NASTY):
        lines = markdown.render(document_of(hostile(failing_run(), text))).splitlines()
        widths = [
            {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            for block in "\n".join(lines).split("\n\n")
            if block.startswith("|")
        ]
        assert [len(width) for width in widths] == [1, 1]


@pytest.mark.parametrize("text", [None, NASTY, "$x$ :tada: a@b.example [x](y) `c` &lt;b&gt; # h"])
@pytest.mark.parametrize("make", STORIES)
def test_a_markdown_reader_finds_two_tables_one_fold_and_the_text_as_it_was(
    make: Callable[[], Story], text: str | None
) -> None:
    story = make() if text is None else hostile(make(), text)
    document = document_of(story)
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(markdown.render(document))
    kinds = [token.type for token in tokens]
    inline = [child for token in tokens for child in token.children or []]
    assert kinds.count("table_open") == 2
    assert kinds.count("heading_open") == 1
    raw = "".join(token.content for token in tokens if token.type == "html_block")
    assert raw.split() == ["<details><summary>Phases", "and", "figures</summary>", "</details>"]
    assert {child.type for child in inline} <= {
        *("text", "text_special", "strong_open", "strong_close", "softbreak")
    }
    heading = "".join(child.content for child in tokens[1].children or [])
    shown = heading.replace("\u200b", "").split(" ", 1)[1]
    assert shown == printable(document.headline, 300)


def test_however_short_the_room_the_fold_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    document = document_of(hostile(failing_run(), NASTY))
    whole = markdown.render(document).count("\n")
    for lines in range(20, whole + 1):
        monkeypatch.setattr(markdown, "MOST_LINES", lines)
        assert markdown.render(document).endswith("\n</details>\n")


def test_text_from_the_target_is_shown_as_it_is_in_markdown() -> None:
    text = markdown.render(document_of(hostile(failing_run(), NASTY)))
    assert "<script" not in text
    assert "@team" not in text
    assert "https://evil" not in text
    assert "\n# head" not in text
    assert not set("\x1b\u202e") & set(text)


def test_markdown_markup_is_escaped() -> None:
    assert escape("a*b_c`d|[e](f)<g>") == r"a\*b\_c\`d\|\[e\](f)&lt;g&gt;"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("make", STORIES)
def test_the_summary_fits_the_terminal(make: Callable[[], Story], width: int) -> None:
    lines = summary(make(), width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", [80, 200])
def test_the_summary_says_what_happened_and_where_to_read_on(width: int) -> None:
    text = summary(failing_run(), width)
    flat = " ".join(text.split())
    for piece in (
        "FAIL - errors 0.89%",
        "baseline ramp flood recovery settle",
        "✗ errors < 0.1%",
        "? loss == none",
        "✓ restarts == 0",
        "memory steady; max 145.3 MiB",
        "scrapes 215 of 222 good",
        "first failure +7m1s",
        "next find a load that passes: run again with --rate 5x",
        "report runs/x/report.html",
    ):
        assert piece in flat


def test_every_figure_of_a_phase_is_for_those_who_ask() -> None:
    assert "send lag p99" in summary(good_run(), 80)
    assert "send lag p99" not in summary(good_run(), 80, detail="short")


def test_unbalanced_books_are_said_out_loud() -> None:
    assert "+ 412 without an outcome" in " ".join(summary(interrupted_run(), 200).split())


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    plain = summary(failing_run(), 80, force_terminal=True)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", summary(failing_run(), 80, force_terminal=True))


def test_text_from_the_target_cannot_move_the_cursor_or_style_the_terminal() -> None:
    text = summary(hostile(failing_run(), f"{NASTY} [bold red]x[/]"), 80)
    assert not set("\x1b\x07\x08\r\u202e") & set(text)
    assert "[bold red]x[/]" in text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ünïcode ✓", "plain ünïcode ✓"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\r\nb\tc", "a  b c"),
        ("x\u202ey\u2028z", "x\ufffdy\ufffdz"),
        ("y" * 600, "y" * 499 + "…"),
    ],
)
def test_printable_shows_text_and_nothing_but_text(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def summary(
    story: Story, width: int, *, force_terminal: bool = False, detail: Detail = "all"
) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=force_terminal, highlight=False)
    print_summary(console, document_of(story), Path("runs/x/report.html"), detail=detail)
    return out.getvalue()


def test_the_first_failure_names_the_load_that_was_planned_and_no_empty_figures() -> None:
    document = document_of(failing_run())
    assert document.first_failure is not None
    evidence = {"phase": "flood", "in_that_second": 3, "statuses": {}, "errors": {"reset": 1200}}
    first = document.first_failure.model_copy(update={"evidence": evidence})
    flood = next(phase for phase in document.phases if phase.name == "flood")
    line = cells.first_failure_line(document.model_copy(update={"first_failure": first}))
    assert f" in flood at {flood.rate.planned:,.0f} planned reports/s: " in line
    assert line.endswith(' [1,200 x "reset"]')


def test_a_reason_that_the_headline_holds_is_not_listed_once_more() -> None:
    story = failing_run()
    first, second = story.verdict.reasons
    verdict = replace(story.verdict, headline=f"5,000 clients: FAIL - {first}")
    said = " ".join(summary(replace(story, verdict=verdict), 200).split())
    assert (said.count(first), said.count(f"· {second}")) == (1, 1)


def test_a_report_that_fails_in_a_later_phase_is_named_with_the_one_it_was_due_in() -> None:
    document = document_of(failing_run())
    assert document.first_failure is not None
    flood = document.phase("flood")
    assert flood is not None
    for due, words in (("baseline", ", of a report due in baseline: "), ("flood", "reports/s: ")):
        first = document.first_failure.model_copy(
            update={"t_s": flood.start_s + 1, "evidence": {"phase": due}}
        )
        line = cells.first_failure_line(document.model_copy(update={"first_failure": first}))
        assert words in line, line
