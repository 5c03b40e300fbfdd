"""The README is shown where no other file of the repository is: on a package index."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from markdown import markdown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
REPOSITORY = "https://github.com/qosflood/qosflood"
PICTURES = "https://raw.githubusercontent.com/qosflood/qosflood/main/"
HTML = markdown(README, extensions=["tables"])


def test_it_opens_with_the_two_commands_that_run_and_test() -> None:
    opening = README.split("\n\n")[:2]
    assert opening[0] == "# qosflood"
    assert re.findall(r"(?m)^    make (\w+) ", opening[1]) == ["run", "test"]


@pytest.mark.parametrize("link", sorted(set(re.findall(r'href="([^"]+)"', HTML))))
def test_a_link_is_absolute_and_leads_to_a_file_of_the_repository(link: str) -> None:
    path, _, heading = link.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")
    assert link.startswith(f"{REPOSITORY}/blob/main/")
    text = (ROOT / path).read_text("utf-8")
    assert not heading or re.search(rf"(?im)^#+ {heading}\b", text)


def test_pictures_are_absolute_and_are_in_the_repository() -> None:
    pictures = re.findall(r'src="([^"]+)"', HTML)
    assert len(pictures) == 2
    for picture in pictures:
        assert picture.startswith(PICTURES)
        assert (ROOT / picture.removeprefix(PICTURES)).exists()


def test_the_repository_is_named_alike_wherever_it_is_named() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert {*urls.values(), site["repo_url"]} >= {REPOSITORY}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = [
        found
        for text in (*urls.values(), site["repo_url"], *(page.read_text("utf-8") for page in pages))
        for found in re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", text)
    ]
    assert set(named) == {REPOSITORY}
