"""Plans for tests of `resolve`: a profile as a dict, options as keywords."""

from typing import Any

import pytest

from qosflood.base.errors import PlanError
from qosflood.base.units import Rate
from qosflood.cli.options import PLAN_OPTIONS
from qosflood.plan.options import Options, parse_peak
from qosflood.plan.plan import Plan
from qosflood.plan.profile.model import LoadedProfile, Profile
from qosflood.plan.resolve import resolve, with_options

REMOTE: dict[str, Any] = {"target": "https://qos.example.com", "addresses": ("203.0.113.7",)}
"""Options that lead off loopback."""


def loaded_profile(document: dict[str, Any] | None = None, **changes: Any) -> LoadedProfile:
    """A user's profile called soak with these sections."""
    return LoadedProfile(
        **({"name": "soak", "profile": Profile.model_validate(document or {}), "shipped": False})
        | changes
    )


def options_of(variables: tuple[str, ...] = (), **given: Any) -> Options:
    """Options as the command line makes them, by option (`duration="1h"`, or `duration_ns`) or by
    field; those named in `variables` come from the environment."""
    keys: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, value in given.items():
        option = next(
            one for one in PLAN_OPTIONS if name in (one.field, one.name, f"{one.name}_ns")
        )
        if value is None:
            continue
        if option.field:
            named = {option.field: value}
            fields |= named
        else:
            named = {option.key: _text(name, value)} if option.key else parse_peak(value)
            keys |= named
        variable = f"environment QOSFLOOD_RUN_{option.name.upper()}"
        source = variable if name in variables else f"option {option.opts[0]}"
        sources |= dict.fromkeys(named, source)
    return Options(keys=keys, sources=sources, **fields)


def _text(name: str, value: Any) -> Any:
    """A value as it is typed."""
    if isinstance(value, Rate):
        return f"{value.multiple}x" if value.multiple is not None else f"{value.per_second:.12f}/s"
    return f"{value}ns" if name.endswith("_ns") else value


def plan_of(
    document: dict[str, Any] | LoadedProfile | None = None,
    *,
    addresses: tuple[str, ...] = (),
    cores: int = 4,
    options: Options | None = None,
    **given: Any,
) -> Plan:
    """What `resolve` makes of a profile and options."""
    loaded = document if isinstance(document, LoadedProfile) else loaded_profile(document)
    options = options or options_of(**given)
    return resolve(
        with_options(loaded, options),
        options,
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
