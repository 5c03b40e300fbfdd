"""What the machines of the parts told of TCP is one figure in the merged run."""

import pytest
from part_maker import BEGAN_S, part_records, write_part
from record_maker import T0_NS

from qosflood.analysis import analyse
from qosflood.base.units import SECOND
from qosflood.journal.merge import merge, open_parts
from qosflood.journal.records import TcpSample
from qosflood.journal.run_directory import read_records, read_run


def with_tcp(index):
    """The part's records with counters that stand at the part's own figures and grow by 100
    segments a second, one of them sent again."""
    shift = T0_NS - BEGAN_S[index] * SECOND
    *records, end = part_records(index)
    base = 1_000_000 * index
    for second in range(20):
        t = second * SECOND + shift + index
        sent, resent = base + 100 * second, base + second
        records.append(TcpSample(t=t, sent=sent, resent=resent, dropped=None))
    return [*sorted(records, key=lambda record: record.t), end]


@pytest.mark.parametrize(("hosts", "machines"), [("abc", 3), ("aba", 2), ("aaa", 1)])
def test_segments_sent_again_are_added_over_machines_and_once_for_each(tmp_path, hosts, machines):
    folders = [
        write_part(tmp_path / str(index), index, records=with_tcp(index), host={"name": host})
        for index, host in enumerate(hosts)
    ]
    merge(open_parts(folders), tmp_path / "merged", [])
    run = read_run(tmp_path / "merged")
    findings = analyse(run.plan, run.segment.wall_ns, read_records(tmp_path / "merged"))
    flood = next(phase for phase in findings.phases if phase.name == "flood")
    assert flood.tcp is not None
    assert flood.tcp.resent == machines * (flood.tcp.sent // machines) // 100
    assert flood.tcp.sent == machines * 900
    assert any("the generators' machines" in line for line in findings.limited_evidence)
