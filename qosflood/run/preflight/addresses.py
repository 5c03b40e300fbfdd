"""Whether every address of a target can be connected to, for a plan that uses all of them."""

import asyncio

from qosflood.base.errors import PreflightError
from qosflood.base.failures import connect_failure
from qosflood.base.tls import tls_context
from qosflood.plan.plan import Target

_AT_MOST_S = 10.0


async def check_addresses(target: Target, timeout_s: float) -> None:
    """Connect once to each pinned address but the first, which has had a report already; raises
    PreflightError that names those that could not be reached."""
    others = target.addresses[1:]
    waits_s = min(timeout_s, _AT_MOST_S)
    reasons = await asyncio.gather(*(_reach(target, address, waits_s) for address in others))
    failed = [
        f"{address} ({reason})" for address, reason in zip(others, reasons, strict=True) if reason
    ]
    if failed:
        raise PreflightError(
            f"target: {target.host}: no connection to {', '.join(failed)}, of "
            f"{len(target.addresses)} addresses; expected a collector at each, or connect to one "
            "with --resolve one"
        )


async def _reach(target: Target, address: str, timeout_s: float) -> str | None:
    """Why there is no connection; None if there is one."""
    secure = target.scheme == "https"
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(
                address,
                target.port,
                ssl=tls_context(target) if secure else None,
                server_hostname=target.host if secure else None,
            )
    except OSError as error:  # ssl.SSLError and TimeoutError are some
        return connect_failure(error)
    writer.transport.abort()
    return None
