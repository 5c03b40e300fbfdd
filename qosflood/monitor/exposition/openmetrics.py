"""Records of OpenMetrics 1.0. Pure."""

import math
import re

from qosflood.monitor.exposition.grammar import (
    LABEL,
    LINE_VALUE,
    METRIC,
    QUOTED,
    QUOTED_LINE,
    Dialect,
    EndOfPage,
    Record,
    RefusedError,
    Series,
    Stage,
    furthest,
    go_float,
    is_utf8,
    read_items,
    stages,
)

END_MARK = re.compile(rb"\0*+(?:\n\0*+)?+")
"""What may follow `# EOF`."""
_TYPES = frozenset(
    (
        b"counter",
        b"gauge",
        b"histogram",
        b"gaugehistogram",
        b"summary",
        b"info",
        b"stateset",
        b"unknown",
    )
)
_META = re.compile(
    rb"# (?:(E\0*+O\0*+F)|(H\0*+E\0*+L\0*+P|T\0*+Y\0*+P\0*+E|U\0*+N\0*+I\0*+T)\0*+ \0*+)"
)
_TEXT = re.compile(rb" ([^\n]*+\n\0*+)")
_NUMBER = rb"[^ \n\0]++"
_STAMP = rb" (?!# )(%s)" % _NUMBER


class OpenMetrics:
    """Reads the records of one page, in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        new = dialect == "3"
        named = rb"(?:%s|%s)" % (LABEL, QUOTED) if new else LABEL
        # A metric name may stand among the labels, but only in quotes (3.11 on).
        quoted = rb"%s(?:=%s)?+" % (QUOTED, LINE_VALUE)
        pair = _pair(LABEL, LINE_VALUE)
        item = rb"(?:%s|%s)" % (pair, quoted) if new else pair
        labels = _list(item, new)
        bare = rb"(?:%s|%s)" % (LABEL, QUOTED_LINE) if new else LABEL
        exemplar = _list(_pair(bare, QUOTED_LINE), new)
        opening = rb"(?:%s|(?=\{))" % METRIC if new else METRIC
        tail = rb"( # \{(%s)\} (%s)(?: (%s))?+)?+" % (exemplar, _NUMBER, _NUMBER)
        self._exemplars_anywhere = new
        self._sample = re.compile(
            rb"(%s)(?:\{(%s)\})?+ (%s)(?:%s)?+%s\n" % (opening, labels, _NUMBER, _STAMP, tail)
        )
        self._item = re.compile(rb"(%s)(?:=(%s))?+,?+" % (named, LINE_VALUE))
        self._exemplar_item = re.compile(rb"(%s)(?:=(%s))?+,?+" % (bare, LINE_VALUE))
        self._name = re.compile(rb"%s|%s" % (METRIC, QUOTED) if new else METRIC)
        self._stages = _stages(opening, labels, named)

    def read(self, page: bytes, at: int) -> tuple[int, Record]:
        """The record at `at` and where it ends.

        Raises RefusedError, UnfinishedError if `page` ends inside it, EndOfPage after the end
        mark.
        """
        found = self._sample.match(page, at)
        if found is not None:
            return found.end(), self._series(found)
        meta = _META.match(page, at)
        if meta is None:
            raise furthest(self._stages, page, at)
        if meta[1]:
            raise EndOfPage(meta.end())
        return self._metadata(page, meta.end(), meta[2].replace(b"\0", b""))

    def _series(self, found: "re.Match[bytes]") -> Series:
        value = _number(found, 3)
        stamp = _moment(found, 4)
        if found[5] is not None:
            _number(found, 7)
            _moment(found, 8)
            read_items(found, 6, self._exemplar_item, b"exemplar")
        name, labels = read_items(found, 2, self._item, found[1] or None)
        if found[5] is not None and not (self._exemplars_anywhere or _may_have_exemplar(name)):
            raise RefusedError(found.start(5), "expected no exemplar for that metric")
        return Series(name, labels, value, stamp)

    def _metadata(self, page: bytes, at: int, kind: bytes) -> tuple[int, Record]:
        name = self._name.match(page, at)
        if name is None:
            raise furthest(_AFTER_KIND, page, at)
        text = _TEXT.match(page, name.end())
        if text is None:
            raise RefusedError(name.end(), "expected one blank and a text")
        said = text[1][:-1]
        if kind == b"TYPE" and said not in _TYPES:
            raise RefusedError(name.end(), "expected one of the eight metric types")
        if kind == b"HELP" and not is_utf8(said):
            raise RefusedError(name.end(), "expected valid UTF-8")
        if kind == b"UNIT" and said and not _bare(name[0]).endswith(b"_" + said):
            raise RefusedError(name.end(), "expected a unit that ends the metric's name")
        return text.end(), name[0] if kind == b"TYPE" else None


def _may_have_exemplar(name: bytes) -> bool:
    return name.endswith((b"_total", b"_bucket"))


def _bare(name: bytes) -> bytes:
    return name[1:-1] if name[:1] == b'"' else name


def _pair(label: bytes, value: bytes) -> bytes:
    return label + rb"=" + value


def _list(item: bytes, trailing_comma: bool) -> bytes:
    return rb"(?:%s(?:,%s)*+%s)?+" % (item, item, rb",?+" if trailing_comma else rb"")


def _number(found: "re.Match[bytes]", group: int) -> float:
    value = go_float(found[group])
    if value is None:
        raise RefusedError(found.start(group), "expected a number")
    return value


def _moment(found: "re.Match[bytes]", group: int) -> int | None:
    if found[group] is None:
        return None
    seconds = _number(found, group)
    if not math.isfinite(seconds):
        raise RefusedError(found.start(group), "expected a finite timestamp")
    return int(seconds * 1000)


def _stages(opening: bytes, labels: bytes, named: bytes) -> tuple[Stage, ...]:
    inside = opening + rb"\{" + labels
    after = opening + rb"(?:\{%s\})?+" % labels
    return (
        *stages((rb"", "a metric name, # HELP, # TYPE, # UNIT or # EOF")),
        *stages((opening, "a blank and a value")),
        *stages((inside, "a label name or }"), (named, "="), (rb"=", "a quoted label value")),
        *stages(
            (after, "a blank and a value"),
            (rb" " + _NUMBER, "a blank and a timestamp, an exemplar or the end of the line"),
            (_STAMP, "an exemplar or the end of the line"),
        ),
    )


_AFTER_KIND = stages((rb"", "a metric name"))
