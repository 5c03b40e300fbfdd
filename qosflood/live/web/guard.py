"""Which requests the live page accepts, and the security headers of its answers.

The token in the path is the key. The other checks guard against other sites' pages in the same
browser: DNS rebinding (Host) and cross-site requests (Origin).
"""

import hmac
from collections.abc import Mapping

from qosflood.base.listen import Address
from qosflood.live.door import Names

TOKEN_BYTES = 24
_SAME_SITE = ("same-origin", "none")

HEADERS: dict[str, str] = {
    "Server": "qosflood",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Sent with every answer."""
_EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of nothing: plotly begins with an empty style and adds its rules one by one."""
PAGE_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {_EMPTY}; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
REPORT_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""report.html brings the rest of its policy itself, with the hashes of its scripts."""


class Guard:
    """Checks requests to one page that listens on `address`."""

    def __init__(self, token: str, address: Address) -> None:
        self._token = token.encode()
        self._names = Names(address)

    def knows(self, token: str) -> bool:
        """Whether it is the token, compared in constant time."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token)

    def expects(self, host: str) -> bool:
        """Whether a Host header names this page."""
        return self._names.expect(host)

    def may_write(self, headers: Mapping[str, str]) -> bool:
        """Whether a POST comes from the page itself: JSON, from its own origin."""
        own = headers.get("Origin", "").partition("://")[2] == headers.get("Host", "")
        near = headers.get("Sec-Fetch-Site", "same-origin") in _SAME_SITE
        json = headers.get("Content-Type", "").partition(";")[0].strip() == "application/json"
        return own and near and json
