"""The page keeps a series as the coordinator does."""

import random
from importlib import resources

from browser import browser, watched_page

from qosflood.live.web.history import Track

FILL = """([script, points]) => {
  const Track = new Function(script.replace("export class", "class") + "; return Track;")();
  const track = new Track();
  points.forEach(([t, value]) => track.add(t, value));
  const [t, values] = track.columns();
  return t.map((at, index) => [at, values[index]]);
}"""


def test_the_browser_thins_a_long_series_to_the_same_points():
    chance = random.Random(5)
    points = [
        (n / 2, None if chance.random() < 0.01 else float(chance.randrange(1000)))
        for n in range(9000)
    ]
    track = Track()
    for t_s, value in points:
        track.add(t_s, value)
    script = resources.files("qosflood.live.web").joinpath("track.js").read_text("utf-8")
    with browser() as chromium, watched_page(chromium) as (page, seen):
        kept = page.evaluate(FILL, [script, points])
    assert [tuple(point) for point in kept] == track.points()
    assert len(kept) <= 1200
    assert seen.problems == []
