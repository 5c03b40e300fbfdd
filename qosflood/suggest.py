"""The nearest known word to an unknown one, for error lines. Pure."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean WORD?`, or nothing when no known word is like it."""
    # Only now: a shard, which reads templates without a mistake, would pay 0.2 MB for it.
    import difflib

    known = list(known)
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"; did you mean {lowered[close[0]]}?" if close else ""
