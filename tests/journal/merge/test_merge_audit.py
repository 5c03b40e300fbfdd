"""What the parts of a run sent is looked for in what the one that watches read back."""

from dataclasses import replace

import pytest
from part_maker import BEGAN_S, PLAN, SHARDS, WALL_NS, part_plan, part_records, write_part
from record_maker import T0_NS

from qosflood.analysis import analyse
from qosflood.base.units import MS, SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSession, SentSessions
from qosflood.journal.merge import merge, open_parts
from qosflood.journal.run_directory import read_records, read_run
from qosflood.plan.watching import Audit

READ = Audit(readback="/held")
END = PLAN.phases[-1].end_ns
OVER = T0_NS + PLAN.load_ns
AFTER = T0_NS + END + SECOND


def session(part, shard):
    return f"qosflood-test-{part}-{shard}"


def sent_ms(part, shard):
    """Apart from each other, so that no session was silent for as long as another."""
    return WALL_NS // MS + 1_000 * (1 + part + shard)


def write(folder, index, *, audit, lost, late=0):
    """A part whose every shard sent one report of a sampled session; part 1 reads them all back."""
    shift = -BEGAN_S[index] * SECOND
    records = part_records(index)
    end = records.pop()
    for shard in range(SHARDS[index]):
        at_ms = sent_ms(index, shard)
        sent = SentSession(session=session(index, shard), acked_ms=at_ms, sent_ms=at_ms)
        records.append(SentSessions(t=OVER + late + shift, shard=shard, sessions=(sent,)))
    if index == 0:
        records += watched(lost)
    plan = replace(part_plan(index), audit=audit if index == 0 else Audit(readback="/held"))
    return write_part(folder, index, plan, [*records, end])


def watched(lost):
    held = {
        session(part, shard): sent_ms(part, shard)
        for part in range(3)
        for shard in range(SHARDS[part])
    }
    for name in lost:
        del held[name]
    yield AuditSample(t=0, done_t=1, instance="target", value=5.0, reason=None)
    yield AuditSample(t=AFTER, done_t=AFTER + 1, instance="target", value=1e9, reason=None)
    for t in (AFTER, AFTER + 1):
        yield ReadBack(
            t=t,
            done_t=t + 1,
            instance="target",
            reason=None,
            status=200,
            bytes=1,
            samples=len(held),
            held=held,
        )


def merged_loss(tmp_path, *, audit=READ, lost=(), late=(0, 0, 0)):
    folders = [
        write(tmp_path / str(index), index, audit=audit, lost=lost, late=late[index])
        for index in range(3)
    ]
    merge(open_parts(folders), tmp_path / "out", [])
    run = read_run(tmp_path / "out")
    return analyse(run.plan, run.segment.wall_ns, read_records(tmp_path / "out")).loss


def test_the_sessions_of_all_parts_are_judged_together(tmp_path):
    loss = merged_loss(tmp_path)
    assert (loss.method, loss.verdict, loss.checked) == ("readback", "ok", sum(SHARDS)), loss


def test_a_session_that_another_part_sent_is_missed(tmp_path):
    loss = merged_loss(tmp_path, lost=[session(1, 2)])
    assert (loss.verdict, loss.missing) == ("lost", 1)
    assert loss.examples[0].startswith(session(1, 2))


def test_a_part_that_drained_after_the_reading_is_left_out(tmp_path):
    late = (0, 0, AFTER - OVER + SECOND)
    loss = merged_loss(tmp_path, lost=[session(2, 0)], late=late)
    assert (loss.verdict, loss.checked) == ("ok", SHARDS[0] + SHARDS[1])


def test_a_counter_sees_the_reports_of_all_parts(tmp_path):
    loss = merged_loss(tmp_path, audit=Audit(counter="a_total"))
    assert loss.foreign == 10**9 - 5 - loss.acked - loss.uncertain


@pytest.mark.parametrize("index", [0, 1])
def test_a_part_alone_says_what_it_can(tmp_path, index):
    folder = write(tmp_path / "one", index, audit=READ, lost=())
    run = read_run(folder)
    loss = analyse(run.plan, run.segment.wall_ns, read_records(folder)).loss
    if index == 0:
        assert (loss.verdict, loss.checked) == ("ok", SHARDS[0])
    else:
        assert (loss.verdict, loss.reason) == ("unmeasured", "watched by part 1")
