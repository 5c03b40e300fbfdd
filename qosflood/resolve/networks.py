"""Which networks the clients report from: the profile's own classes, or shipped ones."""

from typing import Any

from qosflood.plan import NetworkClass
from qosflood.profile.model import NetworkClassSection, NetworkSection
from qosflood.resolve.problems import Origins

Row = dict[str, Any]

# Own choices, fitted to no trace: figures of the order that field studies of calls over Wi-Fi and
# LTE report, each class with the fault it is known for. Weights are a guess at office workers who
# also travel. Stretches are in packets of 20 ms.
HEALTHY: tuple[Row, ...] = (
    # A profile's class is healthy in everything that it does not say.
    {"name": "healthy"},
)
MIXED: tuple[Row, ...] = (
    # Near its access point; a fifth of a second of trouble each 40 s.
    {
        "name": "good-wifi",
        "weight": 55,
        "rtt": "30ms",
        "rtt_spread": 0.25,
        "jitter": "3ms",
        "correlation": 0.9,
        "good_packets": 2000,
        "bad_packets": 10,
        "good_loss": 0.0005,
        "bad_loss": 0.1,
    },
    # Far from it or among many: frames sent again (jitter) and given up (bursts, each 8 s).
    {
        "name": "poor-wifi",
        "weight": 20,
        "rtt": "60ms",
        "rtt_spread": 0.5,
        "jitter": "15ms",
        "correlation": 0.8,
        "good_packets": 400,
        "bad_packets": 40,
        "good_loss": 0.005,
        "bad_loss": 0.25,
    },
    # A steady cell with a handover or a shadow of 1.5 s each half a minute.
    {
        "name": "mobile",
        "weight": 15,
        "rtt": "70ms",
        "rtt_spread": 0.4,
        "jitter": "12ms",
        "correlation": 0.85,
        "good_packets": 1500,
        "bad_packets": 75,
        "good_loss": 0.002,
        "bad_loss": 0.3,
    },
    # A full queue on the way: long and slowly changing round trips, loss in long stretches.
    {
        "name": "congested",
        "weight": 10,
        "rtt": "180ms",
        "rtt_spread": 0.4,
        "jitter": "30ms",
        "correlation": 0.95,
        "good_packets": 250,
        "bad_packets": 100,
        "good_loss": 0.01,
        "bad_loss": 0.15,
    },
)


def build_networks(
    network: NetworkSection, origins: Origins, loopback: bool
) -> tuple[tuple[NetworkClass, ...], str]:
    """The classes and where they came from.

    Off loopback they are healthy unless others are asked for: poor figures may set off alerts on
    call quality, and page somebody.
    """
    if network.classes:
        return tuple(map(_planned, network.classes)), origins.of("network.classes", "")
    poor = loopback if network.mix == "auto" else network.mix == "mixed"
    classes = map(NetworkClassSection.model_validate, MIXED if poor else HEALTHY)
    return tuple(map(_planned, classes)), origins.of("network.mix", "")


def _planned(network: NetworkClassSection) -> NetworkClass:
    return NetworkClass(
        name=network.name,
        weight=network.weight,
        rtt_ns=network.rtt,
        rtt_spread=network.rtt_spread,
        jitter_ns=network.jitter,
        correlation=network.correlation,
        good_packets=network.good_packets,
        bad_packets=network.bad_packets,
        good_loss=network.good_loss,
        bad_loss=network.bad_loss,
    )
