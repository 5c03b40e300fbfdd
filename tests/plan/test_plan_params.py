"""Option texts: those of a profile's keys are read by the keys' own readers."""

import click
import pytest
from resolving import loaded_profile, options_of, problems_of

from qosflood.base.units import HOUR, SECOND, Rate
from qosflood.cli.options import PLAN_OPTIONS
from qosflood.cli.params import COUNT, PEAK
from qosflood.plan.profile.files import key_paths
from qosflood.plan.resolve import with_options


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("rate", "10x", Rate(multiple=10.0)),
        ("rate", "5000/s", Rate(per_second=5000.0)),
        ("duration", "1h", HOUR),
        ("max_rate", "60000/s", 60_000.0),
        ("seed", "0", 0),
        ("shards", "auto", "auto"),
        ("shards", "2", 2),
        ("pid", "42", 42),
        ("scrape_interval", "off", "off"),
        ("scrape_interval", "5s", 5 * SECOND),
        ("job", "5", "5"),
        ("instance", "true", "true"),
        ("cacert", "2026-01-01", "2026-01-01"),
        ("insecure", True, True),
        ("otel", ("http://127.0.0.1:8888/metrics",), ("http://127.0.0.1:8888/metrics",)),
    ],
)
def test_an_option_is_read_as_its_key_is(option, text, value):
    options = options_of(**{option: text})
    ((path, _),) = options.keys.items()
    read = with_options(loaded_profile(), options)
    section, _, key = path.partition(".")
    assert getattr(getattr(read.profile, section), key) == value
    assert read.sources[path] == f"option --{option.replace('_', '-')}"


@pytest.mark.parametrize(
    ("option", "text", "line"),
    [
        ("rate", "10", 'got "10", expected a multiple such as 10x or a rate such as 10/s'),
        ("rate", "fast", 'got "fast", expected a multiple such as 10x or a rate such as 5000/s'),
        ("duration", "15", 'got "15", expected a duration with a unit, e.g. 15m or 15s'),
        ("max_rate", "10x", 'got "10x", expected reports per second, e.g. 50000/s'),
        ("max_rate", "60000", 'got "60000", expected reports per second, e.g. 60000/s'),
        ("seed", "x", 'got "x", expected an integer from 0 to 2^63 - 1, e.g. 42'),
        ("seed", "-1", "got -1, expected an integer from 0 to 2^63 - 1, e.g. 42"),
        ("shards", "all", 'got "all", expected a positive integer or "auto", e.g. "auto"'),
        ("shards", "0", 'got 0, expected a positive integer or "auto", e.g. "auto"'),
        ("pid", "²", 'got "²", expected a positive integer, e.g. 4711'),
        (
            "scrape_interval",
            "5",
            'got "5", expected a duration with a unit or off, e.g. 5m or 5s',
        ),
        ("job", "", 'got "", expected a string that is not empty, e.g. "qos"'),
        ("resolve", "some", 'got "some", expected "one" or "all", e.g. "one"'),
    ],
)
def test_a_wrong_option_is_answered_in_one_line(option, text, line):
    name = f"--{option.replace('_', '-')}"
    assert problems_of(**{option: text}) == [f"{name}: {line}"]


def test_every_key_that_an_option_sets_is_one_of_a_profile():
    keys = [option.key for option in PLAN_OPTIONS if option.key]
    assert set(keys) <= set(key_paths())
    assert len(keys) == len(set(keys)) == 22


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (PEAK, "500@5s", {"peak.clients": "500", "peak.interval": "5s"}),
        (COUNT, "7", 7),
        (COUNT, 7, 7),
    ],
)
def test_an_option_without_a_key_is_read_into_base_units(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        (PEAK, "@5s", 'got "@5s", expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s'),
        (
            PEAK,
            "500@5",
            'got "500@5", expected an interval with a unit, above 0s, e.g. 500@5s',
        ),
        (COUNT, "0", 'got "0", expected a positive integer, e.g. 500'),
        (COUNT, "-1", 'got "-1", expected a positive integer, e.g. 500'),
        (COUNT, "²", 'got "²", expected a positive integer, e.g. 500'),
    ],
)
def test_a_wrong_option_without_a_key_is_answered_in_one_line(kind, text, line):
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(text, None, None)
    assert caught.value.message == line
