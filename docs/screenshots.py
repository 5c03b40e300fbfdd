"""Makes docs/pictures: live page, report, summary, comparison, terminal, a search for capacity.

    python docs/screenshots.py [--only NAME]… [--runs DIR]

They show real runs, made here against the embedded collector: one that does well, one that is
slower, one that freezes for three seconds in the middle of the flood, and one of a known capacity.
`--runs DIR` keeps them, and takes those that lie there already. Needs Chromium and the `dev` extra;
takes ten minutes of a machine that does nothing else.

A further picture is a function of a `Stage` under a name in `PICTURES`.
"""

import argparse
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from browser import browser
from processes import free_port, qosflood_command, started, wait_for_port
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from sick_collectors import Sick, sick_collector

FOLDER = Path(__file__).with_name("pictures")
FLOOD_S = 60
REPORTS_BEFORE = 32_000
"""After so many the sick collector freezes: half way through the flood."""
LIVE_AT_S = 40
COLUMNS = 100
MOST_BYTES = 300_000
_URL = re.compile(r"live page: (http://\S+)")
_FOREIGN_FONT = re.compile(r"@font-face \{[^}]*\}")
_PROGRAM = (sys.executable, "-m", "qosflood")


@dataclass
class Stage:
    """What pictures are taken of, and with: a browser, and where runs lie and pictures go."""

    chromium: Any
    runs: Path

    def run(self, kind: str) -> Path:
        """The run of a collector of this kind, made if it is not there."""
        folder = self.runs / kind
        if not (folder / "report.html").exists():
            with sick_collector(kind, after=REPORTS_BEFORE) as collector:
                subprocess.run(_flood(collector, folder), capture_output=True, check=False)
        return folder

    def search(self) -> Path:
        """A search of a collector that carries 333 clients, made if it is not there."""
        folder = self.runs / "capacity"
        if not (folder / "report.html").exists():
            port = free_port()
            serve = qosflood_command("collector", "--service-time", "3ms", "--port", str(port))
            with started(serve):
                wait_for_port(port)
                words = _search(f"http://127.0.0.1:{port}", folder)
                subprocess.run(words, capture_output=True, check=False)
        return folder

    def watched(self, kind: str, picture: Path) -> None:
        """The live page of a run of its own: a browser that draws may make the generator late."""
        with (
            sick_collector(kind, after=REPORTS_BEFORE) as collector,
            subprocess.Popen(
                [*_flood(collector, self.runs / f"{kind}-watched"), "--web"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            assert process.stderr is not None
            url = next(found for line in process.stderr if (found := _URL.search(line)))
            time.sleep(LIVE_AT_S)
            self.shoot(url[1], picture, wait_s=2)
            process.stderr.read()

    def shoot(
        self,
        url: str,
        picture: Path,
        *,
        scheme: str = "light",
        size: tuple[int, int] = (1280, 1000),
        top: str = "",
        wait_s: float = 0.5,
    ) -> None:
        """A page as one sees it, from the element `top` on."""
        width, height = size
        options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
        context = self.chromium.new_context(**options)
        page = context.new_page()
        page.goto(url)
        page.wait_for_timeout(wait_s * 1000)
        if top:
            page.evaluate("(query) => document.querySelector(query).scrollIntoView()", top)
        page.screenshot(path=picture)
        context.close()


def _flood(collector: Sick, folder: Path) -> list[str]:
    return [
        *(*_PROGRAM, "--rate", "10x", "--duration", f"{FLOOD_S}s", "--no-live"),
        *("--target", collector.url, "--pid", str(collector.process.pid)),
        *("--limit", "response.p99 < 250ms", "--out", str(folder)),
    ]


def _search(url: str, folder: Path) -> list[str]:
    return [
        *(*_PROGRAM, "capacity", "--target", url, "--peak", "100@1s", "--budget", "3m"),
        *("--no-live", "--limit", "response.p99 < 250ms", "--out", str(folder)),
    ]


def capacity(stage: Stage) -> None:
    """The answer of a search, and its first curve."""
    url = (stage.search() / "report.html").as_uri()
    stage.shoot(url, FOLDER / "capacity.png", size=(1280, 1150), wait_s=1)


def report(stage: Stage) -> None:
    """Its first screen, and its charts in the dark."""
    url = (stage.run("frozen") / "report.html").as_uri()
    stage.shoot(url, FOLDER / "report.png")
    stage.shoot(url, FOLDER / "report-charts.png", scheme="dark", top="#charts", size=(1280, 1120))


def summary(stage: Stage) -> None:
    """The still picture, as a browser shows it."""
    url = (stage.run("frozen") / "summary.svg").as_uri()
    stage.shoot(url, FOLDER / "summary.png", size=(1280, 720))


def live(stage: Stage) -> None:
    """The live page, taken while the run went on."""
    stage.watched("frozen", FOLDER / "live.png")


def comparison(stage: Stage) -> None:
    """A run of a slower collector beside one that did well."""
    runs = ("--base", stage.run("healthy").name, "--new", stage.run("slower").name)
    command = [*_PROGRAM, "compare", *runs, "--allow-invalid", "--out", "compare.html"]
    subprocess.run(command, cwd=stage.runs, stdout=subprocess.DEVNULL, check=False)
    page = stage.runs / "compare.html"
    stage.shoot(page.as_uri(), FOLDER / "compare.png")


def terminal(stage: Stage) -> None:
    """The closing summary at 100 columns, as rich draws what the program printed."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    run = stage.run("frozen")
    printed = subprocess.run(
        [*_PROGRAM, "report", run.name],
        cwd=run.parent,
        env=environment,
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(printed.stdout.strip("\n")))
    drawn = console.export_svg(title=f"qosflood --rate 10x --duration {FLOOD_S}s", theme=MONOKAI)
    (FOLDER / "terminal.svg").write_text(_FOREIGN_FONT.sub("", drawn))


PICTURES: dict[str, Callable[[Stage], None]] = {
    "report": report,
    "summary": summary,
    "live": live,
    "compare": comparison,
    "terminal": terminal,
    "capacity": capacity,
}


def main() -> int:
    """Make them; 1 if one is too large for a page that people load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PICTURES)
    parser.add_argument("--runs", type=Path)
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, browser() as chromium:
        stage = Stage(chromium, (options.runs or Path(temporary)).resolve())
        for name in options.only or PICTURES:
            PICTURES[name](stage)
    large = [one.name for one in FOLDER.iterdir() if one.stat().st_size > MOST_BYTES]
    sys.stdout.write(f"{FOLDER}: {len(list(FOLDER.iterdir()))} pictures\n")
    if large:
        sys.stderr.write(f"over {MOST_BYTES:,} bytes: {', '.join(large)}\n")
    return int(bool(large))


if __name__ == "__main__":
    sys.exit(main())
