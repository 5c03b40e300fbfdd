"""The control of a run, in a profile. Pure."""

from qosflood.profile.fields import Duration, ScrapeUrl, Section, key


class ControlSection(Section):
    """An address on the same path as the load that is not the target, by which the network is told
    from the target."""

    url: ScrapeUrl | None = key(
        None,
        "A small page of another host beside the target; left out: the network is never named.",
        "http://qos-control.example.com/health",
    )
    interval: Duration = key("1s", "From one request to the next, each over a new connection.")
    timeout: Duration = key("1s", "A request's timeout, at most the interval.")
