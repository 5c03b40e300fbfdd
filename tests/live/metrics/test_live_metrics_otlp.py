"""Metrics pushed over OTLP, to a receiver that decodes them with OpenTelemetry's own words."""

import builtins
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from otlp_receiver import Receiver, attributes, otlp_receiver
from part_maker import PLAN, whole_records
from plan_maker import make_plan
from processes import free_port, wait_until
from record_maker import WALL_NS, at, healthy_run

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PlanError, PreflightError, StartError
from qosflood.journal.records import Window
from qosflood.live.metrics import otlp_sdk
from qosflood.live.metrics.catalogue import METRICS
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.meters import BOUNDS_S, Family
from qosflood.live.metrics.otlp import EVERY_NS, Push, Pusher, parse_push_url, prepare

SECRET = "Bearer s3cr3t-t0k3n-of-mine"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that answers."""
    with otlp_receiver() as made:
        yield made


def meters_of_a_run() -> RunMeters:
    """Meters that saw a healthy run."""
    plan = make_plan()
    meters = RunMeters(plan, WALL_NS)
    for record in healthy_run(plan):
        meters.feed(record)
    meters.tick(at(3))
    return meters


def pushing(
    url: str, meters: RunMeters, *headers: HeaderRef, notice: Callable[[str], None] = print
) -> Pusher:
    """A pusher to `url`."""
    sender = prepare(Push(parse_push_url(url), headers))(meters)
    return Pusher(meters, sender, time.time_ns, notice)


def test_every_metric_arrives_with_the_figures_of_the_run(receiver: Receiver) -> None:
    meters = RunMeters(PLAN, WALL_NS)
    records = whole_records()
    for record in records:
        meters.feed(record)
    pushing(receiver.url, meters).finish()
    windows = [record for record in records if isinstance(record, Window)]
    flood = [window for window in windows if window.phase == "flood"]
    told = {"phase": "flood", "run": PLAN.run_id}
    acked = sum(window.outcomes["acked"] for window in flood)
    assert receiver.value("qosflood_reports_total", outcome="acked", **told) == acked
    metrics = receiver.metrics()
    assert set(metrics) <= set(METRICS)
    scheduled = metrics["qosflood_reports_scheduled_total"]
    assert scheduled.sum.is_monotonic
    assert scheduled.sum.aggregation_temporality == 2
    assert {point.start_time_unix_nano for point in scheduled.sum.data_points} == {WALL_NS}
    histogram = metrics["qosflood_response_time_seconds"]
    assert histogram.unit == "s"
    (point,) = (
        each for each in histogram.histogram.data_points if attributes(each)["phase"] == "flood"
    )
    responses = [window.response for window in flood if window.response is not None]
    assert point.count == sum(response.count for response in responses) == sum(point.bucket_counts)
    assert tuple(point.explicit_bounds) == BOUNDS_S
    assert point.max == pytest.approx(max(response.max_ns for response in responses) / 1e9)
    assert 0 < point.min <= point.sum / point.count <= point.max


def test_it_says_who_it_is_and_where_it_goes(receiver: Receiver) -> None:
    pushing(receiver.url, meters_of_a_run()).finish()
    ((path, head),) = receiver.heads
    assert path == "/v1/metrics"
    assert head["content-type"] == "application/x-protobuf"
    resource = receiver.requests[0].resource_metrics[0].resource
    assert {each.key: each.value.string_value for each in resource.attributes}[
        "service.name"
    ] == "qosflood"


def test_a_push_each_ten_seconds_and_one_in_the_end(receiver: Receiver) -> None:
    pusher = pushing(receiver.url, meters_of_a_run())
    for tick in range(5):
        pusher.tick(tick * EVERY_NS // 2)
        wait_until(lambda n=tick // 2 + 1: len(receiver.requests) == n, "a push")
    pusher.finish()
    pusher.finish()
    assert len(receiver.requests) == 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (401, "the endpoint answered 401 Unauthorized"),
        (500, "the endpoint answered 500 Internal Server Error"),
        (302, "redirect, which is not followed"),
    ],
)
def test_a_refusal_is_told_once_and_so_is_its_end(
    receiver: Receiver, answer: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTLP_TOKEN", SECRET)
    said: list[str] = []
    ref = HeaderRef(name="Authorization", source="env:OTLP_TOKEN")
    pusher = pushing(receiver.url, meters_of_a_run(), ref, notice=said.append)
    receiver.answers = [answer] * 2
    for tick in range(2):
        pusher.tick(tick * EVERY_NS)
        wait_until(lambda n=tick + 1: len(receiver.heads) == n, "a push")
    pusher.finish()
    assert len(said) == 2
    assert said[0].startswith("warning: metrics could not be pushed (")
    assert why in said[0]
    assert said[1] == "metrics are pushed again"
    assert "s3cr3t" not in "".join(said)
    assert {path for path, _ in receiver.heads} == {"/v1/metrics"}
    assert {head["authorization"] for _, head in receiver.heads} == {SECRET}


def test_an_endpoint_that_is_not_there_is_a_warning(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp_sdk, "TIMEOUT_S", 1.5)
    said: list[str] = []
    pusher = pushing(f"http://127.0.0.1:{free_port()}", meters_of_a_run(), notice=said.append)
    pusher.finish()
    assert said == ["warning: metrics could not be pushed (connection refused); retried every 10s"]
    assert capfd.readouterr() == ("", "")


class Stuck:
    """A sender that never comes back, or raises."""

    why = ""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.calls = 0

    def send(self, families: Sequence[Family], now_ns: int) -> bool:
        self.calls += 1
        if self.error is not None:
            raise self.error
        time.sleep(3600)
        return True


def test_a_push_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qosflood.live.metrics.otlp.LAST_PATIENCE_S", 0.1)
    sender = Stuck(None)
    pusher = Pusher(meters_of_a_run(), sender, time.time_ns, print)
    for tick in range(100):
        pusher.tick(tick * EVERY_NS)
    assert pusher._queue.qsize() <= 1
    pusher.finish()
    assert sender.calls == 1


def test_a_sender_that_fails_in_any_way_is_a_warning() -> None:
    said: list[str] = []
    pusher = Pusher(meters_of_a_run(), Stuck(RuntimeError("x")), time.time_ns, said.append)
    pusher.finish()
    assert said == ["warning: metrics could not be pushed (RuntimeError); retried every 10s"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/metrics"),
        ("https://otlp.example/", "https://otlp.example/v1/metrics"),
        ("https://otlp.example/otlp/v1/metrics", "https://otlp.example/otlp/v1/metrics"),
    ],
)
def test_a_url_without_a_path_gets_the_usual_one(text: str, url: str) -> None:
    assert parse_push_url(text) == url


def test_headers_that_leave_this_machine_unencrypted_are_told() -> None:
    headers = (HeaderRef(name="x", source="env:X"),)
    assert Push("http://otlp.example/v1/metrics", headers).exposed
    assert not Push("http://otlp.example/v1/metrics").exposed
    assert not Push("https://otlp.example/v1/metrics", headers).exposed
    assert not Push("http://127.0.0.1:4318/v1/metrics", headers).exposed


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(PlanError, match="--otlp-header") as refused:
        parse_push_url("http://me:hunter2@127.0.0.1:4318")
    assert "hunter2" not in str(refused.value)


def test_a_missing_extra_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "qosflood.live.metrics.otlp_sdk", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StartError, match=r"pip install 'qosflood\[otel\]'") as refused:
        prepare(Push("http://127.0.0.1:4318/v1/metrics"))
    assert "\n" not in str(refused.value)


def test_a_header_that_cannot_be_read_is_an_error_at_once(tmp_path: Path) -> None:
    ref = HeaderRef(name="x", source=f"file:{tmp_path / 'none'}")
    with pytest.raises(PreflightError, match="cannot be read"):
        prepare(Push("http://127.0.0.1:4318/v1/metrics", (ref,)))


def test_nothing_of_opentelemetry_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, qosflood.cli.flooding; print([m for m in sys.modules if 'opentelemetry' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
