"""The live page of a real run, in a real browser, against a target that hopes to be run as HTML."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browser import Seen, browser, watched_page
from flooding import Finished, Flood, flooding
from processes import faulty, read_journal, read_report, run_qosflood, wait_until

pytestmark = pytest.mark.e2e

SCRIPT = "<script>document.title='taken';taken=1</script><img src=x onerror='taken=1'>"
POINTS = """name => document.getElementById(name).data.map(t => [t.name, [...t.x], [...t.y]])"""
LINES = """() => document.getElementById("chart-generator").layout.shapes
    .filter((shape) => shape.yref === "y").map((shape) => shape.y0)"""
WAIT_MS = 30_000


class Hostile(BaseHTTPRequestHandler):
    """Refuses every third report; all it says is a script."""

    protocol_version = "HTTP/1.1"
    reports = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Hostile.reports += 1
        refused = Hostile.reports > 40 and Hostile.reports % 3 == 0
        self._answer(500 if refused else 202, SCRIPT if refused else "OK")

    def do_GET(self) -> None:
        self._answer(200, "OK")

    def _answer(self, status: int, phrase: str) -> None:
        body = f'scraped_total{{name="{SCRIPT}"}} {SCRIPT}\n'.encode()
        self.send_response(status, phrase)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("X-Reason", SCRIPT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Watched:
    """What was seen of one run that was marked, reloaded and stopped from its page."""

    run_dir: Path
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    throughput: dict[str, dict[float, float]] = field(default_factory=dict)
    reloaded: dict[str, dict[float, float]] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)
    went_on: bool = False
    report_title: str = ""
    done: Finished | None = None


def page_url(flood: Flood) -> str:
    found = wait_until(lambda: re.search(r"live page: (\S+)", flood.said()), "the page's address")
    return str(found[1])


def until(page: Any, expression: str) -> None:
    """Wait for it by asking; Playwright's own waiting is forbidden by the page's policy."""
    wait_until(lambda: page.evaluate(expression), expression, 30.0)


def throughput(page: Any) -> dict[str, dict[float, float]]:
    """The chart's lines: seconds to reports per second."""
    return {
        name: dict(zip(x, y, strict=True))
        for name, x, y in page.evaluate(POINTS, "chart-throughput")
    }


def marks_drawn(page: Any) -> int:
    """Charts, of those in sight, in which the mark stands."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".plot")].filter((plot) => plot.layout
            && plot.layout.annotations.some((note) => note.text.includes("&lt;script&gt;"))
            && plot.layout.shapes.some((shape) => shape.type === "line")).length"""
    )


def watch(watched: Watched, chromium: Any, flood: Flood) -> None:
    size = {"width": 1400, "height": 2200}
    with watched_page(chromium, viewport=size) as (page, seen):
        watched.seen.append(seen)
        page.goto(watched.url)
        page.wait_for_selector("#limits tr:has-text('errors < 1%'):has(.bad)", timeout=WAIT_MS)
        until(page, "document.getElementById('chart-throughput')?.data?.[1].x.length >= 4")
        watched.words["so far"] = page.inner_text("#word")
        watched.words["phases"] = page.inner_text("#bar")
        watched.words["gate"] = str(page.evaluate(LINES))
        watched.words["errors"] = page.inner_text("#limits tr:has-text('errors < 1%')")
        page.click("#mark")
        page.fill("#mark-text", f"here {SCRIPT}")
        page.press("#mark-text", "Enter")
        page.wait_for_selector(".timeline .mark", timeout=WAIT_MS)
        watched.words["mark"] = page.inner_text(".timeline .mark span")
        wait_until(lambda: marks_drawn(page) == 6, "the mark in every chart")
        watched.throughput = throughput(page)
        page.reload()
        until(page, "document.getElementById('chart-throughput')?.data?.[1].x.length")
        watched.reloaded = throughput(page)
        stop(watched, page, flood)


def stop(watched: Watched, page: Any, flood: Flood) -> None:
    with watched_page(page.context.browser, color_scheme="dark") as (late, seen):
        late.route("**/events", lambda route: route.fulfill(status=503))
        late.goto(watched.url)
        until(late, "document.getElementById('link').textContent !== 'connecting'")
        watched.words["refused"] = late.inner_text("#link")
        late.unroute("**/events")
        seen.problems.clear()  # it complains of the 503
        watched.seen.append(seen)
        late.goto(watched.url)
        late.wait_for_selector(".timeline .mark", timeout=WAIT_MS)
        page.click("#stop")
        page.click("#stop-dialog [data-close]")
        watched.went_on = "stopping" not in {r.get("kind") for r in read_journal(watched.run_dir)}
        page.click("#stop")
        page.click("#stop-now")
        for one in (page, late):
            one.wait_for_selector("#reports:not([hidden])", timeout=WAIT_MS)
            watched.taken.append(
                one.evaluate("[window.taken, document.title, document.scripts.length]")
            )
        watched.words["verdict"] = late.inner_text("#word")
        watched.done = flood.finish()
        # The command is gone; the page kept the report.
        with page.expect_popup() as opened:
            page.click("#open")
        opened.value.wait_for_load_state()
        watched.report_title = opened.value.title()
        watched.words["report"] = opened.value.content()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A run of a hostile target, watched to its end."""
    watched = Watched(tmp_path_factory.mktemp("live") / "run")
    limits = ("--limit", "errors < 1%")
    with browser() as chromium, hostile() as target:
        options = ("--target", target, "--duration", "60s", "--web", *limits)
        with flooding(watched.run_dir, *options) as flood:
            watched.url = page_url(flood)
            watch(watched, chromium, flood)
    return watched


def test_the_browser_has_nothing_to_complain_of(watched: Watched) -> None:
    assert [seen.problems for seen in watched.seen] == [[], []]


def test_nothing_is_asked_of_any_other_address(watched: Watched) -> None:
    assert [seen.outside for seen in watched.seen] == [[], []]


def test_what_a_target_says_is_text_and_never_run(watched: Watched) -> None:
    for taken, title, scripts in watched.taken:
        assert taken is None
        assert title.startswith("INTERRUPTED")
        assert scripts == 2
    assert watched.words["mark"] == f"here {SCRIPT}"


def test_a_broken_limit_is_told_while_the_run_goes_on(watched: Watched) -> None:
    assert watched.words["so far"] == "FAILING SO FAR"
    words = r"broken\s+errors < 1%\s.*[\d.]+%\s+from [\d,]+ reports"
    assert re.match(words, watched.words["errors"], re.DOTALL)


def test_every_phase_has_its_name_in_the_strip_however_short_it_is(watched: Watched) -> None:
    assert watched.words["phases"].split() == ["baseline", "ramp", "flood", "recovery", "settle"]


def test_what_a_chart_is_judged_by_is_a_line_in_it(watched: Watched) -> None:
    assert watched.words["gate"] == "[10]"


def test_the_charts_hold_the_points_of_the_journal(watched: Watched) -> None:
    offered: Counter[float] = Counter()
    acked: Counter[float] = Counter()
    for window in read_journal(watched.run_dir, "window"):
        offered[window["second"]] += window["offered"]
        acked[window["second"]] += window["outcomes"]["acked"]
    for lines in (watched.throughput, watched.reloaded):
        assert len(lines["answered"]) >= 4
        assert lines["answered"] == {at: acked[at] for at in lines["answered"]}
        assert lines["offered"] == {at: offered[at] for at in lines["offered"]}


def test_a_page_that_is_reloaded_shows_the_whole_run(watched: Watched) -> None:
    assert min(watched.reloaded["answered"]) == 0
    assert set(watched.throughput["answered"]) <= set(watched.reloaded["answered"])


def test_a_mark_stands_in_the_journal_and_in_the_report_too(watched: Watched) -> None:
    (mark,) = [e for e in read_journal(watched.run_dir, "event") if e["kind"] == "mark"]
    assert (mark["who"], mark["what"]) == ("operator", f"here {SCRIPT}")
    (entry,) = [e for e in read_report(watched.run_dir)["timeline"] if e["kind"] == "mark"]
    assert entry["what"] == f"here {SCRIPT}"


def test_a_page_that_is_refused_says_so(watched: Watched) -> None:
    assert watched.words["refused"].startswith("not connected: too many pages are open")


def test_stop_asks_once_and_ends_the_run_with_its_report(watched: Watched) -> None:
    assert watched.went_on
    assert watched.done is not None
    assert watched.done.code == 130
    assert "the live page: stopping the load" in watched.done.err
    assert watched.words["verdict"] == "INTERRUPTED"
    assert read_report(watched.run_dir)["verdict"] == "INTERRUPTED"


def test_the_report_opens_from_the_page_when_the_command_has_ended(watched: Watched) -> None:
    assert watched.report_title.startswith("INTERRUPTED")


def test_the_token_is_written_down_nowhere(watched: Watched) -> None:
    token = watched.url.rsplit("/", 2)[1]
    assert len(token) >= 32
    for path in watched.run_dir.iterdir():
        assert token.encode() not in path.read_bytes(), path.name


def test_a_port_that_is_taken_ends_the_command_before_anything_is_sent(tmp_path: Path) -> None:
    with faulty() as target, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ("--target", target.url, "--web", f"127.0.0.1:{port}")
        done = run_qosflood("--duration", "2s", "--out", str(tmp_path / "run"), *options)
        assert done.returncode == 2
        assert f"--web: cannot listen on 127.0.0.1:{port}" in done.stderr
        assert target.log()["reports"] == 0
    assert not (tmp_path / "run").exists()
