"""Metrics in OpenTelemetry's data model, sent by its own exporter. Imported only with `--otlp`: the
packages are those of the extra `otel`."""

import logging
import re
from collections.abc import Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from qosflood.base.header_values import redact
from qosflood.base.text import clip, printable
from qosflood.base.units import SECOND
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.meters import BOUNDS_S, Buckets, Family


class SdkSender:
    """Sends families of meters to an OTLP/HTTP endpoint, in 5 s at most."""

    def __init__(self, url: str, headers: dict[str, str], meters: RunMeters) -> None:
        self.why = ""
        self._errors = ErrorLog(headers)
        self._start_ns = meters.wall_ns
        self._run = meters.plan.run_id
        version = meters.plan.version
        self._resource = Resource(
            {"service.name": "qosflood", "service.version": version, "qosflood.run": self._run}
        )
        self._scope = InstrumentationScope("qosflood", version)
        self._exporter = OTLPMetricExporter(
            endpoint=url, headers=headers, timeout=TIMEOUT_S, session=_session()
        )

    def send(self, families: Sequence[Family], now_ns: int) -> bool:
        """Send them; False if they did not arrive, and `why`."""
        self._errors.first = ""
        result = self._exporter.export(self._data(families, now_ns))
        self.why = self._errors.first or "no reason given"
        return result is MetricExportResult.SUCCESS

    def _data(self, families: Sequence[Family], now_ns: int) -> MetricsData:
        metrics = [self._metric(family, now_ns) for family in families]
        scope = ScopeMetrics(scope=self._scope, metrics=metrics, schema_url="")
        whole = ResourceMetrics(resource=self._resource, scope_metrics=[scope], schema_url="")
        return MetricsData(resource_metrics=[whole])

    def _metric(self, family: Family, now_ns: int) -> Metric:
        metric = family.metric
        names = ("run", *metric.labels)
        points: list[Any] = []
        for key, value in family.series:
            about = {
                "attributes": dict(zip(names, (self._run, *key), strict=True)),
                "start_time_unix_nano": self._start_ns,
                "time_unix_nano": now_ns,
            }
            points.append(_point(about, value))
        cumulative = AggregationTemporality.CUMULATIVE
        data: Gauge | Sum | Histogram
        if metric.kind == "histogram":
            data = Histogram(data_points=points, aggregation_temporality=cumulative)
        elif metric.kind == "counter":
            data = Sum(data_points=points, aggregation_temporality=cumulative, is_monotonic=True)
        else:
            data = Gauge(data_points=points)
        return Metric(name=metric.name, description=metric.about, unit=metric.unit, data=data)


def _point(about: dict[str, Any], value: float | Buckets) -> NumberDataPoint | HistogramDataPoint:
    if not isinstance(value, Buckets):
        return NumberDataPoint(value=value, **about)
    return HistogramDataPoint(
        count=value.count,
        sum=value.sum_ns / SECOND,
        bucket_counts=value.counts,
        explicit_bounds=BOUNDS_S,
        min=(value.min_ns or 0) / SECOND,
        max=(value.max_ns or 0) / SECOND,
        **about,
    )


def _session() -> requests.Session:
    """A session that ignores proxies, .netrc and redirects: headers may hold a secret."""
    session = requests.Session()
    session.trust_env = False
    session.hooks["response"].append(_refuse_redirect)
    return session


def _refuse_redirect(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.is_redirect:
        raise requests.TooManyRedirects(
            "the endpoint answered with a redirect, which is not followed"
        )


TIMEOUT_S = 5.0


_LOGGERS = ("opentelemetry", "urllib3")


_ERRNO = re.compile(r"\[Errno -?\d+\] ([\w ]+)")


_ANSWER = re.compile(r"code: (\w+), reason: (.*)")


class ErrorLog(logging.Handler):
    """Keeps the first message of OpenTelemetry's own log since it was cleared, without the values
    of `headers`; it goes nowhere else."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        self._headers = headers
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.handlers = [self]

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        message = redact(printable(record.getMessage(), 1000), self._headers)
        self.first = self.first or _cause(message)


def _cause(message: str) -> str:
    """The cause alone, where the libraries' message is recognised."""
    if found := _ERRNO.search(message):
        return found[1].lower()
    if (found := _ANSWER.search(message)) and found[1] != "None":
        return f"the endpoint answered {found[1]} {found[2]}"
    if "due to timeout" in message:
        return f"no answer within {TIMEOUT_S:.0f}s"
    return clip(message, 200)
