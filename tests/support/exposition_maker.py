"""Metrics pages by chance: records of both text formats, well made, then spoilt here and there."""

from random import Random

_NAMES = (
    b"a",
    b"b_total",
    b"c:d",
    b"process_resident_memory_bytes",
    b"h_bucket",
    b"_",
    b"x_seconds",
)
_LABELS = (b"a", b"b", b"le", b"quantile", b"job", b"instance", b"__name__", b"_1")
_VALUES = (
    b"",
    b"1",
    b"x y",
    b"\xc3\xa9",
    b"\\n",
    b'\\"',
    b"\\\\",
    b"{}",
    b"#",
    b"+Inf",
    b"=,",
    b"0.5",
)
_NUMBERS = (b"0", b"1", b"-1", b"+1.5", b"1e3", b"NaN", b"+Inf", b"-inf", b"1e-400", b".5", b"5.")
_STAMPS = (b"", b"", b"", b" 0", b" 5", b" 1700000000000", b" 1.5", b" -1")
_TYPES = (b"counter", b"gauge", b"histogram", b"summary", b"untyped", b"unknown", b"info")
_SPOILS = (
    *(bytes((letter,)) for letter in b"\0\n\r\t \"\\#{}=,a1_.:-+\xff\xc3\x7f'"),
    b"\n\n",
    b"  ",
    b'""',
    b"# ",
    b"# EOF\n",
    b"# TYPE ",
    b"# HELP ",
    b" 1",
    b'{"a"}',
    b'b="c"',
    b"\xed\xa0\x80",
    b"1e999",
    b"0x1p1",
    b"1_0",
    b"nan",
    b" # {",
)


def make_page(chance: Random, *, openmetrics: bool) -> bytes:
    """A page of a few records, about half of them flawless."""
    make = _openmetrics_record if openmetrics else _text_record
    page = b"".join(make(chance) for _ in range(chance.randrange(1, 6)))
    if openmetrics and chance.random() < 0.95:
        page += b"# EOF\n"
    elif chance.random() < 0.1:
        page = page[:-1]
    for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3))):
        page = spoil(chance, page)
    return page


def spoil(chance: Random, page: bytes) -> bytes:
    """The page with a piece of it replaced, taken out or put in."""
    at = chance.randrange(len(page) + 1)
    to = min(len(page), at + chance.choice((0, 0, 0, 1, 1, 2, 5)))
    return page[:at] + chance.choice((b"", *(chance.choice(_SPOILS) for _ in range(3)))) + page[to:]


def _label_set(chance: Random, comma: bytes, equals: bytes, names: tuple[bytes, ...]) -> bytes:
    picked = chance.sample(names, min(len(names), chance.randrange(4)))
    pairs = (label + equals + b'"' + chance.choice(_VALUES) + b'"' for label in picked)
    return comma.join(pairs)


def _labels(chance: Random) -> tuple[bytes, ...]:
    names = _LABELS if chance.random() < 0.05 else tuple(set(_LABELS) - {b"__name__"})
    quoted = tuple(b'"%s"' % label for label in sorted(names))
    return quoted if chance.random() < 0.05 else tuple(sorted(names))


def _text_record(chance: Random) -> bytes:
    kind = chance.random()
    blank = chance.choice((b" ", b" ", b" ", b"\t", b"  "))
    name = chance.choice(_NAMES)
    if kind < 0.1:
        return chance.choice((b"\n", b"# any\n", b"#\n", b" \n", b"#HELP\n"))
    if kind < 0.2:
        return b"# HELP " + name + chance.choice((b"", b" ", b" text\n# not", b" t \\n")) + b"\n"
    if kind < 0.3:
        return b"#" + blank + b"TYPE" + blank + name + b" " + chance.choice(_TYPES) + b"\n"
    labels = _label_set(
        chance, chance.choice((b",", b",", b", ", b" ,", b" ")), b"=", _labels(chance)
    )
    braces = b"{" + labels + chance.choice((b"", b"", b",")) + b"}" if labels else b""
    return b"".join(
        (name, braces, blank, chance.choice(_NUMBERS), chance.choice(_STAMPS[:-2]), b"\n")
    )


def _openmetrics_record(chance: Random) -> bytes:
    kind = chance.random()
    name = chance.choice(_NAMES)
    if kind < 0.1:
        return b"# HELP " + name + chance.choice((b" ", b" text", b" \\n")) + b"\n"
    if kind < 0.2:
        return b"# TYPE " + name + b" " + chance.choice(_TYPES) + b"\n"
    if kind < 0.25:
        return b"# UNIT " + chance.choice((b"x_seconds seconds", b"a ", b"b_total seconds")) + b"\n"
    labels = _label_set(chance, b",", b"=", _labels(chance))
    braces = b"{" + labels + b"}" if labels or chance.random() < 0.1 else b""
    line = name + braces + b" " + chance.choice(_NUMBERS) + chance.choice(_STAMPS)
    if name.endswith((b"_total", b"_bucket")) and chance.random() < 0.4:
        inside = _label_set(chance, b",", b"=", (b"trace", b"span"))
        line += b" # {" + inside + b"} " + chance.choice(_NUMBERS) + chance.choice((b"", b" 5"))
    return line + b"\n"
