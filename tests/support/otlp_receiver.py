"""An OTLP/HTTP receiver that decodes what it gets with OpenTelemetry's own protocol buffers."""

import contextlib
import gzip
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)


@dataclass
class Receiver:
    """What came in, heads with their paths; `answers` are the next statuses, 200 when used up."""

    port: int = 0
    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    heads: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    def metrics(self, request: int = -1) -> dict[str, Any]:
        """The metrics of one request by name; the last one's unless told otherwise."""
        return {
            metric.name: metric
            for resource in self.requests[request].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def value(self, name: str, **labels: str) -> float:
        """One point of a counter or gauge in the last request."""
        metric = self.metrics()[name]
        data = metric.sum if metric.HasField("sum") else metric.gauge
        (found,) = (
            point for point in data.data_points if labels.items() <= attributes(point).items()
        )
        return float(found.as_int if found.HasField("as_int") else found.as_double)


def attributes(point: Any) -> dict[str, str]:
    """A point's attributes."""
    return {each.key: each.value.string_value for each in point.attributes}


@contextlib.contextmanager
def otlp_receiver() -> Iterator[Receiver]:
    """One on a free port of 127.0.0.1."""
    received = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            head = {name.lower(): value for name, value in self.headers.items()}
            received.heads.append((self.path, head))
            status = received.answers.pop(0) if received.answers else 200
            if status == 200:
                received.requests.append(ExportMetricsServiceRequest.FromString(body))
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", f"{received.url}/elsewhere")
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
