"""Shipped profiles, profiles from files, `--set`, and where each value came from."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from qosflood.base.units import MS, SECOND, Rate
from qosflood.plan.profile.assignments import parse_set
from qosflood.plan.profile.files import SHIPPED, key_paths, list_profiles, load_profile
from qosflood.plan.profile.instances import InstanceSection
from qosflood.plan.profile.model import Profile
from qosflood.plan.profile.network import NetworkClassSection
from qosflood.plan.profile.storms import StormSection


@pytest.fixture
def soak(tmp_path):
    """Writes a profile and gives its path."""

    def write(text: str) -> str:
        path = tmp_path / "soak.toml"
        path.write_text(text)
        return str(path)

    return write


def test_an_empty_profile_is_the_shipped_defaults(soak):
    loaded = load_profile(soak(""))
    assert loaded.profile == Profile()
    assert set(loaded.sources.values()) == {SHIPPED}
    assert (loaded.name, loaded.shipped) == ("soak", False)


def test_the_default_profile_says_nothing_but_the_shipped_defaults():
    loaded = load_profile("intercom")
    assert loaded.profile.model_copy(update={"description": ""}) == Profile()
    assert (loaded.name, loaded.shipped) == ("intercom", True)


def test_the_default_profile_states_what_1x_is():
    text = list_profiles()["intercom"].read_text()
    assert "500 WebRTC clients" in text
    assert "every 5 s" in text


def test_the_default_profile_mentions_every_key_once():
    lines = list_profiles()["intercom"].read_text().splitlines()
    section, found = "", []
    for line in lines:
        if header := re.match(r"\[(\w+)\]", line):
            section = f"{header[1]}."
        elif table := re.match(r"\[(\w+\.\w+)\]", line):
            found.append(table[1])
        elif name := re.match(r"(?:# )?([a-z_]+) = ", line):
            found.append(section + name[1])
    assert found == key_paths()


def test_the_keys_that_the_default_profile_comments_out_can_be_commented_in():
    text = list_profiles()["intercom"].read_text()
    commented_in = re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", text)
    assert Profile.model_validate(tomllib.loads(commented_in)).load.seed == 42


def test_every_shipped_profile_is_valid_and_described():
    for name in list_profiles():
        assert load_profile(name).profile.description


def test_values_with_units_are_read_into_base_units(soak):
    text = """
    run = { rate = "250.5/s", duration = "1h30m" }
    load = { quantum = "500us", shards = "auto" }
    phases = { ramp = "0s" }
    scrape = { interval = "off", body_size_limit = "64MiB" }
    memory.limit = "1.5GB"
    safety.max_rate = "100/s"
    """
    profile = load_profile(soak(text)).profile
    assert profile.run.rate == Rate(per_second=250.5)
    assert profile.run.duration == 5400 * SECOND
    assert (profile.load.quantum, profile.load.shards) == (MS // 2, "auto")
    assert (profile.phases.ramp, profile.phases.settle) == (0, None)
    assert (profile.scrape.interval, profile.scrape.body_size_limit) == ("off", 64 << 20)
    assert profile.memory.limit == 1_500_000_000
    assert profile.safety.max_rate == 100.0


def test_limits_and_addresses_are_kept_in_their_normal_form(soak):
    text = """
    target = { url = "HTTP://QOS.example.com:80/api/", allow = ["QOS.example.com"] }
    limits.expect = [" response.p99<250ms "]
    """
    profile = load_profile(soak(text)).profile
    assert profile.target.url == "http://qos.example.com/api/"
    assert profile.target.allow == ("qos.example.com",)
    assert [limit.expr for limit in profile.limits.expect] == ["response.p99 < 250ms"]


def test_each_value_says_where_it_came_from(soak):
    loaded = load_profile(
        soak("[peak]\nclients = 5\n[target.headers]\nA = 'env:A'"),
        ["peak.interval=1s", "report.expect=[200]", "peak.clients=7"],
    )
    assert loaded.sources["peak.clients"] == "option --set"
    assert loaded.sources["peak.interval"] == "option --set"
    assert loaded.sources["report.expect"] == "option --set"
    assert loaded.sources["target.headers"] == "profile soak.toml"
    assert loaded.sources["peak.scale"] == SHIPPED
    assert set(loaded.sources) == set(key_paths())


def test_a_value_is_traced_through_tables_set_as_a_whole(soak):
    sources = load_profile(soak("peak.clients = 5"), ["peak={interval='1s'}"]).sources
    assert sources["peak.interval"] == "option --set"
    sources = load_profile(soak(""), ["target.headers.A=env:A"]).sources
    assert sources["target.headers"] == "option --set"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k=5", 5),
        ("k=0.5", 0.5),
        ("k=true", True),
        ("k=5s", "5s"),
        ("k=10x", "10x"),
        ('k="5"', "5"),
        ("k=[200, 202]", [200, 202]),
        ("k={a = 1}", {"a": 1}),
        ("k=env:TOKEN", "env:TOKEN"),
        ("k=a=b", "a=b"),
        ("k=", ""),
        ("k=1\nother = 2", "1\nother = 2"),
        ("k=" + "9" * 5000, "9" * 5000),
    ],
)
def test_an_assigned_value_is_toml_and_else_a_string(text, value):
    assert parse_set(text).value == value


def test_later_assignments_win(soak):
    profile = load_profile(soak(""), ["peak.clients=5", "peak.clients=6"]).profile
    assert profile.peak.clients == 6


@given(st.text(), st.text())
def test_no_assignment_is_ever_a_surprise(name, value):
    assignment_or_error = None
    try:
        assignment_or_error = parse_set(f"{name}={value}")
    except Exception as error:
        assignment_or_error = error
        assert type(error).__name__ == "ProfileError"
    assert assignment_or_error is not None


def test_shipped_names_come_before_files_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "intercom").write_text("broken")
    assert load_profile("intercom").shipped
    assert not load_profile(str(list_profiles()["intercom"])).shipped


def test_a_bare_word_may_be_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soak").write_text("peak.clients = 9")
    assert load_profile("soak").profile.peak.clients == 9


def test_every_key_is_described_and_shows_an_example():
    for name, field in Profile.model_fields.items():
        inner = field.annotation
        nested = isinstance(inner, type) and issubclass(inner, BaseModel)
        fields = inner.model_fields if nested else {name: field}
        for key, one in fields.items():
            assert one.description, f"{name}.{key}"
            assert one.examples != [None], f"{name}.{key}"
    for item in (InstanceSection, NetworkClassSection, StormSection):
        assert all(one.description and one.examples for one in item.model_fields.values())


def test_every_example_is_valid_in_its_key():
    for name, field in Profile.model_fields.items():
        if name in ("storms", "instance"):
            Profile.model_validate({name: field.examples[0]})
        elif name != "description":
            for key, one in field.annotation.model_fields.items():
                Profile.model_validate({name: {key: one.examples[0]}})
    for item in (InstanceSection, NetworkClassSection, StormSection):
        item.model_validate({key: one.examples[0] for key, one in item.model_fields.items()})


def test_the_json_schema_speaks_of_every_key_and_of_no_other():
    schema = Profile.model_json_schema()
    assert schema["additionalProperties"] is False
    for name in key_paths():
        section, _, key = name.partition(".")
        properties = (
            schema["$defs"][f"{section.capitalize()}Section"]["properties"] if key else None
        )
        assert (properties or schema["properties"])[key or section]["description"]


def test_the_network_classes_written_as_tables_in_the_default_profile_are_valid():
    text = list_profiles()["intercom"].read_text()
    _, network, _ = re.split(r"(?m)^\[(?:network|load)\]", text)
    lines = re.findall(r"(?m)^#   (\[\[network.*|[a-z_]+ = .*)$", network)
    (network,) = Profile.model_validate(tomllib.loads("\n".join(lines))).network.classes
    assert network.model_fields_set == set(NetworkClassSection.model_fields)


def test_the_storm_written_as_a_table_in_the_default_profile_is_valid():
    text = list_profiles()["intercom"].read_text()
    lines = re.findall(r"(?m)^#   (\[\[storms.*|(?:at|drop|back_within) = .*)$", text)
    (storm,) = Profile.model_validate(tomllib.loads("\n".join(lines))).storms
    assert storm.model_fields_set == set(StormSection.model_fields)


def test_the_instance_written_as_a_table_in_the_default_profile_is_valid():
    text = list_profiles()["intercom"].read_text()
    _, table = text.split("#   [[instance]]")
    lines = re.findall(r"(?m)^#   ([a-z]+ = .*)$", table.split("\n[run]")[0])
    (instance,) = Profile.model_validate(
        tomllib.loads("\n".join(("[[instance]]", *lines)))
    ).instance
    assert instance.model_fields_set == set(InstanceSection.model_fields)


def test_a_section_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Profile().peak.clients = 5  # type: ignore[misc]
