"""qosflood's response times of a frozen server, compared with the ones computed."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from freezing import Ints, Script, evenly_ns, nearest_rank_ns
from freezing_process import Freezing
from peers import FIGURES, QUANTILES
from pinned import Cores
from processes import read_journal, read_report

from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan, plan_from_builtins

AIM_SHARE = 0.02
AIM_MS = 2.0
PREFLIGHT = 1
"""Reports that preflight sends before the schedule begins."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Clients and their cadence; together they make the rate."""

    clients: int
    cadence_ms: int

    def __str__(self) -> str:
        return f"{self.clients:,} clients, every {self.cadence_ms:,} ms"


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure in ms: computed for reports spread evenly, computed from the run's own due times,
    measured by the server's clock, and as qosflood reports it."""

    name: str
    evenly: float
    due: float
    clock: float
    reported: float | None

    @property
    def allowed(self) -> float:
        """How far the reported figure may be from the one computed from due times."""
        return max(AIM_SHARE * self.due, AIM_MS)

    @property
    def off(self) -> float | None:
        """How far the reported figure is from it."""
        return None if self.reported is None else self.reported - self.due

    @property
    def holds(self) -> bool:
        """Whether the aim is met."""
        return self.off is not None and abs(self.off) <= self.allowed


@dataclass(frozen=True, slots=True)
class Own:
    """One run of qosflood: its figures, and the problems that would invalidate them."""

    crowd: Crowd
    figures: tuple[Judged, ...]
    answers: int
    seconds: int
    late: bool
    problems: tuple[str, ...]


def measure_own(
    server: Freezing, cores: Cores, folder: Path, crowd: Crowd, seconds: int, lead_s: int = 2
) -> Own:
    """Flood the server (which keeps its log) with a steady load, judge the flood's figures.

    All clients have connected before the flood begins, in a baseline of `lead_s` at the same rate.
    """
    phases = {"baseline": f"{lead_s}s", "ramp": "0s", "recovery": "0s", "settle": "100ms"}
    peak = f"{crowd.clients}@{crowd.cadence_ms}ms"
    options = f"--target {server.url} --peak {peak} --rate 1x --duration {seconds}s".split()
    for phase, duration in phases.items():
        options += ["--set", f"phases.{phase}={duration}"]
    before = server.log()["reports"]
    cores.flood(folder, options, deadline_s=seconds + lead_s + 90)
    log = server.log()
    report = read_report(folder)
    flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
    due = _waits(folder, server.script)
    clock = _by_the_servers_clock(folder, log["answers"])
    return Own(
        crowd,
        _judge(server.script, due, clock, flood["latency_ms"]["response"]),
        flood["outcomes"]["acked"],
        seconds,
        report["generator"]["verdict"] != "ok",
        tuple(_problems(report, due.size, flood["outcomes"], log["reports"] - before)),
    )


def _judge(
    script: Script, due_ns: Ints, clock_ns: Ints, reported: dict[str, Any]
) -> tuple[Judged, ...]:
    return tuple(
        Judged(
            name,
            evenly_ns(script, QUANTILES[name]) / 1e6,
            nearest_rank_ns(due_ns, QUANTILES[name]) / 1e6,
            nearest_rank_ns(clock_ns, QUANTILES[name]) / 1e6,
            reported[name],
        )
        for name in FIGURES
    )


def _problems(
    report: dict[str, Any], due: int, outcomes: dict[str, int], received: int
) -> list[str]:
    """Problems that invalidate the figures."""
    totals, problems = report["totals"], []
    if report["generator"]["verdict"] != "ok":
        problems.append(f"the generator was {report['generator']['verdict']}")
    if outcomes["acked"] != due:
        problems.append(f"{due} reports were due in the flood, {outcomes['acked']} were accepted")
    sent = totals["scheduled"] + totals["resent"] + PREFLIGHT
    if received != sent:
        problems.append(f"{sent} reports were sent, the server received {received}")
    return problems


def _plan(folder: Path) -> Plan:
    return plan_from_builtins(json.loads((folder / "run.json").read_bytes())["plan"])


def _zero_ns(folder: Path) -> int:
    """The load's start on the machine's monotonic clock."""
    (segment,) = read_journal(folder, "segment")
    events = read_journal(folder, "event")
    started = next(event for event in events if event["kind"] == "load_started")
    zero_ns: int = segment["mono_ns"] + started["evidence"]["t0"]
    return zero_ns


def _waits(folder: Path, script: Script) -> Ints:
    """By arithmetic: how long each report of the flood waits for the server to thaw.

    The due times are a pure function of the plan. Reports that queue behind one another wait no
    longer than to the same thaw.
    """
    plan = _plan(folder)
    flood = plan.phase("flood")
    due = Schedule(plan).between(flood.start_ns, flood.end_ns)
    return script.residuals_ns(due.due_ns + _zero_ns(folder))


def _by_the_servers_clock(folder: Path, answers: list[tuple[int, str]]) -> Ints:
    """How long after it was due the server answered each report of the flood.

    A client's reports are answered in the order in which they were due.
    """
    plan, zero_ns = _plan(folder), _zero_ns(folder)
    answered: dict[int, list[int]] = defaultdict(list)
    for at_ns, session in answers:
        if session.startswith(plan.session_prefix) and at_ns >= zero_ns:
            number = session.removeprefix(plan.session_prefix).partition("-")[0]
            answered[int(number)].append(at_ns)
    turns = {number: iter(moments) for number, moments in answered.items()}
    flood = plan.phase("flood")
    schedule = Schedule(plan)
    due = schedule.between(0, flood.end_ns)
    clients = schedule.numbers[due.client].tolist()
    done_ns = np.array([next(turns[number]) for number in clients], dtype=np.int64)
    late_ns: Ints = done_ns - due.due_ns - zero_ns
    return late_ns[due.due_ns >= flood.start_ns]
