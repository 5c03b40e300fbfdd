"""Runs to be compared, made without a journal: whole reports, and a simulation of many.

A simulated run has blocks whose level follows an AR(1) (neighbours resemble each other), and a
level of its own, as runs of one build on one machine have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from stories import document_of, good_run

from qosflood.analysis.findings_series import Block as FoundBlock
from qosflood.analysis.findings_series import Blocks as FoundBlocks
from qosflood.analysis.latency import figures_of, percentile_curve
from qosflood.base.percentiles import PERCENTILES
from qosflood.base.units import MS
from qosflood.journal.histograms import encode, figures, fold, make_histogram
from qosflood.journal.records import Latency
from qosflood.report.compare.comparison import overall
from qosflood.report.compare.figures import FIGURES
from qosflood.report.compare.judging import change_of
from qosflood.report.compare.resampling import Noise, noise_within
from qosflood.report.compare.values import Change, MinEffect, Overall, Word
from qosflood.report.document.schema import Document

CORRELATION = 0.5
BLOCK_SD = 0.04
MEDIAN_MS = 20.0
SPREAD = 0.6
OF_SERVICE = tuple(
    figure.name.removeprefix("service.") for figure in FIGURES if figure.name.startswith("service.")
)
TIMES = tuple(figure.name for figure in FIGURES if figure.series and figure.unit == "ms")
P99 = next(figure for figure in FIGURES if figure.name == "response.p99")


def make_blocks(
    seed: Sequence[int], *, blocks: int = 30, each: int = 1500, scale: float = 1.0
) -> tuple[FoundBlocks, Latency]:
    """A flood's blocks of 30 s and all of them as one histogram."""
    rng = np.random.default_rng(list(seed))
    total = make_histogram()
    made = []
    level = rng.normal(0, BLOCK_SD)
    for number in range(blocks):
        values = rng.lognormal(np.log(MEDIAN_MS * MS * scale) + level, SPREAD, each)
        histogram = make_histogram()
        fold(histogram, values.astype(np.int64))
        fold(total, values.astype(np.int64))
        encoded = encode(histogram)
        made.append(
            FoundBlock(
                t_s=120 + 30 * number,
                scheduled=each,
                sent=each,
                acked=each,
                errors=0,
                response=encoded,
                service=encoded if number == 0 else None,
            )
        )
        level = CORRELATION * level + rng.normal(0, BLOCK_SD * np.sqrt(1 - CORRELATION**2))
    whole = figures(total)
    assert whole is not None
    return FoundBlocks(phase="flood", length_s=30, blocks=tuple(made)), whole


def make_document(
    name: str, seed: int, *, scale: float = 1.0, blocks: int = 30, each: int = 1500
) -> Document:
    """The report of a good run whose response times are those of the simulated blocks."""
    story = good_run()
    cut, whole = make_blocks((seed,), scale=scale, blocks=blocks, each=each)
    shown = figures_of(whole)
    phases = tuple(
        replace(phase, response=shown, service=shown) if phase.name == "flood" else phase
        for phase in story.findings.phases
    )
    curves = [percentile_curve(whole, "flood", series) for series in ("response", "service")]
    findings = replace(
        story.findings,
        blocks=cut,
        phases=phases,
        curves=tuple(curve for curve in curves if curve is not None),
    )
    plan = replace(story.plan, run_id=name)
    return document_of(replace(story, plan=plan, findings=findings))


@dataclass(frozen=True)
class Draw:
    """One simulated run: its percentiles in milliseconds, and what the bootstrap says of each."""

    times_ms: dict[str, float]
    noises: dict[str, Noise]

    @property
    def p99_ms(self) -> float:
        """The response p99."""
        return self.times_ms["response.p99"]

    @property
    def noise(self) -> Noise:
        """That of the response p99."""
        return self.noises["response.p99"]


def in_ms(whole: Latency, figure: str) -> float:
    """A figure of a histogram by its name."""
    return (whole.mean_ns if figure == "mean" else whole.percentiles[figure]) / MS


@cache
def pool(size: int) -> tuple[Draw, ...]:
    """Runs without a level of their own; a level only scales them."""
    drawn = []
    for number in range(size):
        cut, whole = make_blocks((7, number))
        noises = noise_within(cut, (8, number))
        for figure in OF_SERVICE:
            noises[f"service.{figure}"] = noises[f"response.{figure}"]
        times = {name: in_ms(whole, name.partition(".")[2]) for name in TIMES}
        drawn.append(Draw(times, noises))
    return tuple(drawn)


@dataclass(frozen=True)
class Power:
    """How often same runs were called the same, and slower ones regressed."""

    same: float
    regressed: float


def power(
    bases: int, news: int, between: Sequence[float], *, slower: float = 1.2, trials: int, size: int
) -> Power:
    """Over `trials`, the noise between runs drawn from `between` (standard deviations)."""
    rng = np.random.default_rng([bases, news, 42])
    told: dict[bool, list[Word]] = {False: [], True: []}
    for trial in range(trials):
        sd = between[trial % len(between)]
        for worse in (False, True):
            told[worse].append(_verdict(rng, bases, news, sd, slower if worse else 1.0, size))
    return Power(
        same=told[False].count("same") / trials,
        regressed=told[True].count("regressed") / trials,
    )


def _verdict(
    rng: np.random.Generator, bases: int, news: int, sd: float, slower: float, size: int
) -> Word:
    runs = pool(size)
    chosen = [runs[index] for index in rng.integers(0, size, bases + news)]
    levels = np.exp(rng.normal(0, sd, bases + news)) * ([1.0] * bases + [slower] * news)
    values = [run.p99_ms * level for run, level in zip(chosen, levels.tolist(), strict=True)]
    noises = [{"response.p99": run.noise} for run in chosen]
    change = change_of(
        P99, values[:bases], values[bases:], (noises[:bases], noises[bases:]), MinEffect()
    )
    assert change is not None
    return change.verdict


def overall_power(
    bases: int, news: int, between: Sequence[float], *, slower: float = 1.2, trials: int, size: int
) -> Power:
    """As `power`, of the word over all figures of a comparison."""
    rng = np.random.default_rng([bases, news, 43])
    told: dict[bool, list[Overall]] = {False: [], True: []}
    for trial in range(trials):
        sd = between[trial % len(between)]
        for worse in (False, True):
            scales = [1.0] * bases + [slower if worse else 1.0] * news
            runs = [_whole_run(rng, sd, scale, size) for scale in scales]
            told[worse].append(overall(_changes(runs, bases)))
    return Power(
        same=told[False].count("same") / trials,
        regressed=told[True].count("regressed") / trials,
    )


Run = tuple[dict[str, float | None], dict[str, Noise]]


def _whole_run(rng: np.random.Generator, sd: float, slower: float, size: int) -> Run:
    """Every figure of a run. Times and CPU share four fifths and half of the variance of their
    levels; the tail is half as loud again, scrapes and memory per session twice."""
    drawn = pool(size)[int(rng.integers(size))]
    common = rng.normal()

    def level(loud: float = 1.0, shared: float = 0.8) -> float:
        own = np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal()
        return float(np.exp(sd * loud * own))

    at = {name: level(1.5 if name == "p99_9" else 1.0) for name in _FIGURES}
    values: dict[str, float | None] = {
        name: ms * slower * at[name.split(".")[1]] for name, ms in drawn.times_ms.items()
    }
    for name in (f"service.{figure}" for figure in OF_SERVICE):
        values[name] = (values[name] or 0.0) * float(np.exp(rng.normal(0, 0.2 * sd)))
    values |= {
        "errors": abs(rng.normal(0, 1e-4)),
        "offered": 1 - abs(rng.normal(0, 5e-4)),
        "scrape.success": 1.0,
        "scrape.p50": 40 * level(2, 0),
        "memory.max": 200e6 * level(1, 0),
        "memory.per_session": 2000 * level(2, 0),
        "recovery": float(rng.integers(4)),
        "target.cpu": 0.6 * slower * level(1, 0.5),
    }
    return values, drawn.noises


_FIGURES = (*PERCENTILES, "mean")


def _changes(runs: Sequence[Run], bases: int) -> list[Change]:
    noises = [noise for _, noise in runs]
    sides = noises[:bases], noises[bases:]
    made = []
    for figure in FIGURES:
        values = [told.get(figure.name) for told, _ in runs]
        change = change_of(figure, values[:bases], values[bases:], sides, MinEffect())
        if change is not None:
            made.append(change)
    return made
