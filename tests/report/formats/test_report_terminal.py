"""The end of a run fits its terminal, says the answer last, and holds no more than text."""

import functools
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from findings_maker import make_generator, make_limit
from rich.console import Console
from stories import (
    LOAD,
    STORIES,
    Story,
    document_of,
    failing_run,
    good_run,
    hostile,
    interrupted_run,
)

from qosflood.analysis.analyse import analyse
from qosflood.analysis.verdict.verdict import JudgedLimit, judge
from qosflood.base.errors import ExitCode
from qosflood.base.text import printable
from qosflood.journal.run_directory import read_records, read_run
from qosflood.report.document.schema import Document
from qosflood.report.formats.terminal import (
    MOST_LINES,
    MOST_LINES_OF_PASS,
    MOST_LINES_OF_VERDICT,
    Detail,
    print_summary,
)

NASTY = "\x1b[2J\x1b]0;title\x07\u202e[bold]x[/bold] <b>\r\n"
PAGE = Path("qosflood-runs/20261130T145241Z-intercom-10x/report.html")
RUNS = Path(__file__).parents[2] / "data" / "runs"
GOLDEN = sorted(
    str(path.parent.relative_to(RUNS))
    for path in RUNS.glob("*/*/run.json")
    if "capacity" not in path.parts[-3]  # a search has no phases, and an end of its own
)
WIDTHS = (60, 80, 200)
DETAILS: tuple[Detail, ...] = ("verdict", "short", "all")
SCREEN = 24


def aborted_run() -> Story:
    story = failing_run()
    what = "the abort limit errors > 50% for 15s was broken: errors 73%"
    verdict = replace(
        story.verdict,
        verdict="ABORTED",
        exit_code=ExitCode.ABORTED,
        headline=f"{LOAD} for 15m: ABORTED - {what}",
        reasons=(what,),
    )
    return replace(story, verdict=verdict)


def crowded_run() -> Story:
    """One about which there is more to say than a screen holds."""
    story = failing_run()
    many, reasons = (
        tuple(f"{kind}: something that {'lasted ' * 20}long" for kind in kinds)
        for kinds in ("abcdefgh", "ijklmnop")
    )
    return replace(
        story,
        findings=replace(story.findings, warnings=many, limited_why=f"{'it was ' * 99}so"),
        verdict=replace(story.verdict, reasons=(*story.verdict.reasons, *reasons)),
    )


def crowded_pass() -> Story:
    story = good_run()
    return replace(
        story, findings=replace(story.findings, warnings=crowded_run().findings.warnings)
    )


MADE = {make.__name__: make for make in (*STORIES, aborted_run, crowded_run, crowded_pass)}
KINDS = [*MADE, *GOLDEN]


@functools.cache
def kind_of(name: str) -> Document:
    """Of a made run, or of one that was really played."""
    if name in MADE:
        return document_of(MADE[name]())
    run = read_run(RUNS / name)
    findings = analyse(run.plan, run.segment.wall_ns, read_records(RUNS / name))
    return document_of(Story(run.plan, findings, judge(run.plan, findings)))


def lines_of(
    document: Document, width: int, detail: Detail = "short", *, colour: bool = False
) -> list[str]:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, highlight=False, legacy_windows=False
    )
    print_summary(console, document, PAGE, detail=detail)
    return out.getvalue().splitlines()


def summary(story: Story, width: int, *, colour: bool = False) -> list[str]:
    return lines_of(document_of(story), width, colour=colour)


def flat(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(
    name: str, width: int, detail: Detail
) -> None:
    document = kind_of(name)
    lines = lines_of(document, width, detail)
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[-1].split()[-1] == str(PAGE)
    first = next(line for line in lines if line)
    assert flat([first.split(": ")[0]]) in document.headline


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_the_end_fits_a_screen_and_the_verdict_is_on_the_last(name: str, width: int) -> None:
    document = kind_of(name)
    lines = lines_of(document, width)
    assert len(lines) <= (MOST_LINES_OF_PASS if document.verdict == "PASS" else MOST_LINES)
    answers = [n for n, line in enumerate(lines) if line.startswith(f"{document.verdict} - ")]
    assert len(answers) == 1
    assert len(lines) - answers[0] <= MOST_LINES_OF_VERDICT < SCREEN
    everything = lines_of(document, width, "all")
    assert sum(line.startswith(f"{document.verdict} - ") for line in everything) == 1


@pytest.mark.parametrize("width", WIDTHS[:2])
@pytest.mark.parametrize("name", KINDS)
def test_no_word_number_or_path_is_cut(name: str, width: int) -> None:
    document = kind_of(name)
    for detail in DETAILS:
        words = set(flat(lines_of(document, 10_000, detail)).split())
        shown = set(flat(lines_of(document, width, detail)).split())
        more = {"and", "more", "in", "the", "report", *map(str, range(99))}
        assert shown - words <= more


@pytest.mark.parametrize("detail", ["short", "all"])
@pytest.mark.parametrize("name", KINDS)
def test_a_reason_stands_once(name: str, detail: Detail) -> None:
    document = kind_of(name)
    text = flat(lines_of(document, 10_000, detail))
    unjudged = {printable(limit.reason) for limit in document.limits if limit.ok is None}
    for reason in (*unjudged, *document.reasons, *document.next_steps, document.memory.reason):
        assert not reason or text.count(flat([printable(reason)])) <= 1, reason


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_quiet_gives_the_verdict_the_warnings_and_the_reports_path(name: str, width: int) -> None:
    document = kind_of(name)
    text = flat(lines_of(document, width, "verdict"))
    warnings = [flat([warning])[:60] for warning in document.warnings]
    assert text.startswith(flat([printable(document.headline)]))
    assert text.endswith(f"report {PAGE}")
    assert all(warning in text for warning in warnings)
    assert text.count("warning ") == len(warnings)
    assert "next" not in text


def test_a_pass_says_what_held_what_was_not_judged_and_the_phases_that_matter() -> None:
    text = flat(lines_of(kind_of("run-1-report-2/pass"), 80))
    for piece in (
        "baseline flood recovery",
        "answered /s 100 200 100",
        "loss 10 of 10 sampled sessions hold their last report",
        "recovery as good as in the baseline",
        "warning shared_host: ",
        "PASS - 5 of 7 limits held not judged memory.leak == none: too short to judge; flood for",
        "not judged loss == none: without audit.counter not every report is checked",
        "next find the headroom: run again with --rate 4x",
    ):
        assert piece in text
    assert "ramp" not in text


def test_a_phase_that_was_not_reached_has_no_column() -> None:
    document = document_of(good_run())
    cut = [p if p.name == "baseline" else replace(p, seconds=0.0) for p in document.phases]
    text = "\n".join(lines_of(document.model_copy(update={"phases": cut}), 80))
    assert "baseline" in text
    assert "flood  " not in text


@pytest.mark.parametrize("reason", ["too short", "the target's memory limit is not known"])
def test_a_longer_run_is_named_only_where_shortness_is_the_reason(reason: str) -> None:
    story = good_run()
    memory = replace(story.findings.memory, reason="too short", needed_s=720.0)
    limit = make_limit("memory.time_to_limit > 7d", "memory.time_to_limit", 0)
    judged = JudgedLimit(limit=limit, value=None, n=0, ok=None, reason=reason)
    made = replace(
        story,
        findings=replace(story.findings, memory=memory),
        verdict=replace(story.verdict, limits=(judged,)),
    )
    text = flat(lines_of(document_of(made), 80))
    assert ("too short to judge; flood for 12m" in text) is (reason == "too short")


def test_what_a_session_takes_stands_in_a_line_with_its_interval_or_the_reason() -> None:
    story = good_run()

    def said(**changes: object) -> str:
        memory = replace(story.findings.memory, **changes)  # type: ignore[arg-type]
        made = replace(story, findings=replace(story.findings, memory=memory))
        return flat(lines_of(document_of(made), 120, "all"))

    measured = said(
        bytes_per_session=870.0, bytes_per_session_low=820.0, bytes_per_session_high=920.0
    )
    assert "per session 870 B (820 B to 920 B), apart from connections" in measured
    unknown = said(bytes_per_session=None, bytes_per_session_reason="too few samples")
    assert "per session not known: too few samples" in unknown


def test_a_watch_has_its_own_few_figures() -> None:
    text = flat(lines_of(kind_of("run-1-report-2/watch"), 80))
    assert "scrapes ok 8/8 scrape max" in text
    assert "too short to judge; watch for 12m" in text
    for piece in ("answered", "loss", "recovery"):
        assert piece not in text


def test_what_is_left_out_is_counted() -> None:
    short = lines_of(document_of(crowded_run()), 80)
    (more,) = [line for line in short if re.fullmatch(r" +and \d+ more in the report", line)]
    assert short.index(more) == len(short) - 2
    assert "more in the report" not in flat(lines_of(document_of(crowded_run()), 80, "all"))


@pytest.mark.parametrize("detail", ["short", "all"])
def test_a_reason_that_the_headline_had_no_room_for_is_whole_and_stands_once(
    detail: Detail,
) -> None:
    story = failing_run()
    long = f"the generator was late in {'many ' * 30}windows"
    verdict = replace(
        story.verdict,
        headline=f"5,000 clients: FAIL - {long[:99]}…; 2% of reports failed",
        reasons=(long,),
    )
    text = flat(lines_of(document_of(replace(story, verdict=verdict)), 80, detail))
    assert f"FAIL - {long}; 2% of reports failed" in text
    assert text.count("the generator was late in") == 1


def test_a_headline_without_two_parts_stands_once() -> None:
    story = good_run()
    verdict = replace(story.verdict, headline="all is well", reasons=())
    lines = lines_of(document_of(replace(story, verdict=verdict)), 80)
    assert lines.count("all is well") == 1


def test_limits_of_one_reason_are_named_together() -> None:
    text = flat(lines_of(kind_of("unmeasured_run"), 80))
    assert "memory.leak == none, loss == none: no observations" in text
    assert text.count("no observations") == 1


def test_phases_that_have_no_room_beside_the_others_stand_below() -> None:
    lines = lines_of(document_of(failing_run()), 60, "all")
    heads = [line.split() for line in lines if line.split()[:1] in (["baseline"], ["settle"])]
    assert heads == [["baseline", "ramp", "flood", "recovery"], ["settle"]]


def test_only_those_who_ask_get_figures_that_a_screen_has_no_room_for() -> None:
    document = document_of(good_run())
    few, all_of_them = ("\n".join(lines_of(document, 80, detail)) for detail in DETAILS[1:])
    for name in ("send lag p99", "planned /s"):
        assert name not in few
        assert name in all_of_them


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("make", STORIES)
def test_without_colour_there_is_no_escape_and_with_it_the_same_text(
    make: Callable[[], Story], detail: Detail
) -> None:
    document = document_of(hostile(make(), NASTY))
    plain = lines_of(document, 100, detail)
    assert not set("\n".join(plain)) & {"\x1b", "\x07", "\r", "\u202e"}
    coloured = lines_of(document, 100, detail, colour=True)
    assert "\x1b[1;3" in "\n".join(coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == plain


def test_what_was_looked_at_is_told_only_where_something_is_amiss() -> None:
    evidence = "connects: 10 made in the flood, 0 failed"
    for make, told in ((good_run, False), (failing_run, True)):
        story = make()
        story = replace(story, findings=replace(story.findings, limited_evidence=(evidence,)))
        assert (evidence in "\n".join(lines_of(document_of(story), 200, "all"))) is told


LATE = "generator late in 8 of 17 seconds (47.06%, at most 5% allowed; 8 of 9 in flood): send lag"


def late_run(why: str) -> Story:
    story = failing_run()
    late = make_generator(verdict="late", problems=(LATE,))
    findings = replace(
        story.findings, generator=late, limited_by="generator", limited_why=why, limited_evidence=()
    )
    verdict = replace(
        story.verdict, verdict="INVALID", headline=f"500 clients: INVALID - {LATE}", reasons=(LATE,)
    )
    return replace(story, findings=findings, verdict=verdict)


def test_that_the_generator_was_late_is_said_once() -> None:
    lines = lines_of(document_of(late_run("it sent reports late")), 200)
    assert not [line for line in lines if line.startswith("limited by")]
    assert flat(lines).count("late") == 1


def test_what_a_late_generator_does_not_explain_is_said() -> None:
    why = "it sent reports late; but half of the answers took 2s or more from the send"
    lines = lines_of(document_of(late_run(why)), 200)
    assert [line for line in lines if line.startswith("limited by")]


def test_phases_that_were_not_reached_and_figures_that_nobody_measured_are_left_out() -> None:
    story = interrupted_run()
    first, *rest = story.findings.phases
    unreached = [replace(phase, seconds=0.0) for phase in rest]
    story = replace(story, findings=replace(story.findings, phases=(first, *unreached)))
    lines = lines_of(document_of(story), 100, "all")
    names = next(line for line in lines if line.split() == [first.name])
    shown = lines[lines.index(names) + 1 :]
    assert shown[0].startswith("length")
    assert not [line for line in shown if line.split()[-1:] == ["–"]]
    none = replace(story, findings=replace(story.findings, phases=tuple(unreached)))
    assert not [line for line in lines_of(document_of(none), 100, "all") if "planned /s" in line]


def test_a_doubt_about_lost_reports_comes_before_what_was_too_short_to_judge() -> None:
    document = kind_of("crowded_pass")
    crowd = [
        document.limits[0].model_copy(
            update={"metric": metric, "expr": f"{metric} == none", "ok": None, "reason": reason}
        )
        for metric, reason in (("memory.leak", "too short"), ("loss", "older ones were held"))
    ]
    doubted = replace(document.loss, verdict="inconclusive")
    seen = flat(lines_of(document.model_copy(update={"limits": crowd, "loss": doubted}), 80))
    assert "not judged loss == none: older ones were held" in seen
