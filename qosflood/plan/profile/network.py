"""Which networks the clients report from: the profile's own classes, or shipped ones."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from qosflood.plan.plan import NetworkClass
from qosflood.plan.profile.fields import (
    Correlation,
    Delay,
    Expected,
    Name,
    Packets,
    RoundTrip,
    Section,
    Share,
    Spread,
    Weight,
    key,
)
from qosflood.plan.profile.problems import Origins


class NetworkClassSection(Section):
    """A kind of network. Keys left out are those of a healthy one."""

    name: Name = Field(description="Name of the class.", examples=["vpn"])
    weight: Weight = key(1.0, "Share of the clients, relative to the other classes' weights.", 20)
    rtt: RoundTrip = key("30ms", "Median round-trip time while the network is good.", "80ms")
    rtt_spread: Spread = key(
        0.25, "Standard deviation of the logarithm of round trip and jitter.", 0.4
    )
    jitter: Delay = key("3ms", "Median jitter while the network is good.", "12ms")
    correlation: Correlation = key(
        0.9, "Correlation of round trip and jitter from one report to the next."
    )
    good_packets: Packets = key(5000.0, "Mean length of a good stretch, in packets of 20 ms.", 400)
    bad_packets: Packets = key(10.0, "Mean length of a bad stretch, in packets of 20 ms.", 40)
    good_loss: Share = key(0.0001, "Share of packets lost while the network is good.")
    bad_loss: Share = key(0.005, "Share of packets lost while the network is bad.", 0.25)

    @model_validator(mode="after")
    def _bad_is_worse(self) -> "NetworkClassSection":
        if self.bad_loss < self.good_loss:
            raise ValueError(
                f"got good_loss {self.good_loss:g} above bad_loss {self.bad_loss:g}, "
                f"expected at most as much, e.g. good_loss = {self.bad_loss / 10:g}"
            )
        return self


def _all_named_differently(
    classes: tuple[NetworkClassSection, ...],
) -> tuple[NetworkClassSection, ...]:
    names = [network.name for network in classes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f'got "{twice}" twice, expected a different name for each class')
    return classes


class NetworkSection(Section):
    """The clients' networks as their reports describe them; the load itself is not slowed down."""

    mix: Annotated[
        Literal["auto", "healthy", "mixed"], Expected('"auto", "healthy" or "mixed"')
    ] = key(
        "auto",
        "Shipped classes: all healthy, or mixed with poor ones. auto: mixed on loopback, healthy "
        "elsewhere, because poor figures may trigger real alerts.",
        "mixed",
    )
    classes: Annotated[
        tuple[NetworkClassSection, ...],
        Field(strict=False, max_length=16),
        AfterValidator(_all_named_differently),
        Expected("at most 16 tables [[network.classes]]"),
    ] = key([], "Your own classes instead of the shipped ones.", [{"name": "vpn"}])

    @model_validator(mode="after")
    def _one_choice(self) -> "NetworkSection":
        if self.classes and self.mix != "auto":
            raise ValueError(
                f'got mix "{self.mix}" together with classes, expected one of the two: remove mix'
            )
        return self


Row = dict[str, Any]

# Own choices, fitted to no trace: figures of the order that field studies of calls over Wi-Fi and
# LTE report, each class with the fault it is known for. Weights are a guess at office workers who
# also travel. Stretches are in packets of 20 ms.
HEALTHY: tuple[Row, ...] = (
    # Keys that a class leaves out have a healthy network's values.
    {"name": "healthy"},
)
MIXED: tuple[Row, ...] = (
    # Near its access point; a fifth of a second of trouble every 40 s.
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
    # Far from it or among many: frames sent again (jitter) and given up (bursts, every 8 s).
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
    # A steady cell with a handover or a shadow of 1.5 s every half minute.
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
