"""The locust user of truth.py: a QoS report each time its pacing says so."""

import os

from locust import FastHttpUser, constant_throughput, task

_BODY = os.environ["TRUTH_BODY"]
_HEADERS = {"Content-Type": "application/json"}


class Client(FastHttpUser):
    """`TRUTH_PER_CLIENT` reports a second, as far as locust gets answers in time."""

    wait_time = constant_throughput(float(os.environ["TRUTH_PER_CLIENT"]))

    @task
    def report(self) -> None:
        """One report."""
        self.client.post(os.environ["TRUTH_PATH"], data=_BODY, headers=_HEADERS)
