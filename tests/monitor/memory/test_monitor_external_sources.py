"""Memory told by another page, by a real and a made-up Prometheus, by a command."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from plan_maker import make_plan
from processes import wait_until
from raw_server import page, raw_server
from yarl import URL

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PreflightError
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Event, MemorySample
from qosflood.monitor.memory.external_sampler import ExternalSampler
from qosflood.monitor.memory.external_sources import Reading, Unread
from qosflood.monitor.memory.open_external import open_external
from qosflood.plan.watching import MemorySource

SECRET = "planted-51c0aa"
CADVISOR = b"""\
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{pod="qos-0",container="qos"} 7e7 1700000000123
container_memory_working_set_bytes{pod="qos-0",container=""} 9e7 1700000000123
container_memory_working_set_bytes{pod="qos-1",container="qos"} 8e7 1700000000123
# TYPE container_spec_memory_limit_bytes gauge
container_spec_memory_limit_bytes{pod="qos-0",container="qos"} 5e8
"""
USED = 'container_memory_working_set_bytes{pod="$instance",container="qos"}'
LIMIT = 'container_spec_memory_limit_bytes{pod="$instance",container="qos"}'


async def _read(source, instance="qos-0"):
    async with open_external(make_plan(), source, instance) as elsewhere:
        return await elsewhere.read()


def command(*words, timeout_ns=5 * SECOND):
    return MemorySource(kind="command", command=words, timeout_ns=timeout_ns)


def python(text, **options):
    return command(sys.executable, "-c", text, **options)


def read_page(body, read=USED, answer=None, **changes):
    async def run():
        async with raw_server(answer or page(body)) as server:
            fields = {"limit": LIMIT, "timeout_ns": SECOND} | changes
            source = MemorySource(kind="exposition", url=server.url, read=read, **fields)
            return await _read(source)

    return asyncio.run(run())


def test_one_series_of_another_page_is_read_with_its_own_time_and_limit():
    assert read_page(CADVISOR) == Reading(
        used_bytes=70_000_000, limit_bytes=500_000_000, at_ms=1_700_000_000_123
    )


def test_several_series_are_not_guessed_at():
    found = read_page(CADVISOR, 'container_memory_working_set_bytes{pod="qos-0"}')
    assert "2 series are" in found.words
    assert "expected one: name more labels" in found.words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"read": "nothing_bytes"}, "no series is nothing_bytes"),
        ({"answer": page(b"x 1\n", status="503 Busy")}, "status 503"),
        ({"answer": page(b"<html>\n", type_="text/html")}, "content type text/html"),
        ({"answer": page(b"x{ 1\n")}, "line 1"),
        ({"answer": page(b"qos_bytes NaN\n"), "read": "qos_bytes"}, "gave no number of bytes"),
    ],
)
def test_a_page_that_does_not_tell_it_is_unread_and_says_why(options, words):
    found = read_page(CADVISOR, **options)
    assert isinstance(found, Unread)
    assert words in found.words


def test_a_page_that_is_not_there_is_unread():
    source = MemorySource(kind="exposition", url="http://127.0.0.1:1/metrics", read="x")
    assert asyncio.run(_read(source)) == Unread("connection refused")


def test_a_pages_header_is_read_from_its_place_and_never_told(monkeypatch):
    monkeypatch.setenv("KUBELET_TOKEN", SECRET)
    refs = (HeaderRef(name="Authorization", source="env:KUBELET_TOKEN"),)
    found = read_page(b"bad %s\n" % SECRET.encode(), headers=refs)
    assert isinstance(found, Unread)
    assert SECRET not in found.words


def test_a_header_that_is_not_there_cannot_start():
    refs = (HeaderRef(name="Authorization", source="env:NO_SUCH_TOKEN"),)
    with pytest.raises(PreflightError, match="NO_SUCH_TOKEN"):
        read_page(CADVISOR, headers=refs)


def ask(answers, instance="qos-0", **fields):
    """A made-up Prometheus answers expressions with a value and its labels each."""

    async def respond(head, writer):
        url = URL(head.split(b" ")[1].decode(), encoded=True)
        found = answers.get(url.query["query"], [])
        result = [{"metric": labels, "value": [1.0, str(value)]} for value, labels in found]
        data = {"status": "success", "data": {"resultType": "vector", "result": result}}
        writer.write(page(json.dumps(data).encode(), type_="application/json"))

    async def run():
        async with raw_server(respond) as server:
            url = server.url.removesuffix("/metrics")
            source = MemorySource(kind="promql", url=url, **fields)
            return await _read(source, instance), server

    return asyncio.run(run())[0]


def test_an_expression_is_asked_with_the_time_of_its_sample_its_limit_and_restarts():
    answers = {
        'used{pod="qos-0"}': [(7e7, {"pod": "qos-0"})],
        'timestamp(used{pod="qos-0"})': [(1700.25, {})],
        "limit": [(5e8, {})],
        "restarts": [(2, {})],
        "ended": [(0, {"reason": "Error"}), (1, {"reason": "OOMKilled"})],
    }
    fields = {"limit": "limit", "restarts": "restarts", "termination": "ended"}
    assert ask(answers, read='used{pod="$instance"}', **fields) == Reading(
        used_bytes=70_000_000,
        limit_bytes=500_000_000,
        at_ms=1_700_250,
        restarts=2,
        termination="OOMKilled",
    )


def test_an_expression_that_is_not_one_series_is_unread():
    assert ask({}, read="used").words == "no series is used"
    both = ask({"used": [(1, {"a": "1"}), (2, {"a": "2"})]}, read="used")
    assert both.words.startswith("2 series are used, expected one")


def test_a_prometheus_that_is_not_there_is_unread():
    source = MemorySource(kind="promql", url="http://127.0.0.1:1", read="used")
    assert isinstance(asyncio.run(_read(source)), Unread)


def test_a_command_prints_bytes_and_maybe_a_limit():
    assert asyncio.run(_read(python("print(4096)"))) == Reading(used_bytes=4096)
    two = asyncio.run(_read(python("print(4096, 8192)")))
    assert two == Reading(used_bytes=4096, limit_bytes=8192)


def test_a_command_is_told_the_instance_and_is_no_shell():
    script = "import sys; print(4096 if sys.argv[1:] == ['qos-0; exit', '$HOME'] else 1)"
    found = asyncio.run(_read(command(sys.executable, "-c", script, "$instance; exit", "$HOME")))
    assert found == Reading(used_bytes=4096)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit(3)", "ended with status 3"),
        (f"print('{SECRET}')", "printed something else than a number of bytes"),
        ("print(1, 2, 3)", "printed 3 numbers"),
        ("print(-5)", "gave no number of bytes"),
        ("pass", "printed 0 numbers"),
        ("while True: print('7' * 9999)", "printed more than a number of bytes"),
        ("import os; os.close(1); os._exit(0)", "printed 0 numbers"),
    ],
)
def test_a_command_that_fails_is_unread_and_nothing_it_prints_is_shown(script, words):
    found = asyncio.run(_read(python(script)))
    assert words in found.words
    assert SECRET not in found.words


def test_a_command_that_is_not_there_is_unread():
    assert asyncio.run(_read(command("/no/such/program"))).words.startswith("cannot be run")


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path):
    told = tmp_path / "pid"
    script = (
        "import os, time, pathlib\n"
        "child = os.fork()\n"
        f"child and pathlib.Path({str(told)!r}).write_text(str(child))\n"
        "time.sleep(600)\n"
    )
    found = asyncio.run(_read(python(script, timeout_ns=1500 * MS)))
    assert found == Unread("did not end within 1.5s")
    child = int(told.read_text())
    wait_until(lambda: gone(child), "the command's child to be gone")


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except OSError:
        return True


def test_a_word_that_names_a_secrets_place_is_read_there(monkeypatch):
    monkeypatch.setenv("MEMORY_TOKEN", SECRET)
    script = f"import sys; print(4096 if sys.argv[1] == {SECRET!r} else 1)"
    source = command(sys.executable, "-c", script, "env:MEMORY_TOKEN")
    assert asyncio.run(_read(source)) == Reading(used_bytes=4096)
    assert SECRET not in repr(source).replace(script, "")


class Told:
    """A source that tells what it is given, one after the other."""

    def __init__(self, *readings):
        self._readings = list(readings)

    async def read(self):
        return self._readings.pop(0)


def watched(*readings, now_ms=1_000_000):
    watch = ExternalSampler(Told(*readings), "promql", "qos-0", now_ms=lambda: now_ms)
    return [asyncio.run(watch.sample(t * SECOND)) for t in range(1000, 1000 + len(readings))]


def test_a_sample_lies_at_its_sources_own_time():
    ((sample,),) = watched(Reading(used_bytes=7, limit_bytes=9, at_ms=998_000))
    assert sample == MemorySample(
        t=998 * SECOND,
        instance="qos-0",
        source="promql",
        figure="named",
        rss_bytes=7,
        used_bytes=7,
        limit_bytes=9,
        source_ms=998_000,
    )


def test_a_value_repeated_with_the_same_time_is_no_new_sample():
    first, again, later = watched(
        *(Reading(used_bytes=7, at_ms=at) for at in (999_000, 999_000, 999_500))
    )
    assert (len(first), again, len(later)) == (1, [], 1)


def test_the_same_value_without_a_time_of_its_own_is_one():
    assert [len(records) for records in watched(*[Reading(used_bytes=7)] * 3)] == [1, 1, 1]


def test_a_time_of_another_clock_counts_as_now():
    for at_ms in (1_500_000, 100_000):
        ((sample,),) = watched(Reading(used_bytes=7, at_ms=at_ms))
        assert sample.t == 1000 * SECOND


def test_a_source_whose_newest_value_grows_old_is_told_once():
    old = Reading(used_bytes=7, at_ms=900_000)
    records = watched(old, old, old)
    assert [len(each) for each in records] == [1, 1, 0]
    (event,) = records[1]
    assert (event.who, event.kind) == ("generator", "memory_stale")
    assert "is 100s old" in event.what


def test_a_source_that_cannot_be_read_is_told_once_per_reason():
    records = watched(Unread("a"), Unread("a"), Unread("b"), Reading(used_bytes=7), Unread("b"))
    assert [len(each) for each in records] == [1, 0, 1, 1, 1]
    assert records[0][0].what == "memory: promql: a"


def test_more_restarts_than_before_are_a_restart_with_its_reason():
    before, after = (Reading(used_bytes=7, restarts=n, termination="OOMKilled") for n in (1, 2))
    first, second = watched(before, after)
    assert len(first) == 1
    event, _ = second
    assert (event.who, event.kind) == ("target", "restarted")
    assert event.what.endswith("1 restarts became 2 (it ended last by OOMKilled)")
    assert event.evidence["instance"] == "qos-0"


def test_a_count_of_restarts_that_goes_back_began_anew_with_one_more():
    counts = (2, 5, 5, 0, 1)
    events = [
        record
        for records in watched(*(Reading(used_bytes=7, restarts=count) for count in counts))
        for record in records
        if isinstance(record, Event)
    ]
    assert [event.evidence["times"] for event in events] == [3, 1, 1]


def test_restarts_are_told_though_the_memory_is_not():
    first, second = watched(Reading(used_bytes=7, restarts=1), Unread("no series", restarts=2))
    assert first[0].restarts == 1
    assert [event.kind for event in second] == ["restarted", "memory_unread"]
    answers = {"restarts": [(4, {})]}
    assert ask(answers, read="used", restarts="restarts").restarts == 4


def test_what_goes_with_an_expression_and_is_not_told_is_said_once():
    answers = {"used": [(7e7, {})], "restarts": [(1, {"a": "1"}), (2, {"a": "2"})]}
    reading = ask(answers, read="used", restarts="restarts", limit="limit")
    assert reading.missing[0] == "limit_from gave nothing: no series is limit"
    assert reading.missing[1].startswith("restarts_from gave nothing: 2 series are restarts")
    (event, _), (again,) = watched(reading, reading)
    assert (event.kind, isinstance(again, MemorySample)) == ("memory_unread", True)


def test_a_command_that_has_ended_is_not_waited_for_by_what_it_left_running():
    script = "import subprocess; print(77, flush=True); subprocess.Popen(['sleep', '30'])"
    assert asyncio.run(_read(command(sys.executable, "-c", script))) == Reading(used_bytes=77)
