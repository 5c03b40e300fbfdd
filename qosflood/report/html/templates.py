"""The templates of the pages: whatever they print is escaped and made printable.

A template is a file beside the code that makes its values, named by its path below
`qosflood/report`, e.g. `html/page.html`. Text is HTML only if it says so itself (`Markup`), and
nothing that came from a target ever does.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from markupsafe import Markup, escape

from qosflood.base.text import printable, printable_block

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST = 2000
"""Characters of one printed value."""


def text(template: str, values: Mapping[str, Any]) -> str:
    """The template with these values; raises jinja2.UndefinedError if it names another."""
    return _environment().get_template(template).render(values)


def rendered(template: str, values: Mapping[str, Any]) -> Markup:
    """The same as HTML, which another template prints as it is."""
    # Markup, since autoescape holds for every template.
    return Markup(text(template, values))


@cache
def _environment() -> "Environment":
    # Only now: it takes 50 ms and 2 MB, every command imports the report, and few make a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("qosflood.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_fit_to_show,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["block"] = _block
    # `tojson` keeps `<`, `>`, `&` and `'` out, so that nothing can end the script around it.
    environment.policies["json.dumps_function"] = _json
    environment.policies["json.dumps_kwargs"] = {}
    return environment


def _fit_to_show(value: object) -> object:
    """Text on one printable line; the environment escapes it afterwards."""
    return value if isinstance(value, Markup) else printable(value, _LONGEST)


def _block(text: str) -> Markup:
    """Preformatted text, line breaks kept."""
    return escape(printable_block(text))


def _json(value: object) -> str:
    """JSON with null for a number that JSON lacks."""
    return orjson.dumps(value).decode()
