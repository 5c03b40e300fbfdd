"""The site as it is built: no dead link, and legible on a telephone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser

ROOT = Path(__file__).parents[2]
PHONE = {"width": 400, "height": 800}

_CUT_OFF = """() => [...document.querySelectorAll('article pre')]
  .filter((pre) => !pre.closest('.drawing') && pre.scrollWidth > pre.clientWidth)
  .map((pre) => pre.textContent)"""
_BROKEN = """() => {
  const lines = (range) => new Set([...range.getClientRects()].map((box) => box.top)).size;
  const broken = [];
  const look = (node, from, to) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    if (lines(range) > 1) broken.push(range.toString());
  };
  const textOf = (root) => {
    const found = [];
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) found.push(walk.currentNode);
    return found;
  };
  for (const text of textOf(document.querySelector('article')))
    for (const name of text.data.matchAll(/(?<![\\w-])--[a-z][\\w-]*/g))
      look(text, name.index, name.index + name[0].length);
  for (const code of document.querySelectorAll('article td:first-child code:first-child'))
    for (const text of textOf(code)) look(text, 0, text.length);
  return broken;
}"""
_MISSING = """() => [...document.images]
  .filter((image) => image.naturalWidth === 0).map((image) => image.src)"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def phone() -> Iterator[Any]:
    """A browser's page as wide as a telephone."""
    with browser() as chromium:
        context = chromium.new_context(viewport=PHONE, offline=True)
        yield context.new_page()
        context.close()


def test_the_site_is_built_without_a_dead_link(site: Path) -> None:
    assert (site / "tutorial" / "index.html").exists()
    assert (site / "stylesheets" / "narrow.css").exists()


def test_on_a_telephone_nothing_is_cut_off_and_no_name_is_broken(site: Path, phone: Any) -> None:
    pages = sorted(site.rglob("index.html"))
    assert len(pages) > 40
    for page in pages:
        phone.goto(page.as_uri())
        name = str(page.relative_to(site))
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        assert (name, phone.evaluate(_CUT_OFF)) == (name, [])
        assert (name, phone.evaluate(_BROKEN)) == (name, [])
        assert (name, phone.evaluate(_MISSING)) == (name, [])
