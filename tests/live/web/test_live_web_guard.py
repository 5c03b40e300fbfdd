"""Who may ask the live page for anything."""

import pytest

from qosflood.base.listen import Address
from qosflood.live.web.guard import PAGE_POLICY, Guard

HERE = Guard("secret", Address())
BEYOND = Guard("secret", Address("0.0.0.0", 8080))
JSON = {"Content-Type": "application/json", "Host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    "token", ["", "Secret", "secret ", "secretsecret", "s\u00e9cret", "\udc80"]
)
def test_any_other_token_is_unknown(token):
    assert HERE.knows("secret")
    assert not HERE.knows(token)


@pytest.mark.parametrize(
    ("host", "here", "beyond"),
    [
        ("127.0.0.1:8080", True, True),
        ("localhost:8080", True, True),
        ("[::1]:8080", True, True),
        ("evil.example", False, False),
        ("127.0.0.1.evil.example:8080", False, False),
        ("192.0.2.7:8080", False, True),
        ("", False, False),
        ("[", False, False),
    ],
)
def test_a_name_that_was_rebound_to_this_address_is_not_expected(host, here, beyond):
    assert HERE.expects(host) is here
    assert BEYOND.expects(host) is beyond


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"Origin": "http://127.0.0.1:8080"}, True),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://127.0.0.1:9090"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
        ({"Origin": "http://127.0.0.1:8080", "Content-Type": "text/plain"}, False),
    ],
)
def test_only_the_page_itself_may_write(headers, may):
    assert HERE.may_write(JSON | headers) is may


def test_the_page_runs_no_inline_script_and_cannot_be_framed():
    assert "unsafe" not in PAGE_POLICY
    assert "frame-ancestors 'none'" in PAGE_POLICY
    assert "default-src 'none'" in PAGE_POLICY
