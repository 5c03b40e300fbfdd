"""Which limits hold and which stop the run: the shipped ones, the profile's, the command line's."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.units import format_duration
from qosflood.plan.limit_language import (
    LOAD_PHASES,
    metric_of,
    parse_abort,
    parse_limit,
)
from qosflood.plan.options import Options
from qosflood.plan.plan import Limit, NamedBy, Op, Phase
from qosflood.plan.profile.fields import AbortLimit, Expected, ExpectedLimit, Section, key
from qosflood.plan.profile.problems import Origins, Problems
from qosflood.plan.watching import Watch


class LimitsSection(Section):
    """What must hold for a PASS, and what stops a run. Limits named here count as yours."""

    expect: Annotated[
        tuple[ExpectedLimit, ...], Field(strict=False), Expected("a list of limits")
    ] = key(
        [],
        "Limits that must hold; each replaces the shipped limit on the same metric.",
        ["response.p99 < 250ms"],
    )
    abort: Annotated[tuple[AbortLimit, ...], Field(strict=False), Expected("a list of limits")] = (
        key(
            [],
            "Conditions that stop the run when they hold for the time named.",
            ["errors > 50% for 15s"],
        )
    )


SHIPPED_LIMITS = (
    "errors < 0.1%",
    "offered >= 99%",
    "restarts == 0",
    "memory.leak == none",
    "loss == none",
)
SHIPPED_ABORTS = ("errors > 50% for 15s",)
MEMORY_ABORT = "memory.max > 90%"
_DIRECTIONS: dict[Op, set[str]] = {
    "<": {"<"},
    "<=": {"<"},
    ">": {">"},
    ">=": {">"},
    "==": {"<", ">"},
}

Sourced = dict[Limit, str]
"""Limits with where they came from, in the order to show them."""
Parse = Callable[[str, NamedBy], Limit]


def build_limits(
    asked: LimitsSection,
    origins: Origins,
    options: Options,
    watch: Watch,
    problems: Problems,
) -> Sourced:
    """The limits that must hold for a PASS."""
    shipped = list(SHIPPED_LIMITS)
    if watch.interval_ns is not None:
        gap = format_duration(2 * watch.interval_ns + watch.timeout_ns)
        shipped.insert(2, f"scrape.gap < {gap}")
    limits = _merge(
        _shipped(parse_limit, shipped),
        _profiles(origins, "limits.expect", asked.expect),
    )
    return _absolute(_merge(limits, _options(options, problems)), watch)


def build_aborts(asked: LimitsSection, origins: Origins, watch: Watch, loopback: bool) -> Sourced:
    """The conditions that stop the run; a share of an unknown memory limit stops none."""
    shipped = SHIPPED_ABORTS if loopback else [*SHIPPED_ABORTS, MEMORY_ABORT]
    aborts = _merge(
        _shipped(parse_abort, shipped),
        _profiles(origins, "limits.abort", asked.abort),
    )
    return _absolute(aborts, watch)


def check_scopes(
    limits: Iterable[Limit],
    phases: tuple[Phase, ...],
    watch: Watch,
    problems: Problems,
    *,
    prometheus: bool = False,
) -> None:
    """Note every limit that this plan could never judge; a `prometheus` reports scrapes, too."""
    names = [phase.name for phase in phases]
    for limit in limits:
        if limit.scope in (*LOAD_PHASES, "settle") and limit.scope not in names:
            problems.add_line(
                f"limit {limit.expr}: got a phase this plan leaves out, "
                f"expected one of {', '.join(names)}"
            )
        scraped = watch.interval_ns is not None or (prometheus and limit.metric == "scrape.success")
        if metric_of(limit).source == "scrapes" and not scraped:
            problems.add_line(f"limit {limit.expr}: needs scrapes, and scrape.interval is off")


def _shipped(parse: Parse, texts: Iterable[str]) -> Sourced:
    return {parse(text, "shipped"): "shipped default" for text in texts}


def _profiles(origins: Origins, key: str, limits: tuple[Limit, ...]) -> Sourced:
    """Limits of a shipped profile count as shipped, all others as the user's."""
    source = origins.of(key, "profile")
    named_by: NamedBy = "user" if origins.named_by_user(source) else "shipped"
    return {replace(limit, named_by=named_by): source for limit in limits}


def _options(options: Options, problems: Problems) -> Sourced:
    source = options.source("limits")
    parsed = (problems.catch(options.name("limits"), parse_limit, text) for text in options.limits)
    return {limit: source for limit in parsed if limit is not None}


def _merge(lower: Sourced, upper: Sourced) -> Sourced:
    """`lower` without the limits that one of `upper` replaces, then `upper`."""
    kept = {
        limit: source
        for limit, source in lower.items()
        if not any(_same_thing(limit, other) for other in upper)
    }
    return kept | upper


def _same_thing(one: Limit, other: Limit) -> bool:
    same = (one.scope, one.metric) == (other.scope, other.metric)
    return same and bool(_DIRECTIONS[one.op] & _DIRECTIONS[other.op])


def _absolute(limits: Sourced, watch: Watch) -> Sourced:
    """Shares of a memory limit that the plan knows, as bytes; others depend on the source."""
    return {_in_bytes(limit, watch): source for limit, source in limits.items()}


def _in_bytes(limit: Limit, watch: Watch) -> Limit:
    share = limit.unit == "ratio" and metric_of(limit).unit == "bytes"
    if not share or watch.memory_limit_bytes is None:
        return limit
    return replace(
        limit, unit="bytes", threshold=round(float(limit.threshold) * watch.memory_limit_bytes)
    )
