"""`qosflood profiles`."""

import json
import re

import pytest
from click.testing import CliRunner

from qosflood.base.errors import ExitCode, ProfileError
from qosflood.cli.profiles import profiles
from qosflood.plan.profile.files import list_profiles


def run(*arguments: str):
    return CliRunner().invoke(profiles, arguments)


def test_the_list_has_names_and_descriptions():
    result = run()
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.partition(" ")[0] for line in lines] == list(list_profiles())
    assert re.match(r"intercom +Intercom manager: 500 clients", lines[0])


def test_show_prints_the_file_as_it_is():
    assert run("show", "intercom").output == list_profiles()["intercom"].read_text()


def test_show_of_an_unknown_name_names_the_nearest():
    error = run("show", "intercon").exception
    assert isinstance(error, ProfileError)
    assert error.exit_code is ExitCode.NOT_STARTED
    assert str(error) == (
        f"profile intercon: not shipped, expected one of {', '.join(list_profiles())}; "
        "did you mean intercom?"
    )


def test_validate_says_ok_for_each_good_profile(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("peak.clients = 7")
    result = run("validate", str(path), "intercom")
    assert result.output == f"profile {path}: ok\nprofile intercom: ok\n"


def test_validate_tells_all_errors_of_all_profiles(tmp_path):
    paths = [tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"]
    for path, text in zip(paths, ("peak.clients = 0", "", "x = 1\ny = 2"), strict=True):
        path.write_text(text)
    result = run("validate", *map(str, paths))
    assert isinstance(result.exception, ProfileError)
    assert [line.split(": ")[0] for line in result.exception.problems] == [
        f"profile {paths[0]}",
        f"profile {paths[2]}",
        f"profile {paths[2]}",
    ]
    assert result.output == f"profile {paths[1]}: ok\n"


def test_the_schema_is_json():
    document = json.loads(run("schema").output)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "clients" in document["$defs"]["PeakSection"]["properties"]


@pytest.mark.parametrize("arguments", [["show"], ["validate"], ["shw"]])
def test_a_wrong_call_is_a_usage_error(arguments):
    assert run(*arguments).exit_code == 2
