"""qosflood: flood a WebRTC QoS collector, monitor it, and end with a verdict."""

__version__ = "0.2.0"
