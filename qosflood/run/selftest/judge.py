"""Judges what the self-test measured: a row for each fact, with advice. Pure."""

from collections.abc import Sequence

from qosflood.base.units import (
    SECOND,
    US,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
)
from qosflood.plan.plan import LEAST_LATE_GATE_NS
from qosflood.run.preflight.resources import Facts
from qosflood.run.selftest.values import ClockState, Row, Trial, Wakes

LATE_NS = LEAST_LATE_GATE_NS
"""A send lag above which a second of a run counts as late, without a tighter limit."""
_MOST = 0.95
"""Least share of a trial's reports; the rest may be in flight when its two seconds end."""
_STEPS = (2, 2, 4, 4)
"""Divisors of the rate, one after each trial that was late."""
_FEW_FILES = 10_000
_FEW_PORTS = 20_000
_LITTLE_MEMORY = 512 * 1024 * 1024
_SLOW_SOURCES = ("hpet", "acpi_pm", "jiffies")
_WAITED = 0.1
_THROTTLED = 0.01


def on_time(trial: Trial) -> bool:
    """Whether the reports of a trial were sent on time and accepted."""
    lag_ns = trial.lag_p99_ns
    return trial.acked >= _MOST * trial.asked and lag_ns is not None and lag_ns <= LATE_NS


def machine_rows(facts: Facts, cores: int, quota: float | None) -> list[Row]:
    """Cores, memory, open files and ports. `cores` are those of the affinity, `quota` is the
    cgroup's CPU quota in cores, None without one."""
    return [_cores(facts, cores, quota), _memory(facts), _open_files(facts), _ports(facts)]


def _cores(facts: Facts, cores: int, quota: float | None) -> Row:
    words = counted(cores, "core")
    if quota is not None:
        return Row(
            name="cores",
            words=f"{words}, cgroup quota {quota:.3g} cores",
            good=False,
            advice="the quota may stop the generator for up to 100 ms at a time, which makes runs "
            "INVALID: raise or drop the CPU limit (in Kubernetes: requests, no limits.cpu)",
        )
    if facts.cores > 1:
        return Row(name="cores", words=words)
    return Row(
        name="cores",
        words=words,
        good=False,
        advice="load, monitor and a target on this machine share one core: use a machine with two "
        "or more",
    )


def _memory(facts: Facts) -> Row:
    if facts.memory_bytes is None:
        return Row(name="memory", words="unknown")
    return Row(
        name="memory",
        words=f"{format_bytes(facts.memory_bytes)} available",
        good=facts.memory_bytes >= _LITTLE_MEMORY,
        advice=f"expected at least {format_bytes(_LITTLE_MEMORY)}: stop other programs",
    )


def _open_files(facts: Facts) -> Row:
    if facts.open_files is None:
        return Row(name="open files", words="no limit")
    return Row(
        name="open files",
        words=f"{format_count(facts.open_files)} per process, enough for nearly as many clients "
        "per shard",
        good=facts.open_files >= _FEW_FILES,
        advice="raise the hard limit as root: ulimit -Hn 100000, or LimitNOFILE= of the service",
    )


def _ports(facts: Facts) -> Row:
    if facts.ports is None:
        return Row(name="ports", words="unknown")
    return Row(
        name="ports",
        words=f"{format_count(facts.ports)} per pair of source and target address",
        good=facts.ports >= _FEW_PORTS,
        advice='widen the range as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    )


def clock_row(state: ClockState) -> Row:
    """The clock: every run reads it often; parts on several machines need the same UTC."""
    source = f", read from {state.source}" if state.source else ""
    if state.source in _SLOW_SOURCES:
        return Row(
            name="clock",
            words=f"read from {state.source}",
            good=False,
            advice="every reading is a system call, and every report needs several: use tsc or the "
            "hypervisor's clock (clocksource= on the kernel's command line)",
        )
    if state.synchronised is None:
        return Row(name="clock", words=f"unknown whether it is synchronised to UTC{source}")
    if not state.synchronised:
        return Row(
            name="clock",
            words=f"not synchronised to UTC{source}",
            good=False,
            advice="fine for a run on this machine alone; parts on several machines start "
            "together by their clocks: run chrony or systemd-timesyncd",
        )
    error = "" if state.max_error_ns is None else f" within {format_duration(state.max_error_ns)}"
    return Row(name="clock", words=f"synchronised to UTC{error}{source}")


def timer_row(wakes: Wakes) -> Row:
    """The pacer's timer: every send is at least as late as its timer."""
    late = ", ".join(
        f"{format_duration(ns)} {what}"
        for ns, what in ((wakes.p50_ns, "p50"), (wakes.p99_ns, "p99"), (wakes.max_ns, "max"))
    )
    return Row(
        name="timer",
        words=f"{late} late, over {format_count(wakes.count)} wake-ups",
        good=wakes.p99_ns <= LATE_NS // 2,
        advice="other programs or the hypervisor take the cores: stop other programs, pin the "
        "virtual machine's cores, or use another machine",
    )


def trial_rows(saturated: Trial, tried: Sequence[Trial]) -> list[Row]:
    """What a report costs, and the highest rate tried that was sent on time."""
    cost = Row(
        name="report",
        words=f"{format_duration(saturated.cpu_per_report_ns)} of CPU per report in a saturated "
        f"shard: about {format_count(core_rate(saturated))} reports/s on its own core",
    )
    return [cost, _tried(tried[-1]), *_disturbed(tried[-1])]


def _tried(trial: Trial) -> Row:
    lag = (
        "not measured (too few reports)"
        if trial.lag_p99_ns is None
        else format_duration(trial.lag_p99_ns)
    )
    return Row(
        name="trial",
        words=f"{format_count(trial.asked)} reports/s from one shard: "
        f"{format_ratio(round(min(trial.acked / trial.asked, 1.0), 4))} answered, "
        f"send lag p99 {lag}, {trial.cpu_per_report_ns * trial.asked / SECOND:.2f} cores",
        good=on_time(trial),
        advice=f"expected at least {format_ratio(_MOST)} answered and a send lag of at most "
        f"{format_duration(LATE_NS)}: this machine is busy; stop other programs and try again",
    )


def _disturbed(trial: Trial) -> list[Row]:
    rows = []
    if trial.waited > _WAITED:
        rows.append(
            Row(
                name="neighbours",
                words=f"the shard waited for a core {format_ratio(round(trial.waited, 3))} of the "
                "time",
                good=False,
                advice="stop other programs, or run the target on another machine",
            )
        )
    if trial.throttled > _THROTTLED:
        rows.append(
            Row(
                name="throttled",
                words=f"the shard was throttled {format_ratio(round(trial.throttled, 3))} of "
                "the time",
                good=False,
                advice="raise or drop the cgroup's CPU limit",
            )
        )
    return rows


def next_rate(trials: Sequence[Trial], saturated: Trial) -> float | None:
    """Reports per second to try next: half of what saturates, then less in steps; None once a
    trial was on time or enough was tried."""
    if not trials:
        return _two_figures(core_rate(saturated) / 2)
    if on_time(trials[-1]) or len(trials) > len(_STEPS):
        return None
    return _two_figures(trials[-1].asked / _STEPS[len(trials) - 1])


def carries(trial: Trial, clients: int, shards: int, plain: int, tls: int) -> str:
    """The answer in a sentence: what load this machine can carry. `clients` took part in the
    trial; at most `plain` or `tls` fit."""
    if not on_time(trial):
        return (
            f"cannot send {format_count(trial.asked)} reports/s on time: this machine can carry no "
            "load at present"
        )
    rate = format_count(_two_figures(trial.asked * shards))
    spread = "" if shards == 1 else f" from {shards} shards"
    return (
        f"carries about {rate} reports/s{spread} on time, tried with {format_count(clients)} "
        f"clients; room for {format_count(plain)} clients per target address, "
        f"{format_count(tls)} over TLS"
    )


def core_rate(saturated: Trial) -> float:
    """Reports per second of one shard on a core of its own."""
    return _two_figures(SECOND / max(saturated.cpu_per_report_ns, US))


def _two_figures(value: float) -> float:
    return float(f"{value:.2g}")
