"""What a metrics page says, and which pages fail as in Prometheus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.monitor.exposition.exposition import (
    ExpositionError,
    Sample,
    check_content_type,
    churn,
    read_exposition,
)

GAUGE = "process_resident_memory_bytes"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def read(body: bytes, content_type: str = TEXT):
    return read_exposition(body, content_type, GAUGE)


@pytest.mark.parametrize(
    "content_type",
    [TEXT, "TEXT/PLAIN", OPENMETRICS, "application/vnd.google.protobuf; encoding=delimited"],
)
def test_the_types_prometheus_reads_are_accepted(content_type):
    check_content_type(content_type)


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        (None, "content type missing"),
        ("", "content type missing"),
        ("text/html; charset=utf-8", "content type text/html"),
        ("application/json", "content type application/json"),
    ],
)
def test_any_other_type_fails_the_scrape(content_type, reason):
    with pytest.raises(ExpositionError) as raised:
        read_exposition(b"a 1\n", content_type, GAUGE)
    assert str(raised.value) == reason


def test_a_page_gives_its_series_its_memory_and_its_start():
    page = read(
        b"# HELP process_resident_memory_bytes Resident memory.\n"
        b"# TYPE process_resident_memory_bytes gauge\n"
        b"process_resident_memory_bytes 4.1943040e+07\n"
        b"process_start_time_seconds 1700000000.5\n"
        b'reports_total{code="202"} 7\n'
    )
    assert (page.series, page.samples, page.warnings) == (3, 3, ())
    assert (page.rss_bytes, page.process_start_s) == (40 * 1024 * 1024, 1700000000.5)


def test_a_last_line_without_newline_counts():
    assert read(b"a 1\nb 2").series == 2


def test_repeated_types_and_interleaved_families_are_accepted_with_a_warning():
    page = read(
        b"# TYPE a gauge\n# TYPE b gauge\n"
        b'a{bridge_id="1"} 1\nb{bridge_id="1"} 3\n'
        b'# TYPE a gauge\na{bridge_id="2"} 1\nb{bridge_id="2"} 4\n'
    )
    assert (page.series, page.warnings) == (4, ("1 repeated TYPE lines, first of a",))


def test_an_empty_page_is_read_with_a_warning():
    page = read(b"")
    assert (page.series, page.warnings) == (0, ("the page is empty",))


def test_duplicate_samples_are_a_warning():
    page = read(b'a{x="1",y="2"} 1\na{y="2",x="1"} 2\na 1\na 1 5\na 1 6\n')
    assert (page.series, page.samples) == (2, 5)
    assert page.warnings == ("3 repeated samples of a series, first of a",)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"<html>\n", 1),
        (b"a 1\nb\n", 2),
        (b"a 1\n\n# comment\nb nope\n", 4),
        (b'a{x="1",x="2"} 1\n', 1),
        (b'a 1\nb{x="\xff"} 1\n', 2),
        (b"a 1\n" * 12_000 + b"b nope\n", 12_001),
    ],
)
def test_one_bad_line_fails_the_scrape_and_is_named(body, line):
    with pytest.raises(ExpositionError) as raised:
        read(body)
    assert str(raised.value).startswith(f"parse: line {line}: ")


def test_the_gauge_without_labels_wins_and_the_first_of_several_with_labels():
    labelled = b'process_resident_memory_bytes{pid="%d"} %d\n'
    two = labelled % (1, 10) + labelled % (2, 20)
    assert read(two).rss_bytes == 10
    assert read(two).warnings == (f"2 samples of {GAUGE}; the first one counts",)
    assert read(two + b"process_resident_memory_bytes 30\n").rss_bytes == 30


@pytest.mark.parametrize("value", [b"NaN", b"+Inf", b"0", b"-1"])
def test_a_gauge_that_is_no_size_is_not_measured(value):
    assert read(b"process_resident_memory_bytes " + value + b"\n").rss_bytes is None


def test_openmetrics_is_counted():
    page = read(b"# TYPE a gauge\na 1\n# TYPE r counter\nr_total 2\n# EOF\n", OPENMETRICS)
    assert (page.series, page.warnings) == (2, ())


def test_openmetrics_that_only_a_strict_parser_refuses_is_read_like_any_other():
    page = read(
        b"# TYPE r counter\nr 2\n"
        b"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4096\n# EOF\n",
        OPENMETRICS,
    )
    assert (page.series, page.rss_bytes, page.warnings) == (2, 4096, ())


def test_openmetrics_without_its_end_mark_fails():
    with pytest.raises(ExpositionError, match="does not end with # EOF"):
        read(b"a 1\n", OPENMETRICS)


def test_protobuf_is_accepted_but_not_read():
    page = read(b"\x0a\x01", "application/vnd.google.protobuf")
    assert (page.series, page.warnings) == (None, ("protobuf: the page was not read",))


@given(st.binary(max_size=200), st.sampled_from([TEXT, OPENMETRICS]))
def test_any_bytes_are_read_or_refused_in_one_line(body, content_type):
    try:
        read_exposition(body, content_type, GAUGE)
    except ExpositionError as error:
        assert "\n" not in str(error)


def test_wanted_metrics_are_kept_with_their_labels_in_the_page_s_order():
    body = (
        b'seen_total{zone="a",why="x\\"y\\n"} 1\n'
        b"seen_total 2 1700000000000\nseen_total_more 3\nnot_seen_total 4\n"
        b'seen_total {zone=""} 5\n'
    )
    found = read_exposition(body, TEXT, GAUGE, wanted=["seen_total"]).wanted
    assert found == (
        Sample(name="seen_total", labels={"zone": "a", "why": 'x"y\n'}, value=1.0),
        Sample(name="seen_total", labels={}, value=2.0, timestamp_ms=1_700_000_000_000),
        Sample(name="seen_total", labels={}, value=5.0),
    )


def test_series_that_came_and_went_between_two_pages_are_counted():
    before = read(b'a 1\nb{x="1"} 1\nb{x="2"} 1\n')
    after = read(b'b{x="2"} 7\na 2\nb{x="3"} 1\nc 1\nc 1 5\n')
    assert churn(before, after) == (2, 1)
    assert churn(after, after) == (0, 0)


def test_labels_in_another_order_are_the_same_series_also_across_blocks():
    filler = b"".join(b'f{n="%d"} 1\n' % number for number in range(40_000))
    page = read(b'a{x="1",y="2"} 1\n' + filler + b'a{y="2",x="1"} 2\na{y="3", x="1"} 2\n')
    assert (page.samples, page.series) == (40_003, 40_002)
    assert page.warnings == ("1 repeated samples of a series, first of a",)


def test_a_comma_behind_the_last_label_makes_no_other_series():
    page = read(b'a{x="1",} 1\na{x="1"} 1\na{x="1" } 1\na{x="2",} 1\n')
    assert (page.samples, page.series) == (4, 2)


def test_a_nul_byte_between_lines_ends_a_text_page_with_a_warning():
    page = read(b"a 1\nb 2\n\0<html>\n")
    assert (page.series, page.warnings) == (
        2,
        ("line 3: a NUL byte, Prometheus reads no further",),
    )


def test_a_page_of_comments_alone_is_read_with_a_warning():
    assert read(b"# nothing yet\n").warnings == ("the page has no sample",)


def test_a_quoted_string_that_never_ends_is_refused_where_it_begins():
    with pytest.raises(ExpositionError, match=r"^parse: line 1: expected a closing quote"):
        read(b'a{b="\n' + b"c 1\n" * 200_000)
