"""The kinds of value a profile holds: how each is read, and what to say when it cannot be.

Values with units are strings in the file and numbers of base units in the model. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_plain_validator_function

from qosflood.base.endpoint import (
    check_allow,
    check_header_name,
    check_header_source,
    check_query,
    is_address,
    parse_endpoint,
    parse_page,
)
from qosflood.base.errors import StartError
from qosflood.base.units import (
    DAY,
    MS,
    SECOND,
    Rate,
    parse_bytes,
    parse_duration,
    parse_per_second,
    parse_rate,
)
from qosflood.plan.limit_language import parse_abort, parse_limit
from qosflood.plan.plan import Limit

LONGEST_NS = 366 * DAY
"""Any longer duration is a typing error, and would not fit the journal's integers."""
_LONGEST_QUANTUM_NS = 10 * MS
"""The smallest send lag that counts as late."""
_SLOWEST_NS = 10 * SECOND
"""No call survives a network slower than that."""
_TOO_LARGE = 1 << 60


@dataclass(frozen=True, eq=False)
class Expected:
    """What a value must be, in the words that finish "got …, expected …"."""

    words: str


@dataclass(frozen=True, eq=False)
class Kind(Expected):
    """A kind of value that `read` makes of what the file holds.

    `read` raises a StartError for a value it does not like, and TypeError for one of a type that
    it does not know.
    """

    read: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, _: Any, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)

    def _validate(self, value: Any) -> Any:
        try:
            return self.read(value)
        except StartError as error:
            raise ValueError(str(error)) from None
        except TypeError:
            raise PydanticCustomError("wrong_kind", "a value of another kind") from None


def spelled(words: str, read: Callable[[str], Any]) -> Kind:
    """A kind that is a string in the file; a number there is refused in the words in which the
    same text without its unit is."""

    def read_text(value: Any) -> Any:
        if type(value) in (int, float):
            read(str(value))
        if not isinstance(value, str):
            raise TypeError
        return read(value)

    return Kind(words, read_text, {"type": "string"})


class Section(BaseModel):
    """A table of a profile: frozen, and no key in it is unknown."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        model_title_generator=lambda model: model.__name__.removesuffix("Section"),
    )


def key(default: Any, description: str, example: Any = None) -> Any:
    """A profile's key: shipped default, meaning, and an example (the default's if None)."""
    shown = default if example is None else example
    return Field(default=default, description=description, examples=[shown], validate_default=True)


def without_secret(where: str) -> str:
    """A path or a URL in whose query no secret stands; raises ValueError."""
    try:
        check_query(where.partition("?")[2])
    except StartError as error:
        raise ValueError(str(error)) from None
    return where


def _address(text: str) -> str:
    if not is_address(text):
        raise StartError(f'got "{text}", expected an IP address, e.g. 127.0.0.2')
    return text


_SOME = "more than 0s"


def _duration(text: str, least: str = "0s or more") -> int:
    ns = parse_duration(text, least=least)
    if ns > LONGEST_NS:
        raise StartError(f'got "{text}", expected at most 366d, e.g. 24h')
    return ns


def _above_zero(text: str) -> int:
    ns = _duration(text, _SOME)
    if ns <= 0:
        raise StartError(f'got "{text}", expected {_SOME}, e.g. 5s')
    return ns


def _delay(text: str, least: str = "0s or more") -> int:
    ns = parse_duration(text, least=least, usual=("ms",))
    if ns > _SLOWEST_NS:
        raise StartError(f'got "{text}", expected at most 10s, e.g. 80ms')
    return ns


def _round_trip(text: str) -> int:
    ns = _delay(text, _SOME)
    if ns <= 0:
        raise StartError(f'got "{text}", expected {_SOME}, e.g. 80ms')
    return ns


def _size(text: str) -> int:
    size = parse_bytes(text)
    if size >= _TOO_LARGE:
        raise StartError(f'got "{text}", expected less than 1024 PiB, e.g. 512MiB')
    return size


def _quantum(text: str) -> int:
    quantum_ns = parse_duration(text, usual=("us",))
    if not 0 < quantum_ns <= _LONGEST_QUANTUM_NS:
        raise StartError(f'got "{text}", expected above 0, at most 10ms, e.g. 200us')
    return quantum_ns


def _interval(text: str) -> int | str:
    if text == "off":
        return text
    parse_duration(text, expected="a duration with a unit or off", least=_SOME)
    return _above_zero(text)


def _shards(value: Any) -> int | str:
    if value == "auto" or (type(value) is int and value >= 1):
        return int(value) if value != "auto" else "auto"
    raise TypeError


_COUNT_OR_AUTO = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}

Count = Annotated[int, Field(ge=1, lt=2**53), Expected("a positive integer")]
Seed = Annotated[int, Field(ge=0, lt=2**63), Expected("an integer from 0 to 2^63 - 1")]
Status = Annotated[int, Field(ge=100, le=599), Expected("an HTTP status from 100 to 599")]
Share = Annotated[float, Field(ge=0, le=1), Expected("a number from 0 to 1")]
Spread = Annotated[float, Field(ge=0, le=2), Expected("a number from 0 to 2")]
Correlation = Annotated[float, Field(ge=0, lt=1), Expected("a number from 0 to below 1")]
Weight = Annotated[float, Field(gt=0, le=1e6), Expected("a number above 0, at most a million")]
Packets = Annotated[
    float, Field(ge=1, le=1e9), Expected("a number of packets from 1 to a thousand million")
]
Flag = Annotated[bool, Expected("true or false")]
Text = Annotated[str, Field(min_length=1), Expected("a string that is not empty")]
Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"),
    Expected("a name of at most 40 letters, digits, dots, dashes and underscores"),
]
Duration = Annotated[int, spelled("a duration with a unit", _above_zero)]
Quantum = Annotated[int, spelled("a duration with a unit", _quantum)]
MaybeNone = Annotated[int, spelled("a duration with a unit, 0s for none", _duration)]
RoundTrip = Annotated[int, spelled("a duration with a unit", _round_trip)]
Delay = Annotated[int, spelled("a duration with a unit", _delay)]
Interval = Annotated[int | Literal["off"], spelled('a duration with a unit, or "off"', _interval)]
Size = Annotated[int, spelled("a size with a unit", _size)]
AskedRate = Annotated[Rate, spelled("a multiple of 1x, or reports per second", parse_rate)]
PerSecond = Annotated[float, spelled("reports per second", parse_per_second)]
Shards = Annotated[
    int | Literal["auto"], Kind('a positive integer or "auto"', _shards, _COUNT_OR_AUTO)
]
Address = Annotated[str, spelled("an IP address", _address)]
Url = Annotated[str, spelled("a URL", lambda text: parse_endpoint(text).url)]
ScrapeUrl = Annotated[str, spelled("a URL", lambda text: parse_page(text).url)]
Path = Annotated[
    str,
    Field(pattern=r"^/[!-~]*$"),
    AfterValidator(without_secret),
    Expected("a path that starts with / and holds neither spaces nor control characters"),
]
ContentType = Annotated[str, Field(pattern=r"^[!-~]+/[ -~]*[!-~]$"), Expected("a content type")]
Allow = Annotated[str, spelled("HOST or HOST:PORT", check_allow)]
HeaderName = Annotated[str, spelled("a header name", check_header_name)]
HeaderSource = Annotated[str, spelled("env:VAR or file:PATH", check_header_source)]
ExpectedLimit = Annotated[Limit, spelled("a limit", parse_limit)]
AbortLimit = Annotated[Limit, spelled("a limit", parse_abort)]
