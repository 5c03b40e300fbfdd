"""Searches for capacity as their reports: trials written shortly, the answer made of them.

Figures follow from the load: below the knee reports take 5 ms, from it on a second; memory grows
with the clients. `search_document(...)` is the report of such a search.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from stage_maker import make_search
from stories import good_run, judge_all
from trial_maker import made

from qosflood.analysis.verdict.capacity import judge_search
from qosflood.base.units import MS
from qosflood.experiments.capacity.planning import Asked
from qosflood.experiments.capacity.script import answer_of
from qosflood.experiments.capacity.trial import Figures, Purpose, Reason, State, Trial
from qosflood.journal.trial_records import AnswerRecord, TrialRecord
from qosflood.report.capacity import SearchRecords
from qosflood.report.document.document import build_document
from qosflood.report.document.schema import Document

WORDS = "100+ 200+ 400+ 800- 800- 500- 450+ 470- 440+ 460- 455+"
"""A search whose knee lies at 460 clients."""
LIMIT = "response.p99 < 250ms"


def trials_of(
    words: str = WORDS, state: State = "fresh", purpose: Purpose = "climb"
) -> list[Trial]:
    """Trials with figures, a load and its outcome each, as `trial_maker.made` takes them."""
    return [
        replace(
            one,
            state=state,
            broken=(LIMIT,) if one.bad else (),
            why="generator late in 3 of 5 seconds" if one.outcome == "void" else "",
            figures=Figures(
                response_p50_ns=(500 if one.bad else 2) * MS,
                response_p99_ns=(1000 if one.bad else 5) * MS,
                service_mean_ns=2 * MS,
                errors=0.0,
                accepted_per_s=float(min(one.load, 500)),
                in_flight=one.load * 0.002,
                scrape_p99_ns=4 * MS,
                rss_bytes=50_000_000.0 + 10_000 * one.load,
                cores=0.001 * one.load,
            ),
        )
        for one in made(words, purpose)
    ]


def search_document(
    trials: Sequence[Trial] | None = None,
    *,
    need: int | None = None,
    held: int = 0,
    steps: tuple[int, ...] = (),
    reason: Reason = "width",
) -> Document:
    """report.json of a search that ended so, on the flood of `good_run`."""
    trials = trials_of() if trials is None else trials
    plan = make_search(LIMIT, "errors < 1%", asked=Asked(need=need, held=held, steps=steps))
    answer = AnswerRecord(t=0, reason=reason, capacity=answer_of(plan, trials, reason))
    records = [
        TrialRecord(t=at, stage=None, trial=msgspec.to_builtins(one))
        for at, one in enumerate(trials)
    ]
    story = good_run()
    verdict = judge_search(plan, story.findings, judge_all(plan), answer)
    return build_document(
        plan,
        story.findings,
        verdict,
        started_wall_ns=0,
        host={},
        versions={},
        capacity=SearchRecords(trials=records, answer=answer).part(),
    )
