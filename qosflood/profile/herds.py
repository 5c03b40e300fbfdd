"""Reconnect storms in a profile. Pure."""

from typing import Annotated

from pydantic import Field

from qosflood.profile.fields import Duration, Expected, MaybeNone, Section, key

DropShare = Annotated[
    float, Field(gt=0, le=1), Expected("a share of the connections above 0, at most 1")
]


class StormSection(Section):
    """A moment of the flood in which connections are dropped, all from the clients' side."""

    at: Duration = Field(
        description="When it hits, counted from the flood's start.", examples=["30s"]
    )
    drop: DropShare = key(0.5, "The share of the connections that is dropped.")
    back_within: MaybeNone = key(
        "0s",
        "Each client comes back after a random part of this, as with backoff; 0s: all at once.",
        "5s",
    )
