"""The clients of a shard, of the kind that its plan asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qosflood.load.client.audited import AuditedClient, AuditedRetryingClient
from qosflood.load.client.client import Client
from qosflood.load.client.pooled import Pool, PoolMember
from qosflood.load.client.retrying import RetryingClient, RetryPolicy
from qosflood.load.client.shared import Shared
from qosflood.load.recorder import Bucket
from qosflood.plan.plan import Plan
from qosflood.plan.readback import sampled


class PacedClient(Protocol):
    """What a pacer calls on a client."""

    def join(self) -> None:
        """Its session begins."""

    def renew(self, session: int) -> None:
        """Its session is replaced by the `session`-th."""

    def take_over(self, session: int, body: Any) -> Any | None:
        """Another session goes on over the same connection; the body of the one before, None while
        a report of that is open."""

    def leave(self) -> None:
        """Its session ends."""

    def report_due(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        """A report of it was picked at `now_ns`."""


class HoldsReports(Protocol):
    """What a shard calls on a client or pool that may have reports open."""

    def expire(self, now_ns: int, limit_ns: int) -> None:
        """End everything that was due before `limit_ns`."""

    def halt(self, now_ns: int) -> None:
        """The run stops."""


@dataclass(frozen=True, slots=True)
class Clients:
    """`paced` in the order of their numbers; `swept` in that of the array of oldest due times;
    `own`: those with a connection of their own."""

    paced: Sequence[PacedClient]
    swept: Sequence[HoldsReports]
    own: Sequence[Client]
    pool: Pool | None = None


def pool_size(plan: Plan, part: int, parts: int) -> int:
    """How many of the plan's shared connections are those of part `part` of `parts`."""
    size, left = divmod(plan.report.pool, parts)
    return size + (part < left)


def places(plan: Plan, part: int, parts: int, clients: int) -> int:
    """How long the array of oldest due times is in a part with so many clients."""
    return pool_size(plan, part, parts) + 1 if plan.report.pool else clients


def make_clients(
    plan: Plan, shared: Shared, numbers: Sequence[int], part: int, parts: int
) -> Clients:
    """The clients of these numbers."""
    if plan.report.pool:
        pool = Pool(shared, pool_size(plan, part, parts))
        paced = [PoolMember(pool, number) for number in numbers]
        return Clients(paced, [*pool.connections, pool], [], pool)
    own = _with_connections(plan, shared, numbers, part)
    return Clients(own, own, own)


def _with_connections(
    plan: Plan, shared: Shared, numbers: Sequence[int], part: int
) -> Sequence[Client]:
    audited = frozenset(sampled(plan))
    if not plan.retries.most:
        return [
            (AuditedClient if number in audited else Client)(shared, index, number)
            for index, number in enumerate(numbers)
        ]
    policy = RetryPolicy.of(plan.retries, plan.seed * 1_000_003 + part)
    return [
        (AuditedRetryingClient if number in audited else RetryingClient)(
            shared, index, number, policy
        )
        for index, number in enumerate(numbers)
    ]
