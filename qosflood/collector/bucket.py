"""A server of known speed, kept in virtual time: the collector's knee for tests and trials."""


class ServiceBucket:
    """Hands out finish times as a single server would that needs `service_ns` per report.

    Reports are served in the order in which they are admitted. An idle server saves up nothing:
    the capacity is 1e9 / service_ns reports per second, whatever happened before.
    """

    def __init__(self, service_ns: int) -> None:
        self.service_ns = service_ns
        self._free_at_ns = 0

    def admit(self, now_ns: int) -> int:
        """The moment at which a report that arrives at `now_ns` has been served."""
        self._free_at_ns = max(now_ns, self._free_at_ns) + self.service_ns
        return self._free_at_ns

    def backlog_ns(self, now_ns: int) -> int:
        """How long a report that arrives at `now_ns` has to wait before it is served."""
        return max(0, self._free_at_ns - now_ns)
