"""A page that starves, replicas behind one port, and instances of which one fails: each named."""

from pathlib import Path

import pytest
from floods import Flooded, at_once, flood
from processes import faulty
from scraped_collectors import starving_collector, two_replicas

pytestmark = pytest.mark.e2e

RAMP = ("--duration", "4s", "--set", "phases.ramp=3s", "--set", "phases.baseline=1s")
OFTEN = ("--scrape-interval", "250ms", "--set", "scrape.timeout=200ms")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flooded]:
    """All floods of these tests, side by side."""
    folder = tmp_path_factory.mktemp("scrapes")

    def flooded(kind: str) -> tuple[str, Flooded]:
        return kind, KINDS[kind](folder / kind)

    return dict(at_once(flooded, KINDS))


def starve(out: Path) -> Flooded:
    with starving_collector(above=60) as url:
        return flood(out, *RAMP, *OFTEN, "--target", url)


@pytest.fixture(scope="module")
def starved(ended: dict[str, Flooded]) -> Flooded:
    return ended["starved"]


def test_a_page_that_starves_under_load_fails_the_run_by_its_gap(starved: Flooded) -> None:
    assert (starved.code, starved.report["verdict"]) == (1, "FAIL")
    assert "scrape.gap" in starved.report["headline"]
    assert starved.outcomes.keys() == {"acked"}


def test_it_is_told_at_which_load_the_page_began_to_starve(starved: Flooded) -> None:
    (instance,) = starved.report["instances"]
    words = instance["scrape_words"][0]
    assert words.startswith("scrapes failed from between ")
    loads = words.split("between ")[1].split()
    low, high = (float(load.rstrip("x")) for load in (loads[0], loads[2]))
    assert 1.5 <= low <= high <= 5
    assert "(one scrape every 250ms)" in words
    assert "no answer within 200ms" in words
    first = starved.report["first_failure"]
    assert (first["who"], first["kind"]) == ("target", "scrapes_failing")


def flood_replicas(out: Path) -> Flooded:
    with two_replicas() as url:
        return flood(out, "--target", url)


@pytest.fixture(scope="module")
def behind_one_port(ended: dict[str, Flooded]) -> Flooded:
    return ended["replicas"]


def test_two_replicas_behind_one_port_are_named_not_taken_for_a_restart(
    behind_one_port: Flooded,
) -> None:
    report = behind_one_port.report
    assert "several processes" in behind_one_port.err
    assert any(line.startswith("several_processes: ") for line in report["warnings"])
    assert report["restarts"] is None
    assert "restarted" not in {entry["kind"] for entry in report["timeline"]}
    assert report["memory"]["verdict"] == "unmeasured"
    assert "several processes" in report["memory"]["reason"] or not report["memory"]["source"]
    assert report["loss"]["verdict"] in ("unmeasured", "inconclusive")
    assert behind_one_port.code in (0, 3)


PROFILE = """
[[instance]]
name = "good"
scrape = "{good}"

[[instance]]
name = "bad"
scrape = "{bad}"
"""


def flood_instances(out: Path) -> Flooded:
    """Two instances, of which the second one has no page."""
    profile = out.with_suffix(".toml")
    with faulty() as good, faulty("status:503") as bad:
        text = PROFILE.format(good=f"{good.url}/metrics", bad=f"{bad.url}/nowhere")
        profile.write_text(text)
        limit = ("--limit", "scrape.success >= 99%")
        return flood(out, str(profile), "--target", good.url, *OFTEN, *limit)


KINDS = {"starved": starve, "replicas": flood_replicas, "instances": flood_instances}


@pytest.fixture(scope="module")
def instances(ended: dict[str, Flooded]) -> Flooded:
    return ended["instances"]


def test_a_limit_is_judged_on_the_worst_instance_and_names_it(instances: Flooded) -> None:
    judged = instances.limit("scrape.success >= 99%")
    assert judged["ok"] is False
    assert judged["reason"] == "instance bad"
    assert judged["value"] < 0.5


def test_each_instance_has_its_own_findings(instances: Flooded) -> None:
    good, bad = instances.report["instances"]
    assert (good["name"], bad["name"]) == ("good", "bad")
    assert good["scrapes"]["failed"] <= good["scrapes"]["count"] / 2
    assert bad["scrapes"]["failed"] == bad["scrapes"]["count"] > 0
    assert bad["scrape_words"][0].startswith("scrapes failed from ")
    assert set(instances.flood["scrapes_by_instance"]) == {"good", "bad"}
    assert "bad: scrapes failed" in (instances.folder / "report.md").read_text()
