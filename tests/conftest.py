"""What all tests share."""

from hypothesis import settings

# Timings are never asserted: a slow machine is no failure.
settings.register_profile("qosflood", deadline=None)
settings.load_profile("qosflood")
