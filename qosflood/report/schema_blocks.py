"""report.json: what a comparison of runs draws from."""

from qosflood.report.schema_base import Part


class Curve(Part):
    """A percentile curve: the value in milliseconds at each quantile (0 to 1)."""

    quantiles: list[float]
    ms: list[float]


class PhaseCurves(Part):
    """The curves of a phase; null: there were no values."""

    response: Curve | None
    service: Curve | None


class Block(Part):
    """Counts told in one block, `errors` every outcome but acked; its histograms are base64 of
    HdrHistogram's V2 compressed form, in nanoseconds."""

    t_s: int
    scheduled: int
    sent: int
    acked: int
    errors: int
    response: str | None
    service: str | None


class Blocks(Part):
    """The main phase cut into blocks of `length_s` seconds, at most 60 of them: of 30 s, shorter
    in a phase under 4 minutes, of whole minutes in one over half an hour. What is over at the end
    belongs to the last block."""

    phase: str
    length_s: int
    blocks: list[Block]
