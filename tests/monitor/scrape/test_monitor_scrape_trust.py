"""Whom a scrape trusts, and to whom it shows the target's secrets."""

import asyncio
import ssl

import pytest
from certificates import make_certificates
from plan_maker import make_plan
from raw_server import page, raw_server, redirecting

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import StartError
from qosflood.monitor.scrape.scraper import open_scraper
from qosflood.plan.watching import Instance

BODY = b"a 1\n"


async def scrape_once(plan):
    async with open_scraper(plan) as scraper:
        return await scraper.scrape(7)


def test_the_targets_secrets_go_with_the_scrape_but_not_to_another_origin(monkeypatch):
    monkeypatch.setenv("TOKEN", "Bearer hunter2")

    async def run():
        async with (
            raw_server(page(BODY)) as other,
            raw_server(redirecting(lambda: other.url, page(BODY))) as server,
        ):
            plan = make_plan(
                port=server.port,
                target={"headers": (HeaderRef(name="Authorization", source="env:TOKEN"),)},
                watch={"scrape_url": server.url},
            )
            return await scrape_once(plan), server, other

    sample, server, other = asyncio.run(run())
    assert sample.ok
    assert server.headers()["authorization"] == "Bearer hunter2"
    assert "authorization" not in other.headers()
    assert other.headers()["user-agent"].startswith("qosflood/")


def test_a_page_on_another_origin_gets_none_of_the_targets_headers(monkeypatch):
    monkeypatch.setenv("TOKEN", "Bearer hunter2")

    async def run():
        async with raw_server(page(BODY)) as other:
            token = HeaderRef(name="Authorization", source="env:TOKEN")
            plan = make_plan(
                port=other.port + 1, target={"headers": (token,)}, watch={"scrape_url": other.url}
            )
            return await scrape_once(plan), other

    sample, other = asyncio.run(run())
    assert sample.ok
    assert "authorization" not in other.headers()


def test_a_page_that_echoes_a_secret_does_not_carry_it_into_the_reason(monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")

    async def run():
        async with raw_server(page(b"a hunter2\n")) as server:
            plan = make_plan(
                port=server.port,
                target={"headers": (HeaderRef(name="X-Key", source="env:TOKEN"),)},
                watch={"scrape_url": server.url},
            )
            return await scrape_once(plan)

    sample = asyncio.run(run())
    assert not sample.ok
    assert "***" in sample.reason
    assert "hunter2" not in sample.reason


def test_a_ca_file_that_is_none_is_one_line(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    for path in (file, tmp_path / "absent.pem"):
        with pytest.raises(StartError, match="expected a file of PEM certificates") as raised:
            asyncio.run(scrape_once(make_plan(target={"cacert": str(path)})))
        assert "\n" not in str(raised.value)


MISMATCH = "certificate: IP address mismatch, certificate is not valid for '127.0.0.1'"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


class Stranger:
    """A TLS server that asks for a certificate; `shown` is what the last client presented."""

    def __init__(self, certificates):
        self.shown = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates.good.cert, certificates.good.key)
        self.context.load_verify_locations(certificates.authority)
        self.context.verify_mode = ssl.CERT_OPTIONAL

    async def answer(self, _, writer):
        self.shown.append(writer.get_extra_info("peercert"))
        writer.write(page(BODY))


@pytest.mark.parametrize(("trusted", "shows"), [(False, False), (True, True)])
def test_the_clients_certificate_is_shown_to_the_target_and_to_pages_that_were_named(
    certificates, trusted, shows
):
    stranger = Stranger(certificates)

    async def run():
        async with raw_server(stranger.answer, tls=stranger.context) as server:
            url = server.url.replace("http:", "https:")
            files = {
                "cacert": str(certificates.authority),
                "cert": str(certificates.good.cert),
                "key": str(certificates.good.key),
            }
            one = Instance(name="a", scrape_url=url, trusted=trusted)
            return await scrape_once(make_plan(target=files, instances=(one,)))

    assert asyncio.run(run()).ok
    assert [bool(one) for one in stranger.shown] == [shows]


def test_insecure_is_about_the_target_and_not_about_a_host_that_was_found(certificates):
    async def run():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.expired.cert, certificates.expired.key)
        async with raw_server(page(BODY), tls=context) as server:
            one = Instance(name="a", scrape_url=server.url.replace("http:", "https:"))
            return await scrape_once(make_plan(target={"insecure": True}, instances=(one,)))

    assert asyncio.run(run()).reason.startswith("certificate: ")


def test_a_redirect_to_another_origin_shows_it_no_certificate(certificates):
    stranger = Stranger(certificates)

    async def run():
        async with raw_server(stranger.answer, tls=stranger.context) as other:
            there = other.url.replace("http:", "https:")
            async with raw_server(redirecting(there, page(BODY))) as server:
                files = {
                    "cacert": str(certificates.authority),
                    "cert": str(certificates.good.cert),
                    "key": str(certificates.good.key),
                }
                plan = make_plan(target=files, watch={"scrape_url": server.url}, port=server.port)
                return await scrape_once(plan)

    assert asyncio.run(run()).ok
    assert [bool(one) for one in stranger.shown] == [False]


async def over_tls(certificate, **target):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    async with raw_server(page(BODY), tls=context) as server:
        url = server.url.replace("http:", "https:")
        return await scrape_once(make_plan(target=target, watch={"scrape_url": url}))


@pytest.mark.parametrize(
    ("name", "trust", "reason"),
    [
        ("good", "cacert", None),
        ("expired", "insecure", None),
        ("good", "system", "certificate: unable to get local issuer certificate"),
        ("expired", "cacert", "certificate: certificate has expired"),
        (
            "wrong_host",
            "cacert",
            MISMATCH,
        ),
    ],
)
def test_certificates_are_checked_against_the_authorities_given(certificates, name, trust, reason):
    target = {
        "system": {},
        "insecure": {"insecure": True},
        "cacert": {"cacert": str(certificates.authority)},
    }[trust]
    sample = asyncio.run(over_tls(getattr(certificates, name), **target))
    assert (sample.ok, sample.reason) == (reason is None, reason)


def test_tls_to_a_server_that_speaks_none_is_named():
    async def plain(_, writer):
        writer.write(page(b"bad", status="400 Bad Request"))

    async def run():
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            url = f"https://127.0.0.1:{port}/metrics"
            return await scrape_once(make_plan(watch={"scrape_url": url}))

    assert asyncio.run(run()).reason == "TLS: WRONG_VERSION_NUMBER"
