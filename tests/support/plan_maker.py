"""A Plan for tests, built straight from the frozen values: a few clients, short phases, loopback.

`make_plan(load={"clients": 40}, watch={"pid": 7}, seed=3)`: a keyword named after a part of the
Plan takes the fields of that part to change (or a whole part), any other replaces a field.
"""

from dataclasses import replace
from typing import Any

from qosflood.base.units import MS, SECOND
from qosflood.plan.plan import Load, NetworkClass, Phase, Plan, Target
from qosflood.plan.report import Report
from qosflood.plan.watching import Watch

_MIB = 1024 * 1024


def make_phases(
    load: Load, *, edge_ns: int = 3 * SECOND, flood_ns: int = 10 * SECOND, settle_ns: int = SECOND
) -> tuple[Phase, ...]:
    """baseline, ramp, flood, recovery, settle for `load`; `planned` is the integral of the rate."""
    base = (load.base_clients, load.base_cadence_ns)
    full = (load.clients, load.cadence_ns)
    shapes = (
        ("baseline", edge_ns, base, base),
        ("ramp", edge_ns, base, full),
        ("flood", flood_ns, full, full),
        ("recovery", edge_ns, base, base),
        ("settle", settle_ns, (0, base[1]), (0, base[1])),
    )
    phases: list[Phase] = []
    for name, duration_ns, start, end in shapes:
        rates = (start[0] / start[1], end[0] / end[1])
        phases.append(
            Phase(
                name=name,
                start_ns=phases[-1].end_ns if phases else 0,
                duration_ns=duration_ns,
                clients_from=start[0],
                clients_to=end[0],
                cadence_from_ns=start[1],
                cadence_to_ns=end[1],
                planned=round(duration_ns * sum(rates) / 2),
            )
        )
    return tuple(phases)


def make_load(**changes: Any) -> Load:
    """10 clients, a report a second each, ten times that in the flood."""
    return replace(
        Load(
            base_clients=10,
            base_cadence_ns=SECOND,
            clients=100,
            cadence_ns=SECOND,
            scale="clients",
            multiple=10.0,
            jitter=0.1,
            timeout_ns=10 * SECOND,
            quantum_ns=MS // 2,
            shards=1,
        ),
        **changes,
    )


def make_target(port: int = 8080, **changes: Any) -> Target:
    """Plain HTTP on 127.0.0.1."""
    return replace(
        Target(
            url=f"http://127.0.0.1:{port}",
            scheme="http",
            host="127.0.0.1",
            port=port,
            base_path="",
            addresses=("127.0.0.1",),
            loopback=True,
            embedded=False,
            cacert=None,
            insecure=False,
            headers=(),
        ),
        **changes,
    )


def make_report(**changes: Any) -> Report:
    """The reference API's report."""
    return replace(
        Report(
            method="POST",
            path="/api/v1/metrics/qos",
            content_type="application/json",
            expect=(202,),
            productions=2,
            lines=4,
            bridges=2,
        ),
        **changes,
    )


def make_network(**changes: Any) -> NetworkClass:
    """A poor network: every figure varies, packets are lost in bursts."""
    return replace(
        NetworkClass(
            name="poor",
            weight=1.0,
            rtt_ns=80 * MS,
            rtt_spread=0.4,
            jitter_ns=10 * MS,
            correlation=0.8,
            good_packets=400.0,
            bad_packets=40.0,
            good_loss=0.005,
            bad_loss=0.25,
        ),
        **changes,
    )


def make_watch(port: int = 8080, **changes: Any) -> Watch:
    """Scrapes each second, memory each second."""
    return replace(
        Watch(
            scrape_url=f"http://127.0.0.1:{port}/metrics",
            interval_ns=SECOND,
            timeout_ns=SECOND,
            body_size_limit_bytes=0,
            pid=None,
            memory_interval_ns=SECOND,
            gauge="process_resident_memory_bytes",
            memory_limit_bytes=None,
            memory_block_ns=60 * SECOND,
            memory_warmup_ns=60 * SECOND,
            memory_growth_bytes=5 * _MIB,
        ),
        **changes,
    )


def make_plan(*, port: int = 8080, **overrides: Any) -> Plan:
    """A Plan against 127.0.0.1:`port`; see the module for `overrides`."""

    def part(name: str, make: Any, *args: Any) -> Any:
        given = overrides.pop(name, {})
        return make(*args, **given) if isinstance(given, dict) else given

    load = part("load", make_load)
    phases = part("phases", make_phases, load)
    fields: dict[str, Any] = {
        "version": "0.0.0",
        "run_id": "test",
        "profile": "test",
        "seed": 1,
        "load": load,
        "phases": phases,
        "target": part("target", make_target, port),
        "report": part("report", make_report),
        "networks": (make_network(),),
        "watch": part("watch", make_watch, port),
        "limits": (),
        "aborts": (),
        "sources": {},
    }
    return Plan(**(fields | overrides))
