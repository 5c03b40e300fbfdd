"""Whether the target may open as many connections as the load holds to it."""

from qosflood.base.units import format_count
from qosflood.monitor.first_look import Sight
from qosflood.monitor.memory.open_files import open_files
from qosflood.plan.plan import Plan
from qosflood.run.preflight.resources.connects import connected_at_once


def few_files(plan: Plan, sight: Sight) -> tuple[str, ...]:
    """A warning if the process that holds the port reaches its limit of open files, for each
    connection is one; of several instances nobody knows how the connections spread."""
    process = sight.process
    if process is None or process.forwarder or not plan.floods or len(plan.instances) > 1:
        return ()
    files, connections = open_files([process.pid]), plan.here(connected_at_once(plan))
    if files is None or files[0] + connections <= files[1]:
        return ()
    used, limit = files
    return (
        f"files: the target, {process.name} (pid {process.pid}), has {format_count(used)} of at "
        f"most {format_count(limit)} files open, and the load holds {format_count(connections)} "
        "connections to it: raise its limit (ulimit -n, LimitNOFILE in its unit)",
    )
