"""The figures by which it is judged what limited a run: one line each, in the flood and at 1x,
whether they speak for or against the cause."""

from collections.abc import Iterator

from qosflood.analysis.findings import (
    ConnectFigures,
    ControlFigures,
    GeneratorFinding,
    PhaseFigures,
    TcpFigures,
)
from qosflood.base.units import format_count, format_duration, format_ratio, text_beside
from qosflood.plan.plan import Plan

_ONE_CORE = 0.9


def evidence_lines(
    plan: Plan, generator: GeneratorFinding, baseline: PhaseFigures | None, flood: PhaseFigures
) -> Iterator[str]:
    """Generator, connects, service time, target's CPU and event loop, TCP, reference endpoint. What
    was not measured is left out, except the reference endpoint, which can be added."""
    yield _generator(generator, flood)
    if flood.connects is not None:
        yield f"connects: {_connects(flood.connects)}"
    yield from _service(baseline, flood)
    yield from _cores(baseline, flood)
    yield from _loop_lag(baseline, flood)
    if flood.tcp is not None:
        yield _tcp(plan, baseline.tcp if baseline else None, flood.tcp)
    yield from _control(plan, baseline, flood)


def _generator(generator: GeneratorFinding, flood: PhaseFigures) -> str:
    p99, stall = flood.send_lag.p99_ns, generator.loop_stall_max_ns
    lag = f"at most {_ns(flood.send_lag.max_ns)}" if p99 is None else f"p99 {_ns(p99)}"
    if p99 is None and flood.send_lag.max_ns is None:
        lag = "not measured"
    gate = generator.late_gate_ns
    longest = _ns(stall) if stall is None else text_beside(format_duration, stall, gate)
    waited = generator.waited_share
    core = "" if waited is None else f"; waited for a core for {format_ratio(waited)} of the flood"
    return (
        f"generator: {generator.verdict}, send lag {lag}, longest loop stall {longest} "
        f"(at most {format_duration(gate)} allowed); "
        f"{format_count(generator.late_windows)} of {format_count(generator.windows)} seconds "
        f"late, {format_count(generator.throttled_windows)} throttled{core}"
    )


def _connects(connects: ConnectFigures) -> str:
    made = (
        f"{format_count(connects.count)} made in the flood, {format_count(connects.failed)} failed"
    )
    if connects.mean_ns is None:
        return made
    slow = f"; {format_count(connects.slow)} took over half a second" if connects.slow else ""
    return f"{made}; mean {_ns(connects.mean_ns)}, longest {_ns(connects.max_ns)}{slow}"


def _service(baseline: PhaseFigures | None, flood: PhaseFigures) -> Iterator[str]:
    """From sent to answered, without the queue."""
    if not flood.service.count:
        return
    now = f"p50 {_ns(flood.service.p50_ns)}, max {_ns(flood.service.max_ns)} in the flood"
    known = baseline is not None and baseline.service.count
    before = baseline.service if baseline is not None and known else None
    before_words = (
        f"; p50 {_ns(before.p50_ns)}, max {_ns(before.max_ns)} in the baseline" if before else ""
    )
    yield f"service time: {now}{before_words}"


def _cores(baseline: PhaseFigures | None, flood: PhaseFigures) -> Iterator[str]:
    if flood.target_cores is None:
        return
    before = baseline.target_cores if baseline else None
    before_words = f", {before:.2f} in the baseline" if before is not None else ""
    full = "; one thread can use at most 1" if flood.target_cores >= _ONE_CORE else ""
    throttled = flood.target_throttled
    quota = f"; throttled for {format_ratio(throttled)} of the time" if throttled else ""
    yield f"target's CPU: {flood.target_cores:.2f} cores in the flood{before_words}{full}{quota}"


def _loop_lag(baseline: PhaseFigures | None, flood: PhaseFigures) -> Iterator[str]:
    if flood.target_loop_lag_ns is None:
        return
    before = baseline.target_loop_lag_ns if baseline else None
    before_words = f", {_ns(before)} in the baseline" if before is not None else ""
    yield f"target's event loop: blocked for {_ns(flood.target_loop_lag_ns)} at most{before_words}"


def _tcp(plan: Plan, before: TcpFigures | None, flood: TcpFigures) -> str:
    whose = "the generators' machines" if plan.merged else "the generator's machine"
    before_words = f"; {_share(before)} in the baseline" if before is not None else ""
    dropped = (
        f"; its listeners dropped {format_count(flood.dropped)} connects, because "
        "their backlog was full"
        if flood.dropped
        else ""
    )
    return (
        f"TCP of {whose}, all connections: {format_count(flood.resent)} of "
        f"{format_count(flood.sent)} segments resent in the flood "
        f"({_share(flood)}){before_words}{dropped}"
    )


def _share(tcp: TcpFigures) -> str:
    return format_ratio(tcp.resent / tcp.sent) if tcp.sent else "0%"


def _control(plan: Plan, baseline: PhaseFigures | None, flood: PhaseFigures) -> Iterator[str]:
    if flood.control is not None:
        before = baseline.control if baseline else None
        before_words = f"; {_requests(before)} in the baseline" if before is not None else ""
        yield f"reference endpoint: {_requests(flood.control)} in the flood{before_words}"
    elif not plan.target.loopback:
        yield (
            "reference endpoint: none, so target and network cannot be distinguished "
            "(--control URL)"
        )


def _requests(control: ControlFigures) -> str:
    failed = f"{format_count(control.failed)} of {format_count(control.count)} requests failed"
    if control.duration_p50_ns is None:
        return failed
    times = f"median {_ns(control.duration_p50_ns)}, longest {_ns(control.duration_max_ns)}"
    return f"{failed}, {format_count(control.slow)} slow, {times}"


def _ns(value: float | None) -> str:
    return "unknown" if value is None else format_duration(value)
