"""Plans for tests of `resolve`: a profile as a dict, options as keywords."""

from typing import Any

from qosflood.plan import Plan
from qosflood.profile.model import LoadedProfile, Profile
from qosflood.resolve import Options, resolve


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
