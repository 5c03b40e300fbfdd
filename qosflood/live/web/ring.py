"""The latest messages for the open pages, which read at their own pace and block nothing.

A page's stream holds a number, not a queue: it reads the messages after that number. If those are
gone already, it starts again from a snapshot.
"""

import asyncio
from collections import deque

KEPT = 120
"""Messages, one a second: a page that missed more than two minutes starts from a snapshot."""


class Ring:
    """The last `kept` messages by number; the first one is 1."""

    def __init__(self, kept: int = KEPT) -> None:
        self._messages: deque[bytes] = deque(maxlen=kept)
        self._woken = asyncio.Event()
        self.last = 0

    def push(self, message: bytes) -> None:
        """Add a message and wake all waiting streams."""
        self._messages.append(message)
        self.last += 1
        self.wake()

    def wake(self) -> None:
        """Wake all waiting streams without a message."""
        self._woken.set()
        self._woken = asyncio.Event()

    def after(self, number: int) -> list[tuple[int, bytes]] | None:
        """Messages after `number` with theirs; None if not all of them are known any more."""
        first = self.last - len(self._messages) + 1
        if not first - 1 <= number <= self.last:
            return None
        kept = list(self._messages)[number - first + 1 :]
        return list(enumerate(kept, number + 1))

    async def wait(self, patience_s: float) -> None:
        """Until there is something to look at, or `patience_s` have passed."""
        try:
            await asyncio.wait_for(self._woken.wait(), patience_s)
        except TimeoutError:
            return
