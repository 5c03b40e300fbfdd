"""The `/metrics` page, in Prometheus's text format 0.0.4."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from qosflood.lab.collector.bridges import Bridge
from qosflood.lab.collector.state import Aggregates

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY = "intercom_media_bridge_latency_ms"
_HEALTH = "intercom_media_bridge_health"


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """This process as Prometheus's client libraries describe themselves."""

    cpu_s: float
    resident_bytes: int
    virtual_bytes: int
    start_s: float
    open_fds: int
    max_fds: int


class ProcessProbe:
    """Reads the figures of the process it was made in."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._start_s: float = self._process.create_time()

    def read(self) -> ProcessFigures:
        """The figures now."""
        memory = self._process.memory_info()
        return ProcessFigures(
            cpu_s=time.process_time(),
            resident_bytes=memory.rss,
            virtual_bytes=memory.vms,
            start_s=self._start_s,
            open_fds=self._process.num_fds(),
            max_fds=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )


def render_page(
    means: Aggregates, reports_total: int, bridges: Sequence[Bridge], process: ProcessFigures
) -> str:
    """The whole page."""
    return "".join((_telemetry(means, reports_total), _bridges(bridges), _process(process)))


def _telemetry(means: Aggregates, reports_total: int) -> str:
    return (
        _family("intercom_webrtc_mos_mean", "Mean MOS of all sessions", f"{means.mos:.3f}")
        + _family(
            "intercom_webrtc_packet_loss_mean",
            "Mean packet loss of all sessions in percent",
            f"{means.packet_loss:.5f}",
        )
        + _family(
            "intercom_webrtc_rtt_mean",
            "Mean round trip time of all sessions in milliseconds",
            f"{means.rtt_ms:.3f}",
        )
        + _family(
            "intercom_webrtc_active_sessions", "Sessions whose last report is held", means.count
        )
        + _family(
            "intercom_webrtc_reports_total", "Reports accepted", reports_total, kind="counter"
        )
    )


def _bridges(bridges: Sequence[Bridge]) -> str:
    """The reference's own shape: each bridge's latency family, with its head, amid the health's."""
    lines = [_head(_HEALTH, "Whether the media bridge is healthy")]
    for bridge in bridges:
        labels = f'bridge_id="{_escape(bridge.id)}",base_url="{_escape(bridge.base_url)}"'
        lines.append(f"{_HEALTH}{{{labels}}} {int(bridge.healthy)}\n")
        if bridge.latency_ms is not None:
            lines.append(_head(_LATENCY, "Latency of the last health probe in milliseconds"))
            lines.append(f"{_LATENCY}{{{labels}}} {bridge.latency_ms}\n")
    return "".join(lines)


def _process(process: ProcessFigures) -> str:
    return (
        _family(
            "process_cpu_seconds_total",
            "User and system CPU time spent in seconds",
            f"{process.cpu_s:.6f}",
            kind="counter",
        )
        + _family(
            "process_resident_memory_bytes",
            "Resident memory size in bytes",
            process.resident_bytes,
        )
        + _family(
            "process_virtual_memory_bytes", "Virtual memory size in bytes", process.virtual_bytes
        )
        + _family(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds",
            f"{process.start_s:.2f}",
        )
        + _family("process_open_fds", "Number of open file descriptors", process.open_fds)
        + _family("process_max_fds", "Maximum number of open file descriptors", process.max_fds)
    )


def _family(name: str, meaning: str, value: int | str, kind: str = "gauge") -> str:
    return f"{_head(name, meaning, kind)}{name} {value}\n"


def _head(name: str, meaning: str, kind: str = "gauge") -> str:
    return f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
