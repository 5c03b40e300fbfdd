"""Clients, cadence and rate in a profile: rate = clients / cadence."""

from typing import Annotated, Literal

from qosflood.base.units import SECOND, Rate, format_count, format_duration
from qosflood.plan.options import Options
from qosflood.plan.plan import Load
from qosflood.plan.profile.fields import (
    LONGEST_NS,
    AskedRate,
    Count,
    Duration,
    Expected,
    Quantum,
    Section,
    Seed,
    Shards,
    key,
)
from qosflood.plan.profile.part import clients_here
from qosflood.plan.profile.problems import SHORTEST_NS, Problems
from qosflood.plan.profile.report import ReportSection


class RunSection(Section):
    """Rate and duration of a run that names none on the command line."""

    rate: AskedRate = key("10x", "The flood's rate: a multiple of 1x, or reports per second.")
    duration: Duration = key("15m", "Duration of the flood; the other phases are added to it.")


class PeakSection(Section):
    """What 1x means: the highest load that you expect in production."""

    clients: Count = key(500, "Number of clients at the expected peak.")
    interval: Duration = key("5s", "A client's cadence: the time from one report to the next.")
    scale: Annotated[Literal["clients", "cadence"], Expected('"clients" or "cadence"')] = key(
        "clients", "How a higher rate is reached: more `clients`, or a shorter `cadence`."
    )


class LoadSection(Section):
    """How the generator works."""

    quantum: Quantum = key(
        "200us",
        "Pacing quantum, at most 10ms: reports due within it are sent together, never early.",
    )
    shards: Shards = key(
        1, "Number of generator processes; auto: one fewer than the allowed cores.", "auto"
    )
    seed: Seed | None = key(None, "Seed of every random draw. Default: a new one for each run.", 42)


MOST_CLIENTS = 1_000_000


def build_load(
    asked: LoadSection,
    peak: PeakSection,
    run: RunSection,
    report: ReportSection,
    options: Options,
    cores: int,
    problems: Problems,
) -> Load:
    """The load of sections that already have the options on top.

    `--rate` alone scales the clients (or, where the profile says so, the cadence), `--clients`
    alone keeps the cadence, with both the cadence follows.
    """
    base_clients = _checked_clients("peak.clients", peak.clients, problems)
    base_cadence = problems.duration("peak.interval", peak.interval)
    base_rate = base_clients * SECOND / base_cadence
    clients, cadence = _flood(peak, run.rate, options, base_clients, base_cadence, problems)
    return Load(
        base_clients=base_clients,
        base_cadence_ns=base_cadence,
        clients=clients,
        cadence_ns=cadence,
        scale=peak.scale,
        multiple=clients * SECOND / cadence / base_rate,
        jitter=report.jitter,
        timeout_ns=problems.duration("report.timeout", report.timeout),
        quantum_ns=asked.quantum,
        shards=_shards(asked.shards, cores, clients_here(options, clients), problems),
        clocks=report.clocks,
    )


def _flood(
    peak: PeakSection,
    asked: Rate,
    options: Options,
    clients: int,
    cadence_ns: int,
    problems: Problems,
) -> tuple[int, int]:
    """Clients and cadence of the flood, from those of 1x."""
    base_rate = clients * SECOND / cadence_ns
    if options.clients is not None:
        clients = _checked_clients("load.clients", options.clients, problems)
        if "run.rate" not in options.keys:
            return clients, cadence_ns
    rate = _per_second(asked, base_rate)
    if options.clients is None and peak.scale == "clients":
        return _scaled_clients(rate, cadence_ns, problems), cadence_ns
    return clients, _cadence(clients, rate, problems)


def _per_second(rate: Rate, base_rate: float) -> float:
    if rate.per_second is not None:
        return rate.per_second
    return (rate.multiple or 0.0) * base_rate


def _scaled_clients(rate: float, cadence_ns: int, problems: Problems) -> int:
    clients = rate * cadence_ns / SECOND
    if clients > MOST_CLIENTS:
        problems.add(
            "run.rate",
            f"takes {format_count(clients)} clients at a report every "
            f"{format_duration(cadence_ns)}, expected at most {format_count(MOST_CLIENTS)}: "
            "name --clients so that the cadence follows, lower it, or shorten peak.interval",
        )
    return max(1, round(min(clients, MOST_CLIENTS)))


def _cadence(clients: int, rate: float, problems: Problems) -> int:
    cadence_ns = clients * SECOND / rate
    if cadence_ns < SHORTEST_NS:
        problems.add(
            "run.rate",
            f"takes a report every {format_duration(cadence_ns)} from each of "
            f"{format_count(clients)} clients, expected at least "
            f"{format_duration(SHORTEST_NS)}: lower it, or raise --clients",
        )
    elif cadence_ns > LONGEST_NS:
        problems.add("run.rate", f"is too low for {format_count(clients)} clients: lower --clients")
    return round(min(max(cadence_ns, SHORTEST_NS), LONGEST_NS))


def _checked_clients(key: str, clients: int, problems: Problems) -> int:
    words = f"got {clients}, expected 1 to {format_count(MOST_CLIENTS)} clients, e.g. 500"
    return problems.within(key, clients, 1, MOST_CLIENTS, words)


def _shards(asked: int | str, cores: int, clients: int, problems: Problems) -> int:
    """`auto` leaves one core to the rest; no shard is without a client."""
    if isinstance(asked, str):
        return max(1, min(cores - 1, clients))
    if not 1 <= asked <= clients:
        words = f"got {asked}, expected 1 to {format_count(clients)}, as many as there are clients"
        problems.add("load.shards", words)
    return asked
