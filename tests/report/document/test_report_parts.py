"""Findings as parts of report.json: by name, in the units that names end in."""

from dataclasses import dataclass

import pytest

from qosflood.report.document.parts import part_of
from qosflood.report.document.schema_parts import Part


class Shown(Part):
    """Keys of each sort."""

    name: str
    took_ms: float | None
    each_us: float | None
    share: float | None
    most: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """The finding of it."""

    name: str = "a"
    took_ns: int | None = 2_500_000
    each_ns: float | None = 1_500.0
    share: float | None = 0.5
    most_bytes: int = 7


def test_keys_of_the_same_name_are_taken_and_times_brought_to_their_unit() -> None:
    part = part_of(Shown, Found(), most=7)
    assert part == Shown(name="a", took_ms=2.5, each_us=1.5, share=0.5, most=7)


def test_what_was_not_measured_and_what_has_no_bound_is_null() -> None:
    part = part_of(Shown, Found(took_ns=None, each_ns=float("inf"), share=float("inf")), most=7)
    assert (part.took_ms, part.each_us, part.share) == (None, None, None)


def test_a_key_that_the_finding_lacks_is_an_error_and_never_left_out() -> None:
    with pytest.raises(AttributeError, match="most"):
        part_of(Shown, Found())
