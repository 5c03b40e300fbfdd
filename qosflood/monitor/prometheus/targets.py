"""Which of Prometheus's targets are the plan's instances."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from qosflood.base.endpoint import is_loopback
from qosflood.monitor.prometheus.client import ActiveTarget
from qosflood.plan.watching import ONE_INSTANCE, Instance, Prometheus

_LOOPBACK = "loopback"
_PORTS = {"http": 80, "https": 443}


def of_job(
    targets: Iterable[ActiveTarget], job: str, instance: str | None
) -> tuple[ActiveTarget, ...]:
    """The targets of a job, of an instance label if one is asked."""
    return tuple(
        target
        for target in targets
        if target.job == job and (instance is None or target.instance == instance)
    )


def named(targets: Sequence[ActiveTarget]) -> list[tuple[str, str]]:
    """Each target's name and URL: its instance label, numbered where several have the same."""
    seen: dict[str, int] = {}
    found = []
    for target in targets:
        label = target.instance or target.url
        seen[label] = seen.get(label, 0) + 1
        name = label if seen[label] == 1 else f"{label} ({seen[label]})"
        found.append((name, target.url))
    return found


def matched(
    prometheus: Prometheus, instances: Iterable[Instance], targets: Sequence[ActiveTarget]
) -> dict[str, ActiveTarget]:
    """The target of each instance that has one: the one of its page, else of its name."""
    asked = targets
    if prometheus.job is not None:
        asked = of_job(targets, prometheus.job, prometheus.instance)
    found = {one.name: _target_of(one, asked) for one in instances}
    only = list(found)
    if prometheus.job is not None and len(asked) == 1 and only == [ONE_INSTANCE]:
        # The one target of the job that was asked for is the one instance, wherever it is reached.
        return {ONE_INSTANCE: asked[0]}
    return {name: target for name, target in found.items() if target is not None}


def is_of(labels: Mapping[str, str], target: ActiveTarget) -> bool:
    """Whether a series is the target's: it carries all its labels."""
    return all(labels.get(name) == text for name, text in target.labels.items())


def _target_of(instance: Instance, targets: Iterable[ActiveTarget]) -> ActiveTarget | None:
    page = _page(instance.scrape_url)
    by_page = (target for target in targets if _page(target.url) == page)
    by_name = (target for target in targets if target.instance == instance.name)
    return next(by_page, None) or next(by_name, None)


def _page(url: str) -> tuple[str, str, int, str, str]:
    """What makes two URLs the same page, by whatever name of this machine."""
    split = urlsplit(url)
    host = split.hostname or ""
    at_home = host == "localhost" or is_loopback(host)
    port = split.port or _PORTS.get(split.scheme, 0)
    return split.scheme, _LOOPBACK if at_home else host, port, split.path, split.query
