"""The locust user of peers.py: sends QoS reports at its rate, or after each answer without one."""

import itertools
import os

from locust import FastHttpUser, constant, constant_throughput, task

_BODY = os.environ["PEER_BODY"]
_HEADERS = {"Content-Type": "application/json"}
_PER_CLIENT = os.environ["PEER_PER_CLIENT"]
_REPORTS = itertools.count()


class Client(FastHttpUser):
    """`PEER_PER_CLIENT` reports a second, as far as locust gets answers in time."""

    wait_time = constant_throughput(float(_PER_CLIENT)) if _PER_CLIENT else constant(0)

    @task
    def report(self) -> None:
        """One report, with a body of its own."""
        body = _BODY % next(_REPORTS)
        self.client.post(os.environ["PEER_PATH"], data=body, headers=_HEADERS)
