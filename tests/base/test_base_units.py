"""Figures with units: read exactly, refused in one line, shown without flattering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.errors import UnitError
from qosflood.base.units import (
    DAY,
    HOUR,
    MINUTE,
    MS,
    SECOND,
    US,
    Rate,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_moment,
    format_ratio,
    format_utc,
    format_utc_ms,
    format_utc_words,
    parse_bytes,
    parse_duration,
    parse_per_second,
    parse_rate,
    parse_ratio,
    text_beside,
    text_in_full,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [("250ms", 250 * MS), ("15m", 15 * MINUTE), ("1h30m", HOUR + 30 * MINUTE), ("10us", 10 * US),
     ("10µs", 10 * US), ("7ns", 7), ("2d", 2 * DAY), ("1.5s", 1500 * MS),
     (" 1 h 30 min ", 90 * MINUTE), ("0s", 0), ("1m500ms", MINUTE + 500 * MS)],
)  # fmt: skip
def test_a_duration_is_read_in_nanoseconds(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "count"),
    [("512MiB", 512 << 20), ("1.5GB", 1_500_000_000), ("2k", 2048), ("7 B", 7), ("3gib", 3 << 30)],
)
def test_a_size_is_read_in_bytes(text, count):
    assert parse_bytes(text) == count


@pytest.mark.parametrize(
    ("text", "value"), [("99.9%", 0.999), ("0.999", 0.999), ("0%", 0.0), ("1", 1.0), ("100%", 1.0)]
)
def test_a_share_is_read_as_a_ratio(text, value):
    assert parse_ratio(text) == pytest.approx(value)


@given(st.integers(0, 10_000))
def test_a_share_in_percent_is_the_float_that_the_counts_give(hundredths):
    text = f"{hundredths // 100}.{hundredths % 100:02}%"
    assert parse_ratio(text) == hundredths / 10_000


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10x", Rate(multiple=10.0)), ("0.5X", Rate(multiple=0.5)),
     ("5000/s", Rate(per_second=5000.0)), (" 2.5 /s", Rate(per_second=2.5))],
)  # fmt: skip
def test_a_rate_is_a_multiple_or_reports_a_second(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("parse", "texts"),
    [
        (parse_duration, ["", "15", "m", "15 parsecs", "-5s", "1h30", "1..5s", "5s x", "5ss"]),
        (parse_bytes, ["", "5", "MiB", "-5MiB", "5 XiB", "5Mi", "nan MiB"]),
        (parse_ratio, ["", "%", "-1%", "101%", "1.01", "9e9%", "much"]),
        (parse_rate, ["", "10", "x", "0x", "0/s", "-1x", "10/m", "10 x x", "inf/s"]),
    ],
)
def test_anything_else_is_refused_with_what_was_got_and_an_example(parse, texts):
    for text in texts:
        with pytest.raises(UnitError) as caught:
            parse(text)
        assert str(caught.value).startswith(f'got "{text}", expected ')
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2


@given(st.text(max_size=12))
def test_no_text_raises_anything_but_a_unit_error(text):
    for parse in (parse_duration, parse_bytes, parse_ratio, parse_rate):
        try:
            value = parse(text)
        except UnitError:
            continue
        assert isinstance(value, Rate) or value >= 0


@pytest.mark.parametrize(
    ("ns", "text"),
    [(950 * US, "950us"), (12_300 * US, "12.3ms"), (8_500 * MS, "8.5s"), (15 * MINUTE, "15m"),
     (90 * MINUTE, "1h30m"), (90 * SECOND, "90s"), (0, "0s"), (-5 * MS, "-5ms"),
     (DAY + HOUR, "1d1h"), (121 * SECOND, "2m1s")],
)  # fmt: skip
def test_a_duration_is_shown_with_the_unit_that_fits(ns, text):
    assert format_duration(ns) == text


@given(st.integers(1_000, 30 * DAY))
def test_a_duration_that_is_shown_can_be_read_back_within_its_rounding(ns):
    assert parse_duration(format_duration(ns)) == pytest.approx(ns, rel=0.05)


@given(st.integers(0, 1 << 50))
def test_a_size_that_is_shown_can_be_read_back_within_its_rounding(count):
    assert parse_bytes(format_bytes(count)) == pytest.approx(count, rel=0.05)


@pytest.mark.parametrize(
    ("count", "text"),
    [(512, "512 B"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3072.0 GiB"),
     (-2048, "-2.0 KiB")],
)  # fmt: skip
def test_a_size_is_shown_with_the_unit_that_fits(count, text):
    assert format_bytes(count) == text


@given(st.floats(0.0, 1.0))
def test_a_share_is_never_rounded_to_nothing_or_to_everything(value):
    assert (format_ratio(value) == "100%") == (value == 1.0)
    assert (format_ratio(value) == "0%") == (value == 0.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1000, "1,000"), (12.5, "12.5"), (7, "7"), (1234.56, "1,235"), (0.25, "0.2")],
)
def test_a_count_is_shown_with_its_thousands(value, text):
    assert format_count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 clients"), (1, "1 client"), (1.5, "1.5 clients"), (2, "2 clients")]
)
def test_a_noun_follows_its_count(value: float, text: str) -> None:
    assert counted(value, "client") == text


@pytest.mark.parametrize(
    ("ns", "short", "with_ms", "words"),
    [
        (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "1970-01-01 00:00:00 UTC"),
        (
            1_795_438_800_999_999_999,
            "2026-11-23T13:00:00.999Z",
            "2026-11-23T13:00:00.999Z",
            "2026-11-23 13:00:00 UTC",
        ),
        (
            1_795_438_801_000_000_001,
            "2026-11-23T13:00:01.000Z",
            "2026-11-23T13:00:01.000Z",
            "2026-11-23 13:00:01 UTC",
        ),
    ],
)
def test_a_moment_is_shown_in_utc_and_never_rounded_up(ns, short, with_ms, words):
    assert (format_utc(ns), format_utc_ms(ns), format_utc_words(ns)) == (short, with_ms, words)


@pytest.mark.parametrize(
    ("parse", "text", "ending"),
    [
        (parse_duration, "15", "a duration with a unit, e.g. 15m or 15s"),
        (parse_duration, " 1.5 ", "a duration with a unit, e.g. 1.5m or 1.5s"),
        (parse_duration, "0", "a duration with a unit, e.g. 250ms, 15m or 1h30m"),
        (parse_bytes, "512", "a size with a unit, e.g. 512MiB or 512MB"),
        (parse_ratio, "99.9", "a share of at most 100%, e.g. 99.9% or 0.999"),
        (parse_ratio, "5", "a share of at most 100%, e.g. 5% or 0.05"),
        (parse_ratio, "500", "a share of at most 100%, e.g. 99.9% or 0.999"),
        (parse_rate, "10", "a multiple such as 10x or a rate such as 10/s"),
        (parse_per_second, "60000", "reports per second, e.g. 60000/s"),
    ],
)
def test_a_bare_number_is_answered_with_the_units_that_it_lacks(parse, text, ending):
    with pytest.raises(UnitError) as caught:
        parse(text)
    assert str(caught.value) == f'got "{text}", expected {ending}'


def test_reports_per_second_are_no_multiple():
    assert parse_per_second("5000/s") == 5000.0
    for text in ("10x", "0/s", "fast/s", ""):
        with pytest.raises(UnitError):
            parse_per_second(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "0.01"), (0.05, "0.05"), (0.0125, "0.013"), (0.0001, "0.0001"), (-0.02, "-0.02")],
)
def test_a_small_rate_is_never_shown_as_none(value, text):
    assert format_count(value) == text


@pytest.mark.parametrize(
    ("form", "value", "other", "text"),
    [
        (format_duration, 250_400_000, 250 * MS, "250.4ms"),
        (format_duration, 251 * MS, 250 * MS, "251ms"),
        (format_duration, 3 * SECOND + 1, 3 * SECOND, "3.000000001s"),
        (format_duration, 2 * MINUTE - 30 * MS, 2 * MINUTE, "119.97s"),
        (format_duration, 15 * MINUTE + 400 * MS, 15 * MINUTE, "15m0.4s"),
        (format_duration, 999_960_000, SECOND, "999.96ms"),
        (format_bytes, (512 << 20) + 1024, 512 << 20, "512.001 MiB"),
        (format_bytes, (1 << 30) - 1, 1 << 30, "1023.999999 MiB"),
        (format_ratio, 0.00101, 0.001, "0.101%"),
        (format_ratio, 0.999999, 0.99, "99.99%"),
        (format_ratio, 0.999999, 0.9999, "99.999%"),
        (format_count, 1000.4, 1000, "1,000.4"),
    ],
)
def test_beside_another_a_value_has_as_many_digits_as_decide(form, value, other, text) -> None:
    assert text_beside(form, value, other) == text


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (format_duration, 250_400_000, "250.4ms"),
        (format_duration, 15 * MINUTE, "15m"),
        (format_duration, 125 * SECOND + 500 * MS, "2m5.5s"),
        (format_ratio, 0.00125, "0.125%"),
        (format_ratio, 0.001, "0.1%"),
        (format_bytes, 512 << 20, "512.0 MiB"),
        (format_count, 3, "3"),
    ],
)
def test_a_threshold_is_shown_in_all_its_digits(form, value, text) -> None:
    assert text_in_full(form, value) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(999_960_000, "1s"), (999_999, "1ms"), (59_990 * MS, "1m"), (119_970 * MS, "2m")],
)
def test_a_duration_that_is_rounded_up_to_the_next_unit_is_shown_in_it(ns, text) -> None:
    assert format_duration(ns) == text


def test_a_size_that_is_rounded_up_to_the_next_unit_is_shown_in_it() -> None:
    assert format_bytes((1 << 30) - 1) == "1.0 GiB"


@pytest.mark.parametrize(
    ("t_s", "text"),
    [(0.0, "0s"), (0.04, "0s"), (-0.5, "-0.5s"), (0.9, "+0.9s"), (14.0, "+14s"), (421.3, "+7m1s")],
)
def test_a_moment_is_one_of_seconds_minutes_and_hours(t_s: float, text: str) -> None:
    assert format_moment(t_s) == text
