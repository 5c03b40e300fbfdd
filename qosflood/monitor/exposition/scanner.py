"""Reads a whole metrics page, most lines many at a time. Pure.

Nearly all lines are `name{label="value"} number`. One regular expression cuts a whole block into
the series of such lines; what it does not know is read record by record. The block is read again
record by record if anything in it is doubtful, so that both ways say the same.
"""

import re
from typing import Protocol

from qosflood.monitor.exposition.content_type import OPENMETRICS
from qosflood.monitor.exposition.grammar import (
    Dialect,
    EndOfPage,
    Record,
    RefusedError,
    Series,
    UnfinishedError,
    is_utf8,
)
from qosflood.monitor.exposition.labels import refusal, shown
from qosflood.monitor.exposition.openmetrics import END_MARK, OpenMetrics
from qosflood.monitor.exposition.tally import Tally
from qosflood.monitor.exposition.text_format import TextFormat

_BLOCK_BYTES = 1 << 18
_SHOWN = 60
_PAIR = rb'[a-zA-Z_][a-zA-Z0-9_]*+="[^"\\\n\0]*+"'
# Only what has labels ends in a quote. A mantissa and an exponent of that many digits are never
# out of range.
_PLAIN = (
    rb"([a-zA-Z_:][a-zA-Z0-9_:]*+(?:\{%s(?:,%s)*+)?+)(?:(?<=\")%s\}|(?<!\")) "
    rb"(?:[+-]?[0-9]{1,200}+(?:\.[0-9]*+)?+(?:[eE][+-]?[0-9]{1,2}+)?+|NaN|[+-]?Inf)"
    rb"(?: [0-9]{1,18}+%s)?+\n|[^\n]*+\n"
)
_COMMA, _FRACTION = rb",?+", rb"(?:\.[0-9]++)?+"
_PLAIN_TEXT = re.compile(_PLAIN % (_PAIR, _PAIR, _COMMA, rb""))
_PLAIN_OPENMETRICS = {
    "2": re.compile(_PLAIN % (_PAIR, _PAIR, rb"", _FRACTION)),
    "3": re.compile(_PLAIN % (_PAIR, _PAIR, _COMMA, _FRACTION)),
}

_PLAIN_METADATA = re.compile(
    rb"# (?:TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*+) (?:counter|gauge|histogram|summary)"
    rb"|HELP [a-zA-Z_:][a-zA-Z0-9_:]*+ [ -~]*+)\n"
)


class ExpositionError(Exception):
    """Prometheus would refuse the page; the text is the scrape's reason."""


class _Format(Protocol):
    def read(self, page: bytes, at: int) -> tuple[int, Record]: ...


class _DoubtError(Exception):
    """The block is to be read record by record."""


class Scanner:
    """Reads one page."""

    def __init__(self, media: str, wanted: tuple[str, ...], dialect: Dialect) -> None:
        self._dialect = dialect
        self._openmetrics = media == OPENMETRICS
        self._format: _Format = OpenMetrics(dialect) if self._openmetrics else TextFormat(dialect)
        self._plain = _PLAIN_OPENMETRICS[dialect] if self._openmetrics else _PLAIN_TEXT
        self.tally = Tally(name.encode() for name in wanted)
        self.warnings: list[str] = []
        self._line = 1
        self._ended = False

    def read(self, page: bytes) -> None:
        """Read the page, once; raises ExpositionError if it is refused."""
        if not self._openmetrics and not page.endswith(b"\n"):
            page += b"\n"
        at = 0
        while at < len(page) and not self._ended:
            end = page.rfind(b"\n", at, at + _BLOCK_BYTES) + 1
            if end and page[end : end + 1] != b"\0" and self._take_block(page[at:end]):
                self._line += page.count(b"\n", at, end)
                at = end
            else:
                at = self._read_records(page, at, end)
        if self._openmetrics and not self._ended:
            raise ExpositionError("parse: data does not end with # EOF")

    def _take_block(self, block: bytes) -> bool:
        """Count whole lines at once; False, and nothing counted, if one of them is doubtful."""
        keys: list[bytes] = self._plain.findall(block)
        try:
            self._check(block, keys)
            types = self._take_others(block, keys) if b"" in keys else ()
            wanted = self._pick_wanted(block, keys)
        except (_DoubtError, RefusedError, UnfinishedError, EndOfPage):
            return False
        self.tally.add([key for key in keys if key] if b"" in keys else keys)
        self.tally.add_types(types)
        self.tally.wanted += wanted
        return True

    def _check(self, block: bytes, keys: list[bytes]) -> None:
        if not (block.isascii() or is_utf8(block)):
            raise _DoubtError
        parts = b"\n".join(keys).split(b'"')
        del parts[1::2]
        if not self.tally.know(dict.fromkeys(b"".join(parts).split(b"\n"))):
            raise _DoubtError

    def _take_others(self, block: bytes, keys: list[bytes]) -> list[bytes]:
        """Read the lines that are not plain; a sample's key takes its place among the others.

        Returns the names of which a TYPE is declared.
        """
        lines = block.split(b"\n")
        others: dict[int, bytes] = {}
        types, index = [], -1
        for _ in range(keys.count(b"")):
            index = keys.index(b"", index + 1)
            line = lines[index] + b"\n"
            plain = _PLAIN_METADATA.fullmatch(line)
            record = plain[1] if plain else self._format.read(line, 0)[1]
            if isinstance(record, Series):
                others[index] = self._key(record, 0)
            elif record is not None:
                types.append(record)
        for index, key in others.items():
            keys[index] = key
        return types

    def _pick_wanted(self, block: bytes, keys: list[bytes]) -> list[Series]:
        names = tuple(name for name in self.tally.names if name in block)
        if not names:
            return []
        lines = block.split(b"\n")
        picked = []
        for index, key in enumerate(keys):
            if key.startswith(names) and key.partition(b"{")[0] in names:
                _, record = self._format.read(lines[index] + b"\n", 0)
                if isinstance(record, Series) and record.name in names:
                    picked.append(record)
        return picked

    def _key(self, series: Series, at: int) -> bytes:
        reason = refusal(series.name, series.labels, self._dialect)
        if reason is not None:
            raise RefusedError(at, reason)
        return self.tally.key(series)

    def _read_records(self, page: bytes, at: int, end: int) -> int:
        """Read records one by one up to `end` or beyond it, at least one."""
        while True:
            try:
                after, record = self._format.read(page, at)
                if isinstance(record, Series):
                    self._add(record, at)
                elif record is not None:
                    self.tally.add_types((record,))
            except RefusedError as refused:
                raise self._refused(page, at, refused) from None
            except UnfinishedError:
                missing = RefusedError(at, "expected a closing quote")
                raise self._refused(page, at, missing) from None
            except EndOfPage as over:
                self._end(page, at, over.at)
                return len(page)
            self._line += page.count(b"\n", at, after)
            at = after
            if at >= end:
                return at

    def _add(self, series: Series, at: int) -> None:
        self.tally.add([self._key(series, at)])
        if series.name in self.tally.names:
            self.tally.wanted.append(series)

    def _end(self, page: bytes, begin: int, at: int) -> None:
        """Of a text nothing more is read; after `# EOF` there must be nothing more."""
        self._ended = True
        self._line += page.count(b"\n", begin, at)
        if not self._openmetrics:
            self.warnings.append(f"line {self._line}: a NUL byte, Prometheus reads no further")
        elif END_MARK.fullmatch(page, at) is None:
            raise ExpositionError(f"parse: line {self._line}: data after # EOF")

    def _refused(self, page: bytes, begin: int, refused: RefusedError) -> ExpositionError:
        at = refused.at
        line = self._line + page.count(b"\n", begin, at)
        stop = page.find(b"\n", at)
        text = page[at : stop if stop >= 0 else len(page)]
        got = f'"{shown(text, _SHOWN)}"'
        if not text:
            before = page[max(begin, page.rfind(b"\n", begin, at) + 1) : at][-_SHOWN:]
            got = f'the end of the line after "{shown(before)}"' if before else "the page's end"
        return ExpositionError(f"parse: line {line}: {refused.what}, got {got}")
