"""Who was seen when, in the order of the last sight."""

from collections import OrderedDict
from collections.abc import Iterator


class LastSeen:
    """Remembers when each key was last seen; times are nanoseconds that never go back."""

    def __init__(self, ttl_ns: int) -> None:
        self.ttl_ns = ttl_ns
        # An OrderedDict, because a plain dict slows down when its oldest keys go first.
        self._seen: OrderedDict[str, int] = OrderedDict()

    def touch(self, key: str, now_ns: int) -> None:
        """`key` was seen at `now_ns`."""
        self._seen[key] = now_ns
        self._seen.move_to_end(key)

    def forget(self, key: str) -> None:
        """`key` left by itself; an unknown key is no error."""
        self._seen.pop(key, None)

    def take_expired(self, now_ns: int) -> Iterator[str]:
        """Remove and yield each key that was not seen for the time to live, oldest first."""
        while self._seen:
            key, seen_ns = next(iter(self._seen.items()))
            if seen_ns + self.ttl_ns > now_ns:
                return
            del self._seen[key]
            yield key
