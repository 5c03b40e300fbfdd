"""Records of the text format 0.0.4. Pure."""

import re

from qosflood.monitor.exposition.grammar import (
    ANY_VALUE,
    LABEL,
    METRIC,
    QUOTED,
    Dialect,
    EndOfPage,
    Record,
    RefusedError,
    Series,
    Stage,
    furthest,
    go_float,
    go_int64,
    is_utf8,
    read_items,
    stages,
)

_TYPES = frozenset((b"counter", b"gauge", b"histogram", b"summary", b"untyped"))
_BLANK = rb"[ \t]*+"
_EQUALS = rb"=(?:[ \t][ \t\0]*+)?+"
_NUMBER = rb"[^{ \t\n\0]++"
_START = re.compile(rb"[ \t]*+(?:(\n)|(\0)|(#))?+")
_COMMENT = re.compile(rb"#(?![ \t])[^\n\0]*+(?:\n|(\0))")
_SPACED = re.compile(
    rb"#[ \t]++(?:(\0)|(H\0*+E\0*+L\0*+P|T\0*+Y\0*+P\0*+E)\0*+[ \t][ \t\0]*+|[^\n]*+\n)"
)
_TEXT = re.compile(rb"([^\n\0][^\n]*+)?+\n")
_NO_TEXT = re.compile(rb"[ \t][ \t\0]*+")


class TextFormat:
    """Reads the records of one page, in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        named = LABEL if dialect == "2" else rb"(?:%s|%s)" % (LABEL, QUOTED)
        label = rb"%s%s%s%s%s(?:,%s)?+" % (named, _BLANK, _EQUALS, ANY_VALUE, _BLANK, _BLANK)
        name_item = rb"%s%s(?:,%s|(?=\}))" % (QUOTED, _BLANK, _BLANK)
        item = label if dialect == "2" else rb"(?:%s|%s)" % (label, name_item)
        opening = METRIC if dialect == "2" else rb"(?:%s|(?=\{))" % METRIC
        self._dialect = dialect
        self._sample = re.compile(
            rb"([ \t]*+)(%s)%s(?:\{%s((?:%s)*+)\}%s)?+(%s)%s(?:([0-9]++)%s)?+\n"
            % (opening, _BLANK, _BLANK, item, _BLANK, _NUMBER, _BLANK, _BLANK)
        )
        self._item = re.compile(
            rb"(%s)%s(?:%s(%s)%s)?+,?+%s" % (named, _BLANK, _EQUALS, ANY_VALUE, _BLANK, _BLANK)
        )
        self._name = re.compile(METRIC if dialect == "2" else rb"%s|%s" % (METRIC, QUOTED))
        self._stages = _stages(opening, item, named)

    def read(self, page: bytes, at: int) -> tuple[int, Record]:
        """The record at `at` and where it ends.

        Raises RefusedError, UnfinishedError if `page` ends inside it, EndOfPage at a NUL byte.
        """
        found = self._sample.match(page, at)
        if found is not None:
            return found.end(), self._series(found)
        start = _START.match(page, at)
        assert start is not None
        if start[1]:
            return start.end(), None
        if start[2]:
            raise EndOfPage(start.end() - 1)
        if start[3]:
            return self._comment(page, start.end() - 1)
        raise furthest(self._stages, page, at)

    def _series(self, found: "re.Match[bytes]") -> Series:
        value = go_float(found[4])
        if value is None:
            raise RefusedError(found.start(4), "expected a number")
        stamp = None
        if found[5] is not None and (stamp := go_int64(found[5])) is None:
            raise RefusedError(found.start(5), "expected a timestamp of 64 bits")
        name = found[1] + found[2] if found[2] else None
        name, labels = read_items(found, 3, self._item, name)
        return Series(name, labels, value, stamp)

    def _comment(self, page: bytes, at: int) -> tuple[int, Record]:
        plain = _COMMENT.match(page, at)
        if plain is not None:
            if plain[1]:
                raise EndOfPage(plain.end() - 1)
            return plain.end(), None
        spaced = _SPACED.match(page, at)
        assert spaced is not None, "each line of a block has its line break"
        if spaced[1]:
            raise EndOfPage(spaced.end() - 1)
        if spaced[2]:
            return self._metadata(page, spaced.end(), spaced[2].replace(b"\0", b""))
        return spaced.end(), None

    def _metadata(self, page: bytes, at: int, kind: bytes) -> tuple[int, Record]:
        name = self._name.match(page, at)
        if name is None:
            raise furthest(_AFTER_KIND, page, at)
        text = _TEXT.match(page, name.end())
        if text is None:
            raise RefusedError(name.end(), "expected a text")
        said = text[1] or b""
        said = b"" if _NO_TEXT.fullmatch(said) else said[1:]
        if kind == b"TYPE" and said not in _TYPES:
            raise RefusedError(name.end(), "expected one of the five metric types")
        if kind == b"HELP" and not is_utf8(said):
            raise RefusedError(name.end(), "expected valid UTF-8")
        return text.end(), name[0] if kind == b"TYPE" else None


def _stages(opening: bytes, item: bytes, named: bytes) -> tuple[Stage, ...]:
    begun = rb"[ \t]*+" + opening + _BLANK
    inside = begun + rb"\{" + _BLANK + rb"(?:%s)*+" % item
    after = begun + rb"(?:\{%s(?:%s)*+\}%s)?+" % (_BLANK, item, _BLANK)
    return (
        *stages((rb"[ \t]*+", "a metric name, a comment or a blank line")),
        *stages((begun, "a value")),
        *stages(
            (inside, "a label name or }"),
            (named + _BLANK, "="),
            (_EQUALS, "a quoted label value"),
        ),
        *stages(
            (after, "a value"),
            (_NUMBER + _BLANK, "a timestamp or the end of the line"),
            (rb"[0-9]++" + _BLANK, "the end of the line"),
        ),
    )


_AFTER_KIND = stages((rb"", "a metric name"))
