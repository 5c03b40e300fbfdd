"""What mkdocs does to each page after it was rendered; mkdocs.yml names this file."""

import re
from typing import Any

_BETWEEN_TAGS = re.compile(r">[^<]*--[^<]*<")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def on_page_content(html: str, **_: Any) -> str:
    """The same page with every option in an element that narrow.css keeps on one line.

    Browsers break a line after a hyphen, and no property of CSS but `white-space` stops them.
    """
    return _BETWEEN_TAGS.sub(
        lambda text: _OPTION.sub(r'<span class="option">\g<0></span>', text[0]), html
    )
