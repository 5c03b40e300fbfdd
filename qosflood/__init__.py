"""qosflood: flood a WebRTC QoS collector, watch it from the side, end with a verdict."""

__version__ = "0.2.0"
