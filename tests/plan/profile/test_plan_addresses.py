"""Which addresses of a target's name are used, and what must fit them."""

import socket
from contextlib import closing

import pytest
from resolving import loaded_profile, options_of, plan_of

from qosflood.base.endpoint import Endpoint
from qosflood.base.errors import PlanError
from qosflood.cli.planning import look_up
from qosflood.plan.profile.model import LoadedProfile
from qosflood.plan.profile.target import needs_consent
from qosflood.plan.resolve import with_options

BOTH = ("203.0.113.7", "2001:db8::7")
TARGET = "https://qos.example.com"


def resolved(loaded: LoadedProfile, **options: str) -> str:
    return with_options(loaded, options_of(**options)).profile.target.resolve


def test_one_address_is_used_unless_all_are_asked_for():
    loaded = loaded_profile({"target": {"resolve": "all"}})
    assert resolved(loaded_profile()) == "one"
    assert resolved(loaded) == "all"
    assert resolved(loaded_profile(), resolve="all") == "all"
    assert resolved(loaded, resolve="one") == "one"
    with pytest.raises(PlanError, match='--resolve: got "some", expected "one" or "all"'):
        resolved(loaded, resolve="some")


def test_all_addresses_are_pinned_in_their_order_and_once(monkeypatch):
    found = [(0, 0, 0, "", (address, 443)) for address in (*BOTH, BOTH[0])]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    endpoint = Endpoint("https", "qos.example.com", 443)
    assert look_up(endpoint, every=True) == BOTH
    assert look_up(endpoint) == BOTH[:1]


def test_of_a_loopback_name_the_address_that_listens_is_taken(monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        both = [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
        real = socket.getaddrinfo

        def found(host, *rest, **named):
            return both if host == "localhost" else real(host, *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", found)
        assert look_up(Endpoint("http", "localhost", port)) == ("127.0.0.1",)


def test_a_name_with_one_address_off_loopback_needs_consent():
    plan = plan_of(target="http://qos.local", addresses=("127.0.0.1", "203.0.113.7"))
    assert not plan.target.loopback
    assert needs_consent(plan, ()) == "qos.local:80"
    assert needs_consent(plan, ("qos.local",)) is None


def test_sources_of_both_families_are_wanted_where_both_are_connected_to():
    document = {"target": {"url": TARGET, "sources": ["192.0.2.1"]}}
    with pytest.raises(PlanError, match=r"at least one of each family, or --resolve one"):
        plan_of(document, addresses=BOTH)
    document["target"]["sources"].append("2001:db8::1")
    plan = plan_of(document, addresses=BOTH)
    assert plan.target.sources == ("192.0.2.1", "2001:db8::1")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"key": "k.pem"}, "--key: got k.pem without a certificate, expected --cert too"),
        (
            {"cert": "c.pem", "key_password": "hunter2"},
            "--key-password: got a literal value, expected env:VAR or file:PATH",
        ),
    ],
)
def test_a_certificate_in_pieces_is_refused(said, line):
    with pytest.raises(PlanError) as refused:
        plan_of(target=TARGET, addresses=BOTH, **said)
    assert str(refused.value).startswith(line)
    assert "hunter2" not in str(refused.value)
