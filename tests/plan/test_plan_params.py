"""The option types that hold units."""

import click
import pytest

from qosflood.base.units import SECOND, Rate
from qosflood.cli.params import COUNT, INTERVAL, PEAK, PER_SECOND, RATE, SEED, SHARDS
from qosflood.plan.options import Peak


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (RATE, "10x", Rate(multiple=10.0)),
        (RATE, "5000/s", Rate(per_second=5000.0)),
        (PER_SECOND, "60000/s", 60_000.0),
        (PEAK, "500@5s", Peak(500, 5 * SECOND)),
        (COUNT, "7", 7),
        (SEED, "0", 0),
        (SHARDS, "auto", "auto"),
        (SHARDS, "2", 2),
        (INTERVAL, "off", "off"),
        (INTERVAL, "5s", 5 * SECOND),
        (COUNT, 7, 7),
    ],
)
def test_an_option_is_read_into_base_units(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        (RATE, "10", 'got "10", expected a multiple such as 10x or a rate such as 5000/s'),
        (PER_SECOND, "10x", 'got "10x", expected reports per second, e.g. 50000/s'),
        (PEAK, "@5s", 'got "@5s", expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s'),
        (COUNT, "0", 'got "0", expected a positive integer, e.g. 500'),
        (COUNT, "-1", 'got "-1", expected a positive integer, e.g. 500'),
        (COUNT, "²", 'got "²", expected a positive integer, e.g. 500'),
        (SEED, "x", 'got "x", expected an integer of up to 18 digits, e.g. 42'),
        (SHARDS, "all", 'got "all", expected a positive integer or auto'),
        (INTERVAL, "5", 'got "5", expected a duration or off, e.g. 5s'),
    ],
)
def test_a_wrong_option_is_answered_in_one_line(kind, text, line):
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(text, None, None)
    assert caught.value.message == line
