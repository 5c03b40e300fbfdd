"""Addresses, consent and header references."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.endpoint import (
    OWN_HEADERS,
    Endpoint,
    HeaderRef,
    check_allow,
    is_allowed,
    is_loopback,
    parse_endpoint,
    parse_header,
    same_origin,
)
from qosflood.base.errors import PlanError


@pytest.mark.parametrize(
    ("text", "endpoint", "url", "base"),
    [
        (
            "http://h",
            Endpoint("http", "h", 80),
            "http://h",
            "http://h",
        ),
        (
            "HTTPS://QOS.Example.com/",
            Endpoint("https", "qos.example.com", 443, "/"),
            "https://qos.example.com/",
            "https://qos.example.com",
        ),
        (
            "http://h:8080/base/path/",
            Endpoint("http", "h", 8080, "/base/path/"),
            "http://h:8080/base/path/",
            "http://h:8080/base/path",
        ),
        (
            "http://[::1]:3000",
            Endpoint("http", "::1", 3000),
            "http://[::1]:3000",
            "http://[::1]:3000",
        ),
        (
            "https://127.0.0.1:443",
            Endpoint("https", "127.0.0.1", 443),
            "https://127.0.0.1",
            "https://127.0.0.1",
        ),
    ],
)
def test_a_url_is_taken_apart_and_put_together(text, endpoint, url, base):
    assert parse_endpoint(text) == endpoint
    assert (endpoint.url, endpoint.base) == (url, base)


def test_a_query_is_kept_where_it_is_allowed():
    endpoint = parse_endpoint("http://h/v1/metrics?format=prometheus", allow_query=True)
    assert endpoint.url == "http://h/v1/metrics?format=prometheus"


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", 'got "", expected a URL that starts with http:// or https://'),
        ("h:80", 'got "h:80", expected a URL that starts with'),
        ("ftp://h", 'got "ftp://h", expected a URL that starts with'),
        ("http://", 'got "http://", expected a URL with a host'),
        ("http://:80", 'got "http://:80", expected a URL with a host'),
        ("http://h:0", 'got "http://h:0", expected a URL with a host and a port from 1 to 65535'),
        ("http://h:65536", 'got "http://h:65536", expected a URL with a host and a port'),
        ("http://h:x", 'got "http://h:x", expected a URL with a host and a port'),
        ("http://[::1", 'got "http://[::1", expected a URL with a host'),
        ("http://a..b", 'got "http://a..b", expected a URL with a host'),
        ("http://h/a b", 'got "http://h/a b", expected a URL that starts with'),
        ("http://h/a\tb", 'got "http://h/a\tb", expected a URL that starts with'),
        ("http://hôst", 'got "http://hôst", expected a URL that starts with'),
        ("http://h/#x", "got a URL with a query or fragment, expected none"),
    ],
)
def test_what_is_no_url_is_answered_in_one_line(text, got):
    with pytest.raises(PlanError) as caught:
        parse_endpoint(text)
    assert str(caught.value).startswith(got)
    assert "e.g. http://127.0.0.1:3000" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://user:hunter2@h",
        "http://user:hun/ter2@h",
        "hunter2@h",
        "http://h?token=hunter2",
        "http://h/a b?token=hunter2",
        "ftp://h?hunter2",
        "http://h:x/#hunter2",
    ],
)
@pytest.mark.parametrize("allow_query", [False, True])
def test_a_url_that_may_hold_a_secret_is_not_repeated(text, allow_query):
    try:
        parse_endpoint(text, allow_query=allow_query)
    except PlanError as error:
        assert "ter2" not in str(error)
    else:
        assert allow_query


@given(st.text(), st.booleans())
def test_no_url_is_ever_a_surprise(text, allow_query):
    for candidate in (text, f"http://{text}", f"https://h:{text}"):
        try:
            endpoint = parse_endpoint(candidate, allow_query=allow_query)
        except PlanError:
            continue
        assert parse_endpoint(endpoint.url, allow_query=True) == endpoint


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("10.65536", "10.1.0.0"),
        ("127.0.0.1", "127.0.0.1"),
        ("256.1", "256.1"),
        ("1.2.3.256", "1.2.3.256"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("127.0.0.08", "127.0.0.08"),
        ("127.1.example", "127.1.example"),
    ],
)
def test_an_older_spelling_of_an_address_is_that_address(host, meant):
    assert parse_endpoint(f"http://{host}:81/x").url == f"http://{meant}:81/x"
    assert is_allowed(parse_endpoint(f"http://{host}:81").host, 81, [f"{host}:81"])


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.data())
def test_a_resolver_reads_an_older_spelling_as_we_do(address, count, data):
    numbers = list(address.to_bytes(4, "big"))
    last = int.from_bytes(bytes(numbers[count - 1 :]), "big")
    spell = st.sampled_from([str, hex, lambda number: f"0{number:o}"])
    host = ".".join(data.draw(spell)(number) for number in (*numbers[: count - 1], last))
    assert parse_endpoint(f"http://{host}").host == socket.inet_ntoa(socket.inet_aton(host))


@pytest.mark.parametrize("label", ["a" * 64, f"{'a' * 64}.example", f"b.{'a' * 64}.example"])
def test_a_name_that_no_resolver_takes_is_no_host(label):
    for refused in (lambda: parse_endpoint(f"http://{label}"), lambda: check_allow(label)):
        with pytest.raises(PlanError):
            refused()
    assert parse_endpoint(f"http://{label.replace('a' * 64, 'a' * 63)}.").host.endswith(".")
    with pytest.raises(PlanError):
        parse_endpoint(f"http://{'a.' * 127}")


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://h", "http://H:80/x?y", True),
        ("https://h", "https://h:443", True),
        ("http://h", "https://h", False),
        ("http://h:81", "http://h:82", False),
        ("http://127.0.0.1:0", "http://127.0.0.1:0/metrics", True),
        ("http://h", "http://h@evil.example", False),
        ("http://h", "http://h\\@evil.example", False),
        ("http://h", "http://h:x", False),
        ("", "", False),
        ("h", "h", False),
    ],
)
def test_two_urls_have_one_origin_by_scheme_host_and_port(url, other, same):
    assert same_origin(url, other) is same
    assert same_origin(other, url) is same


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("localhost", False),
    ],
)
def test_loopback_is_what_never_leaves_the_machine(address, loopback):
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("allow", "host", "port", "allowed"),
    [
        ("qos.example.com", "qos.example.com", 443, True),
        ("QOS.example.com", "qos.EXAMPLE.com", 443, True),
        ("qos.example.com:443", "qos.example.com", 443, True),
        ("qos.example.com:80", "qos.example.com", 443, False),
        ("example.com", "qos.example.com", 443, False),
        ("::2", "::2", 80, True),
        ("[::2]", "::2", 80, True),
        ("[::2]:80", "::2", 80, True),
        ("[::2]:81", "::2", 80, False),
        ("10.0.0.1:80", "10.0.0.1", 80, True),
        ("h:", "h", 80, False),
        ("h:x", "h", 80, False),
        ("[h", "h", 80, False),
    ],
)
def test_consent_is_for_a_host_or_a_host_and_port(allow, host, port, allowed):
    assert is_allowed(host, port, [allow]) is allowed


@pytest.mark.parametrize("text", ["", "a b", "http://h", "h:0", "h:65536", "h:x", "h:", "[::2"])
def test_what_is_no_consent_is_answered_in_one_line(text):
    with pytest.raises(PlanError) as caught:
        check_allow(text)
    assert str(caught.value) == (
        f'got "{text}", expected HOST or HOST:PORT, e.g. qos.example.com:443'
    )


@pytest.mark.parametrize("text", ["h", "h:80", "::1", "[::1]:80", "10.0.0.1"])
def test_consent_may_be_given_in_every_spelling(text):
    assert check_allow(f" {text.upper()} ") == text


@pytest.mark.parametrize("source", ["env:TOKEN", "file:/run/secrets/token", "file:a b=c"])
def test_a_header_refers_to_where_its_value_is(source):
    assert parse_header(f"X-Api-Key={source}") == HeaderRef(name="X-Api-Key", source=source)


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "Authorization: Bearer hunter2",
        "Authorization=Bearer hunter2",
        "Authorization=env:hunter2 hunter2",
        "Authorization=hunter2:x",
        "Bad Name hunter2=env:A",
        "=env:hunter2",
    ],
)
def test_a_literal_header_is_refused_without_repeating_it(text):
    with pytest.raises(PlanError) as caught:
        parse_header(text)
    assert "hunter2" not in str(caught.value)
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["env:", "file:", "file:  ", "env:1A", "env:A\n"])
def test_a_reference_to_nothing_is_refused(source):
    with pytest.raises(PlanError, match="expected env:VAR or file:PATH"):
        parse_header(f"A={source}")


@pytest.mark.parametrize("name", sorted(OWN_HEADERS))
def test_headers_that_frame_a_request_are_refused(name):
    with pytest.raises(PlanError, match="qosflood sets that one itself"):
        parse_header(f"{name.title()}=env:A")


@pytest.mark.parametrize("host", ["[fe80::1%25eth0]", "[fe80::1%eth0]"])
def test_an_address_with_a_zone_is_named(host):
    with pytest.raises(PlanError, match="got an IPv6 address with a zone"):
        parse_endpoint(f"http://{host}:3000")
