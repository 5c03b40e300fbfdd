"""A response body taken in piece by piece, inflated if need be, never beyond a limit. Pure."""

import zlib
from collections.abc import Iterator

from qosflood.base.units import format_bytes
from qosflood.plan.watching import MOST_PAGE_BYTES

MIB = 1024 * 1024
_STEP = MIB


class BodyError(Exception):
    """The body is too large or is not what its encoding says; the text is the scrape's reason."""


class Body:
    """Collects a body; `limit_bytes` (0: the hard limit alone) counts inflated bytes.

    Like Prometheus, a body that reaches the limit has failed, even if it ends right there.
    """

    def __init__(self, limit_bytes: int, *, gzipped: bool) -> None:
        self._limit = min(limit_bytes or MOST_PAGE_BYTES, MOST_PAGE_BYTES)
        self._gzipped = gzipped
        self._inflater = _gzip()
        self._begun = False
        self._pieces: list[bytes] = []
        self.size = 0

    def feed(self, chunk: bytes) -> Iterator[None]:
        """Take in one chunk, pausing after each MiB of output; raises BodyError.

        A small chunk may inflate a thousandfold: the caller lets others run at each pause.
        """
        if not self._gzipped:
            self._keep(chunk)
            return
        while chunk:
            chunk = self._inflate(chunk)
            yield

    def finish(self) -> bytes:
        """The whole body; raises BodyError for a gzip stream that is cut short."""
        if self._gzipped and not (self._begun and self._inflater.eof):
            raise BodyError("bad gzip")
        return b"".join(self._pieces)

    def _inflate(self, chunk: bytes) -> bytes:
        if self._inflater.eof:  # a gzip file may consist of several members
            self._inflater = _gzip()
        self._begun = True
        try:
            self._keep(self._inflater.decompress(chunk, _STEP))
        except zlib.error:
            raise BodyError("bad gzip") from None
        return self._inflater.unconsumed_tail or self._inflater.unused_data

    def _keep(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size >= self._limit:
            self._pieces.clear()
            raise BodyError("body over " + format_bytes(self._limit).replace(".0 ", " "))
        self._pieces.append(piece)


def _gzip() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
