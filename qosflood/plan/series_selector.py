"""Selectors of series as PromQL spells them: `name{label="value", other=~"regex"}`. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qosflood.base.errors import PlanError

_NAME = r"[A-Za-z_:][A-Za-z0-9_:]*"
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_MATCHER = re.compile(
    r"""\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(,|$)"""
)
_ESCAPED = re.compile(r"\\(.)")
_EXAMPLE = """expected one such as container_memory_working_set_bytes{pod="qos-0"}"""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; one that is not there has the empty value."""

    label: str
    op: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels meets it."""
        found = labels.get(self.label, "")
        met = (
            re.fullmatch(self.value, found) is not None
            if self.op.endswith("~")
            else found == self.value
        )
        return met != self.op.startswith("!")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name and what the labels must be like."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def takes(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether it selects a series."""
        return name == self.name and all(matcher.holds(labels) for matcher in self.matchers)


def parse_selector(text: str) -> Selector:
    """A Selector; raises PlanError. Regular expressions are Python's, and match whole values."""
    found = _SELECTOR.fullmatch(text)
    if found is None:
        raise PlanError(f'got "{text}", {_EXAMPLE}')
    name, inside = found.groups()
    matchers: list[Matcher] = []
    at = 0
    inside = (inside or "").rstrip()
    while at < len(inside):
        matched = _MATCHER.match(inside, at)
        if matched is None:
            raise PlanError(f'got "{inside[at:].strip()}" among the labels, {_EXAMPLE}')
        label, op, quoted, _ = matched.groups()
        matchers.append(_matcher(label, op, _ESCAPED.sub(r"\1", quoted[1:-1]), quoted))
        at = matched.end()
    return Selector(name, tuple(matchers))


def _matcher(label: str, op: str, value: str, quoted: str) -> Matcher:
    if not op.endswith("~"):
        return Matcher(label, op, value)
    pattern = quoted[1:-1].replace("\\\\", "\\")
    try:
        re.compile(pattern)
    except re.error as error:
        raise PlanError(f'got "{pattern}" for {label}, which is no pattern ({error})') from None
    return Matcher(label, op, pattern)
