"""Local addresses to connect from: one family, and addresses at all."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError, ProfileError
from qosflood.plan.profile.files import load_profile


def test_the_plan_names_the_addresses_to_connect_from():
    target = {"url": "http://127.0.0.1:3000", "sources": ["127.0.0.2"]}
    assert plan_of({"target": target}).target.sources == ("127.0.0.2",)


def test_an_address_of_the_other_family_is_a_problem():
    target = {"url": "http://127.0.0.1:3000", "sources": ["127.0.0.2", "::1"]}
    with pytest.raises(PlanError, match=r"target\.sources: got ::1 for a target at 127\.0\.0\.1"):
        plan_of({"target": target})


def test_a_name_is_no_address():
    with pytest.raises(ProfileError, match='got "localhost", expected an IP address'):
        load_profile("intercom", ['target.sources=["localhost"]'])
