"""The noise within a run: a moving-block bootstrap over the blocks of its flood.

Seconds resemble their neighbours, so blocks of 30 s are drawn, and runs of neighbouring blocks, as
many at a time as the third root of their number: H. R. Künsch, "The jackknife and the bootstrap for
general stationary observations", Annals of Statistics 17 (1989); D. N. Politis and J. P. Romano,
"The stationary bootstrap", JASA 89 (1994); P. Hall, J. L. Horowitz and B.-Y. Jing, "On blocking
rules for the bootstrap with dependent data", Biometrika 82 (1995) (the third root).
Histograms are added and percentiles read from their sum, never from percentiles.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qosflood.analysis.findings_series import Block, Blocks
from qosflood.base.percentiles import PERCENTILES
from qosflood.journal.histograms import counts_of, decode, values_of_indexes

Floats = npt.NDArray[np.float64]

DRAWS = 500
LEAST_BLOCKS = 4
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard error of a figure over one run, of its logarithm where it is compared by ratio;
    `dof` are the degrees of freedom that it rests on."""

    error: float
    dof: float


def noise_within(
    blocks: Blocks | None, seed: Sequence[int], draws: int = DRAWS
) -> dict[str, Noise]:
    """The noise of `response.p50` … `service.mean` (relative), `errors` and `offered` (absolute).

    Empty with under four blocks: it is unknown then.
    """
    if blocks is None or len(blocks.blocks) < LEAST_BLOCKS:
        return {}
    number = len(blocks.blocks)
    length = together(number)
    drawn = weights(number, length, draws, np.random.default_rng(list(seed)))
    # Blocks at the ends are drawn less often, and neighbours never apart: the variance of a mean
    # comes out too small by this factor (Künsch 1989, theorem 3.1).
    widened = math.sqrt(number / (number - length))
    dof = max(number / length - 1, 1.0)
    return {
        name: Noise(widened * float(np.std(values)), dof)
        for name, values in _drawn(blocks.blocks, drawn)
        if np.isfinite(values).all()
    }


def together(number: int) -> int:
    """How many neighbouring blocks are drawn at a time."""
    return math.ceil(math.pow(number, 1 / 3) - 1e-9)


def weights(number: int, length: int, draws: int, generator: np.random.Generator) -> Floats:
    """How often each of `number` blocks stands in each draw: runs of `length` neighbours put one
    after the other until there are `number` again."""
    runs = -(-number // length)
    starts = generator.integers(0, number - length + 1, size=(draws, runs))
    taken = (starts[:, :, None] + np.arange(length)).reshape(draws, -1)[:, :number]
    rows = np.repeat(np.arange(draws), number)
    drawn = np.zeros((draws, number))
    np.add.at(drawn, (rows, taken.ravel()), 1.0)
    return drawn


def _drawn(blocks: Sequence[Block], drawn: Floats) -> Iterator[tuple[str, Floats]]:
    yield from _of_series("response", [block.response for block in blocks], drawn)
    yield from _of_series("service", [block.service for block in blocks], drawn)
    yield "errors", _share(blocks, drawn, lambda b: (b.errors, b.errors + b.acked))
    yield "offered", _share(blocks, drawn, lambda b: (b.sent, b.scheduled))


def _share(
    blocks: Sequence[Block], drawn: Floats, parts: Callable[[Block], tuple[int, int]]
) -> Floats:
    part, whole = np.array([parts(block) for block in blocks], dtype=np.float64).T
    totals = drawn @ whole
    shares: Floats = np.divide(drawn @ part, totals, out=np.zeros_like(totals), where=totals > 0)
    return shares


def _of_series(
    series: str, encoded: Sequence[str | None], drawn: Floats
) -> Iterator[tuple[str, Floats]]:
    counts, highest, middle = _matrix(encoded)
    if not counts.size:
        return
    reached = np.cumsum(counts, axis=1)
    found = [
        _percentiles(drawn[at : at + _AT_ONCE] @ reached, highest)
        for at in range(0, len(drawn), _AT_ONCE)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        for name in PERCENTILES:
            yield f"{series}.{name}", np.log(np.concatenate([some[name] for some in found]))
        sums, totals = counts @ middle, counts.sum(axis=1)
        yield f"{series}.mean", np.log((drawn @ sums) / (drawn @ totals))


def _matrix(encoded: Sequence[str | None]) -> tuple[Floats, Floats, Floats]:
    """Counts of each block by value, the values that occur alone; with what they stand for."""
    rows = [_counts(one) for one in encoded]
    highest, middle = values_of_indexes()
    whole = np.array([row if row is not None else np.zeros(len(highest)) for row in rows])
    used = np.flatnonzero(whole.any(axis=0))
    return whole[:, used].astype(np.float64), highest[used].astype(np.float64), middle[used]


def _counts(encoded: str | None) -> npt.NDArray[np.int64] | None:
    return None if encoded is None else counts_of(decode(encoded)).copy()


def _percentiles(reached: Floats, highest: Floats) -> dict[str, Floats]:
    """Percentiles of each row of cumulated counts, as HdrHistogram counts them, by name."""
    total = reached[:, -1:]
    targets = {
        name: np.maximum(np.ceil(np.nextafter(percentile, -np.inf) * total / 100), 1)
        for name, percentile in PERCENTILES.items()
    }
    return {name: highest[np.argmax(reached >= at, axis=1)] for name, at in targets.items()}
