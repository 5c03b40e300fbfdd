"""What a comparison of runs draws from, as it stands in report.json. Pure."""

from collections.abc import Iterable

import msgspec

from qosflood.analysis import findings as found
from qosflood.base.units import MS
from qosflood.report.schema_blocks import Blocks, Curve, PhaseCurves

_EVERY = 2
"""Of the analysis's five points to each halving of the distance to 1."""


def curves_part(curves: Iterable[found.PercentileCurve], phase: str) -> PhaseCurves:
    """The phase's percentile curves of response and service."""
    own = {curve.series: _curve(curve) for curve in curves if curve.phase == phase}
    return PhaseCurves(response=own.get("response"), service=own.get("service"))


def _curve(curve: found.PercentileCurve) -> Curve:
    return Curve(
        quantiles=[round(quantile, 8) for quantile in curve.quantiles[::_EVERY]],
        ms=[float(f"{value / MS:.5g}") for value in curve.values_ns[::_EVERY]],
    )


def blocks_part(blocks: found.Blocks | None) -> Blocks | None:
    """The main phase's blocks."""
    return None if blocks is None else Blocks(**msgspec.to_builtins(blocks))
