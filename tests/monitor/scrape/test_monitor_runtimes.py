"""What runtimes say of themselves, on pages as their clients write them."""

import pytest

from qosflood.monitor.exposition.exposition import read_exposition
from qosflood.monitor.scrape.runtimes import NAMES, runtime_figures

PAGES = {
    "node": (
        "nodejs_heap_size_used_bytes 4096\n"
        "nodejs_eventloop_lag_seconds 0.5\nnodejs_eventloop_lag_p99_seconds 0.25\n"
        'nodejs_gc_duration_seconds_count{kind="minor"} 90\n'
        'nodejs_gc_duration_seconds_count{kind="major"} 3\n',
        (4096, 0.25, 3.0),
    ),
    "python": (
        'python_gc_collections_total{generation="0"} 90\n'
        'python_gc_collections_total{generation="2"} 4\n',
        (None, None, 4.0),
    ),
    "go": (
        "go_memstats_heap_alloc_bytes 5e6\n"
        'go_gc_duration_seconds{quantile="1"} 0.1\ngo_gc_duration_seconds_count 7\n',
        (5_000_000, None, 7.0),
    ),
    "micrometer": (
        'jvm_memory_used_bytes{area="heap",id="Eden"} 100\n'
        'jvm_memory_used_bytes{area="heap",id="Old"} 200\n'
        'jvm_memory_used_bytes{area="nonheap",id="Meta"} 900\n'
        'jvm_gc_pause_seconds_count{action="end of major GC",cause="x"} 2\n'
        'jvm_gc_pause_seconds_count{action="end of minor GC",cause="x"} 80\n',
        (300, None, 2.0),
    ),
    "java client": (
        'jvm_memory_bytes_used{area="heap"} 300\n'
        'jvm_gc_collection_seconds_count{gc="G1 Old Generation"} 1\n'
        'jvm_gc_collection_seconds_count{gc="G1 Young Generation"} 80\n',
        (300, None, 1.0),
    ),
    "none": ("up 1\n", (None, None, None)),
    "no figure": ("nodejs_heap_size_used_bytes NaN\n", (None, None, None)),
}


@pytest.mark.parametrize("runtime", PAGES)
def test_a_runtimes_heap_lag_and_collections_are_found(runtime):
    text, expected = PAGES[runtime]
    page = read_exposition(text.encode(), "text/plain", "rss", wanted=NAMES)
    found = runtime_figures(page)
    assert (found["heap_bytes"], found["loop_lag_s"], found["major_gcs"]) == expected


@pytest.mark.parametrize("value", ["1e300", "+Inf"])
def test_a_heap_that_no_machine_has_is_not_measured_and_named(value):
    body = f"nodejs_heap_size_used_bytes {value}\nprocess_resident_memory_bytes {value}\n"
    page = read_exposition(
        body.encode(), "text/plain", "process_resident_memory_bytes", wanted=NAMES
    )
    assert runtime_figures(page)["heap_bytes"] is None
    assert page.rss_bytes is None
    for name in ("nodejs_heap_size_used_bytes", "process_resident_memory_bytes"):
        assert any(warning.startswith(f"{name} is ") for warning in page.warnings)
