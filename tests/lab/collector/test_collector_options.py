from pathlib import Path

import pytest

from qosflood.base.errors import StartError
from qosflood.lab.collector.options import (
    BridgeOption,
    CollectorOptions,
    options_from_builtins,
    read_token,
)


def test_options_travel_as_json() -> None:
    data = {"port": 8090, "session_ttl_ns": None, "bridges": [{"url": "http://b:1/", "weight": 2}]}
    expected = CollectorOptions(port=8090, bridges=(BridgeOption(url="http://b:1/", weight=2),))
    assert options_from_builtins(data) == expected


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"port": "many"}, "collector options: Expected `int`, got `str` - at `$.port`"),
        ({"port": 70000}, "port: got 70000, expected 0 to 65535"),
        ({"service_time_ns": 0}, "service time: got 0 ns, expected more than 0"),
        ({"session_ttl_ns": -1}, "session ttl: got -1 ns, expected more than 0"),
        (
            {"sip": "localhost:5060"},
            'sip: got "localhost:5060", expected a URL such as http://127.0.0.1:8090/',
        ),
        (
            {"bridges": [{"url": "http://[::1"}]},
            'bridge: got "http://[::1", expected a URL such as http://127.0.0.1:8090/',
        ),
        (
            {"bridges": [{"url": "http://b", "weight": 0}]},
            "bridge http://b: got weight 0, expected 1 or more",
        ),
        ([], "collector options: Expected `object`, got `array`"),
    ],
)
def test_an_impossible_option_is_explained_in_one_line(data: object, problem: str) -> None:
    with pytest.raises(StartError) as caught:
        options_from_builtins(data)
    assert str(caught.value) == problem


def test_a_token_comes_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLLECTOR_TOKEN", "from-env")
    (tmp_path / "token").write_text("from-file\n")
    assert read_token("env:COLLECTOR_TOKEN") == b"from-env"
    assert read_token(f"file:{tmp_path / 'token'}") == b"from-file"
    assert read_token(None) is None


def test_a_token_given_literally_is_refused_and_not_repeated() -> None:
    with pytest.raises(StartError) as caught:
        read_token("hunter2")
    assert "hunter2" not in str(caught.value)
