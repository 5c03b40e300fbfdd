"""What language runtimes say of themselves on a metrics page: heap, event loop, collections. Pure.

Names as prom-client (Node), prometheus_client (Python), client_golang, and both Java clients and
Micrometer expose them. Python exposes no heap.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qosflood.base.foreign_numbers import is_count, whole_number
from qosflood.monitor.exposition.exposition import Exposition, Sample


@dataclass(frozen=True, slots=True)
class _Series:
    """Series of a name whose `label` matches a pattern, all added up; empty: whatever they have."""

    name: str
    label: str = ""
    pattern: str = ""

    def of(self, samples: Iterable[Sample]) -> float | None:
        found = [
            sample.value
            for sample in samples
            if sample.name == self.name
            and (not self.label or re.fullmatch(self.pattern, sample.labels.get(self.label, "")))
        ]
        total = sum(found)
        return total if found and is_count(total) else None


HEAP = (
    _Series("nodejs_heap_size_used_bytes"),
    _Series("go_memstats_heap_alloc_bytes"),
    _Series("jvm_memory_used_bytes", "area", "heap"),
    _Series("jvm_memory_bytes_used", "area", "heap"),
)
LOOP_LAG = (
    _Series("nodejs_eventloop_lag_p99_seconds"),
    _Series("nodejs_eventloop_lag_seconds"),
)
MAJOR_GCS = (
    _Series("nodejs_gc_duration_seconds_count", "kind", "major"),
    _Series("python_gc_collections_total", "generation", "2"),
    _Series("go_gc_duration_seconds_count"),
    _Series("jvm_gc_pause_seconds_count", "action", ".*major.*"),
    _Series("jvm_gc_collection_seconds_count", "gc", ".*(Old|MarkSweep).*"),
)
NAMES = frozenset(series.name for series in (*HEAP, *LOOP_LAG, *MAJOR_GCS))


def runtime_figures(page: Exposition) -> dict[str, Any]:
    """What a page exposes, by the names of a ScrapeSample's fields; None where it does not."""
    heap = _first(HEAP, page.wanted)
    return {
        "heap_bytes": whole_number(heap),
        "loop_lag_s": _first(LOOP_LAG, page.wanted),
        "major_gcs": _first(MAJOR_GCS, page.wanted),
    }


def _first(table: Iterable[_Series], samples: tuple[Sample, ...]) -> float | None:
    values = (series.of(samples) for series in table)
    return next((value for value in values if value is not None), None)
