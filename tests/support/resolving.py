"""Plans for tests of `resolve`: a profile as a dict, options as keywords."""

from typing import Any

import pytest

from qosflood.base.errors import PlanError
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.plan.profile.model import LoadedProfile, Profile
from qosflood.plan.resolve import resolve

REMOTE: dict[str, Any] = {"target": "https://qos.example.com", "addresses": ("203.0.113.7",)}
"""Options that lead off loopback."""


def loaded_profile(document: dict[str, Any] | None = None, **changes: Any) -> LoadedProfile:
    """A user's profile called soak with these sections."""
    return LoadedProfile(
        **({"name": "soak", "profile": Profile.model_validate(document or {}), "shipped": False})
        | changes
    )


def plan_of(
    document: dict[str, Any] | LoadedProfile | None = None,
    *,
    addresses: tuple[str, ...] = (),
    cores: int = 4,
    **options: Any,
) -> Plan:
    """What `resolve` makes of a profile and options."""
    loaded = document if isinstance(document, LoadedProfile) else loaded_profile(document)
    return resolve(
        loaded,
        Options(**options),
        run_id="r1",
        seed=77,
        version="1.2.3",
        addresses=addresses,
        cores=cores,
    )


def problems_of(
    document: dict[str, Any] | LoadedProfile | None = None, **options: Any
) -> list[str]:
    """The lines with which `resolve` refuses a profile and options."""
    with pytest.raises(PlanError) as caught:
        plan_of(document, **options)
    return str(caught.value).splitlines()
