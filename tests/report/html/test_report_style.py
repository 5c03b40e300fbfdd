"""The colours that all pages share, legible in both themes."""

import re
from pathlib import Path

import pytest

from qosflood.report import charts as charts_room
from qosflood.report.html.assets import text_of

LEAST = 4.5
"""WCAG 2.2, success criterion 1.4.3."""
COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
COLOURS = {name: pair for name, *pair in COLOUR.findall(text_of("common.css"))}
WORDS = ("text", "muted", "accent", "good", "bad", "warn", "violet", "teal", "offered", "acked")
TINTS = ("good", "bad", "warn")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_contrast_that_everybody_knows() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("ground", ["page", "panel"])
def test_words_stand_out_from_the_page(theme: int, word: str, ground: str) -> None:
    assert contrast(COLOURS[word][theme], COLOURS[ground][theme]) >= LEAST


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("tone", TINTS)
def test_words_stand_out_from_a_banner(theme: int, tone: str) -> None:
    tint = COLOURS[f"{tone}-tint"][theme]
    for word in ("text", "muted", tone):
        assert contrast(COLOURS[word][theme], tint) >= LEAST


def test_every_colour_that_styles_and_charts_name_exists() -> None:
    defined = set(re.findall(r"--([\w-]+):", text_of("common.css") + text_of("page.css")))
    used = set(re.findall(r"var\(--([\w-]+)", text_of("common.css") + text_of("page.css")))
    assert used <= defined
    charts = [file.read_text("utf-8") for file in Path(charts_room.__file__).parent.glob("*.py")]
    assert len(charts) > 3
    assert {name for text in charts for name in re.findall(r'"@([a-z]+)["/]', text)} <= defined
    assert set(re.findall(r'"@([a-z]+)"', text_of("page.js"))) <= defined


def test_no_style_or_script_asks_for_anything() -> None:
    for name in ("common.css", "page.css", "page.js"):
        assert not re.search(r"https?:|//\w|@import|url\(", text_of(name).replace("// ", ""))
