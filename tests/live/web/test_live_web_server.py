"""The live page's server, asked by a client of its own."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest
from plan_maker import make_plan
from record_maker import at, event, load_started, window

from qosflood.base.errors import PlanError, StartError
from qosflood.base.listen import Address, listen, parse_address
from qosflood.live.web import server
from qosflood.live.web.page import Controls, LivePage
from qosflood.live.web.server import PageServer
from qosflood.live.web.state import PageState

JSON = {"Content-Type": "application/json"}
POLICY = "Content-Security-Policy"


class Served:
    """A page that is being served, what it was asked to do, and a client."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.report = folder / "report.html"
        state = PageState(make_plan(), str(folder), "now")
        self.page = LivePage(state, lambda: at(8))
        self.page.steer(Controls(lambda: self.asked.append("stop"), self.asked.append))
        self.server = PageServer(self.page, Address(), self.report)
        self.url = ""
        self.http: aiohttp.ClientSession

    @property
    def origin(self) -> str:
        return self.url.rsplit("/", 2)[0]

    def own(self) -> dict[str, str]:
        return JSON | {"Origin": self.origin}

    async def heard(self, count: int, **headers: str) -> list[tuple[str, str, dict]]:
        """The first events of a stream: name, number, data."""
        events = []
        async with self.http.get(self.url + "events", headers=headers) as answer:
            assert answer.status == 200
            while len(events) < count:
                lines = (await answer.content.readuntil(b"\n\n")).decode().splitlines()
                name, number, data = (line.partition(": ")[2] for line in lines[:3])
                events.append((name, number, orjson.loads(data)))
        return events


def serving(folder: Path, main: Callable[[Served], Awaitable[None]]) -> None:
    async def run() -> None:
        served = Served(folder)
        taken = listen(Address(), "--web")
        try:
            served.url = await served.server.start(taken)
            async with aiohttp.ClientSession() as served.http:
                await main(served)
        finally:
            await served.server.close()
            taken.close()

    asyncio.run(asyncio.wait_for(run(), 30))


def test_without_the_token_nothing_is_told(tmp_path):
    async def main(served: Served) -> None:
        token = served.url.rsplit("/", 2)[1]
        for path in (
            "/",
            "/x/",
            "/page.js",
            f"/{token[:-1]}/",
            f"/{token}x/events",
            "/favicon.ico",
        ):
            async with served.http.get(served.origin + path) as answer:
                assert (answer.status, await answer.text()) == (403, "forbidden\n")

    serving(tmp_path, main)


def test_a_host_that_is_not_ours_is_forbidden_even_with_the_token(tmp_path):
    async def main(served: Served) -> None:
        async with served.http.get(served.url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403

    serving(tmp_path, main)


def test_every_answer_forbids_framing_sniffing_and_telling_where_from(tmp_path):
    async def main(served: Served) -> None:
        for path in ("", "page.js", "page.css", "plotly.js", "nothing", "../x/"):
            async with served.http.get(served.url + path) as answer:
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
        async with served.http.get(served.url) as answer:
            assert "script-src 'self'" in answer.headers[POLICY]
            assert answer.headers["Cache-Control"] == "no-store"

    serving(tmp_path, main)


def test_the_page_names_no_address_outside(tmp_path):
    async def main(served: Served) -> None:
        for path in ("", "page.js", "charts.js", "axes.js", "limits.js", "track.js", "page.css"):
            async with served.http.get(served.url + path) as answer:
                assert answer.status == 200
                assert "//" not in (await answer.text()).replace("// ", "")

    serving(tmp_path, main)


def test_the_charts_script_comes_compressed_and_may_be_kept(tmp_path):
    async def main(served: Served) -> None:
        plain = aiohttp.ClientSession(auto_decompress=False)
        async with plain, plain.get(served.url + "plotly.js") as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "immutable" in answer.headers["Cache-Control"]
            packed = await answer.read()
        headers = {"Accept-Encoding": "identity"}
        async with served.http.get(served.url + "plotly.js", headers=headers) as answer:
            assert gzip.decompress(packed) == await answer.read()
        assert len(packed) < 2_000_000

    serving(tmp_path, main)


def test_a_stream_begins_with_the_whole_run_and_goes_on_with_what_is_new(tmp_path):
    async def main(served: Served) -> None:
        served.page.feed(load_started())
        served.page.feed(window(6, "flood", response_ms=[5.0] * 100))
        ((name, number, whole),) = await served.heard(1)
        assert name == "snapshot"
        assert whole["tracks"]["acked"] == [[6.0, 100.0]]
        served.page.feed(window(7, "flood", response_ms=[5.0] * 100))
        served.page.feed(event(7.5, "mark", "operator", "here"))
        served.page.tick(at(9))
        # A browser that lost its connection names the last message that it heard.
        ((name, later, more),) = await served.heard(1, **{"Last-Event-ID": number})
        assert (name, int(later)) == ("more", int(number) + 1)
        assert more["points"]["acked"] == [[7.0, 100.0]]
        assert [one["what"] for one in more["events"]] == ["here"]

    serving(tmp_path, main)


@pytest.mark.parametrize("last", ["999", "x", "-1", "1e3", "\u0663", "9" * 5000])
def test_a_number_that_was_never_told_begins_with_the_whole_run(tmp_path, last):
    async def main(served: Served) -> None:
        ((name, _, _),) = await served.heard(1, **{"Last-Event-ID": last})
        assert name == "snapshot"

    serving(tmp_path, main)


async def asked_raw(served: Served, request: bytes) -> bytes:
    """What the page's port answers to these bytes."""
    url = urlsplit(served.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(1000), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "request_line", ["OPTIONS * HTTP/1.1", "GET http://x HTTP/1.1", "GET //x HTTP/1.1", "\x16\x03"]
)
def test_a_strangers_odd_request_gets_no_answer_and_no_line_on_the_terminal(
    tmp_path, caplog, request_line
):
    async def main(served: Served) -> None:
        host = urlsplit(served.url).netloc
        asked = f"{request_line}\r\nHost: {host}\r\n\r\n".encode()
        status = (await asked_raw(served, asked)).split(b" ")[1]
        assert status in (b"400", b"403")

    serving(tmp_path, main)
    assert caplog.messages == []


def test_strangers_that_only_connect_take_no_more_open_files_than_allowed_and_lock_nobody_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)

    async def main(served: Served) -> None:
        url = urlsplit(served.url)
        crowd = [await asyncio.open_connection(url.hostname, url.port) for _ in range(4)]
        with suppress(ConnectionError):
            assert await asyncio.wait_for(crowd[0][0].read(), 10) == b""
        assert len(served.server._door._guests) == 3
        async with served.http.get(served.url) as answer:
            assert answer.status == 200
        for _, end in crowd:
            end.close()

    serving(tmp_path, main)


def test_a_listener_that_takes_nothing_loses_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(server, "MOST_STREAMS", 1)

    async def main(served: Served) -> None:
        whole = b'"%s"' % (b"x" * 30_000_000)
        served.page.snapshot = lambda: (0, whole)
        url = urlsplit(served.url)
        _, writer = await asyncio.open_connection(url.hostname, url.port, limit=1000)
        writer.write(f"GET {url.path}events HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        await writer.drain()
        while not served.server._streams:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(served.server.linger(20.0), 20)  # while anybody listens
        writer.close()
        assert not served.server._streams

    serving(tmp_path, main)


def test_stop_and_mark_reach_the_run_and_only_from_the_page_itself(tmp_path):
    async def main(served: Served) -> None:
        served.page.feed(load_started())
        foreign = {"Origin": "http://evil.example"}
        for headers in (JSON, JSON | foreign, {"Origin": served.origin}):
            for path, body in (("stop", b"{}"), ("mark", b'{"text":"x"}')):
                async with served.http.post(served.url + path, data=body, headers=headers) as no:
                    assert no.status == 403
        assert served.asked == []
        for path, body in (("mark", b'{"text":"proxy restarted"}'), ("stop", b"{}")):
            async with served.http.post(served.url + path, data=body, headers=served.own()) as yes:
                assert yes.status == 204
        assert served.asked == ["proxy restarted", "stop"]

    serving(tmp_path, main)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"text": 7}', 409),
        (b'{"text": ""}', 409),
        (b'{"text": "%s"}' % (b"x" * 5000), 413),
    ],
)
def test_a_mark_that_is_none_is_refused(tmp_path, body, status):
    async def main(served: Served) -> None:
        served.page.feed(load_started())
        async with served.http.post(served.url + "mark", data=body, headers=served.own()) as answer:
            assert answer.status == status
        assert served.asked == []

    serving(tmp_path, main)


def test_the_report_is_there_when_the_run_is_over_and_may_be_kept(tmp_path):
    async def main(served: Served) -> None:
        served.report.write_text("<!doctype html><p>the report")
        async with served.http.get(served.url + "report.html") as answer:
            assert answer.status == 404
        served.page.end({"verdict": "PASS"})
        async with served.http.get(served.url + "report.html") as answer:
            assert "the report" in await answer.text()
            assert "max-age" in answer.headers["Cache-Control"]
            assert answer.headers[POLICY].startswith("frame-ancestors 'none'")

    serving(tmp_path, main)


def test_whoever_listens_is_waited_for_and_told_when_nobody_serves_any_more(tmp_path):
    async def main(served: Served) -> None:
        listening = asyncio.create_task(served.heard(2))
        while not served.page.ring.last:
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(served.server.linger(20.0))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        closing = asyncio.create_task(served.server.close())
        assert [name for name, _, _ in await listening] == ["snapshot", "gone"]
        await waiting
        await closing

    serving(tmp_path, main)


def test_where_nobody_listens_nobody_is_waited_for(tmp_path):
    async def main(served: Served) -> None:
        await asyncio.wait_for(served.server.linger(600.0), 20)

    serving(tmp_path, main)


def test_a_port_that_is_taken_is_one_clear_error():
    with listen(Address(), "--web") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"^--web: cannot listen on 127.0.0.1:{port} "):
            listen(Address("127.0.0.1", port), "--web")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("127.0.0.1:0", Address()),
        ("127.0.0.1", Address()),
        (":8080", Address("127.0.0.1", 8080)),
        ("[::1]:8080", Address("::1", 8080)),
        ("::1", Address("::1", 0)),
        ("wall.example:80", Address("wall.example", 80)),
    ],
)
def test_an_address_is_a_host_with_a_port_or_one_of_them(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["8080", "a:b", "a:70000", "http://a:80", "a b:80", "a:", "a:-1"])
def test_anything_else_is_no_address(text):
    with pytest.raises(PlanError, match="expected HOST:PORT"):
        parse_address(text)


def test_only_loopback_is_called_so():
    assert all(Address(host).loopback for host in ("127.0.0.1", "::1", "localhost", "127.8.0.1"))
    assert not any(Address(host).loopback for host in ("0.0.0.0", "::", "10.0.0.1", "wall"))
