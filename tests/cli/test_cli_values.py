"""What an option may be: a wrong value is one line that says what was got and expected."""

from pathlib import Path

import pytest
from command_line import qosflood

DURATION = "expected a duration with a unit, e.g. 250ms, 15m or 1h30m"
RATE = "expected a multiple such as 10x or a rate such as 5000/s"
COUNT = "expected a positive integer, e.g. 500"
SPAN = "expected more than 0s, e.g. 5s"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--rate", "10", "expected a multiple such as 10x or a rate such as 10/s"),
        ("--rate", "0x", "expected a multiple above 0, e.g. 10x"),
        ("--rate", "-1x", "expected a multiple above 0, e.g. 1x"),
        ("--rate", "0/s", "expected a rate above 0, e.g. 10/s"),
        ("--rate", "--1x", RATE),
        ("--rate", "5000", "expected a multiple such as 5000x or a rate such as 5000/s"),
        ("--rate", "5/min", RATE),
        ("--rate", "infx", RATE),
        ("--rate", "100000000x", "expected at most 1,000,000: name --clients"),
        ("--duration", "15", "expected a duration with a unit, e.g. 15m or 15s"),
        ("--duration", "1us", "expected 1ms to 366d, e.g. 5s"),
        ("--duration", "-5s", SPAN),
        ("--duration", "-90m", "expected more than 0s, e.g. 90m"),
        ("--duration", "-5", DURATION),
        ("--duration", "5 parsecs", DURATION),
        ("--duration", "0s", SPAN),
        ("--duration", "400d", "expected at most 366d, e.g. 24h"),
        ("--clients", "0", COUNT),
        ("--clients", "-3", COUNT),
        ("--clients", "10x", COUNT),
        ("--clients", "1e3", COUNT),
        ("--clients", "5000000", "expected 1 to 1,000,000 clients, e.g. 500"),
        ("--peak", "0", "expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s"),
        ("--peak", "500@5", "expected an interval with a unit, above 0s, e.g. 500@5s"),
        ("--peak", "500@0s", "expected an interval with a unit, above 0s, e.g. 500@5s"),
        ("--peak", "70@soon", "expected an interval with a unit, above 0s, e.g. 70@5s"),
        ("--timeout", "10", "expected a duration with a unit, e.g. 10m or 10s"),
        ("--timeout", "0s", SPAN),
        ("--seed", "x", "expected an integer from 0 to 2^63 - 1, e.g. 42"),
        ("--seed", "-1", "expected an integer from 0 to 2^63 - 1, e.g. 42"),
        ("--shards", "0", 'expected a positive integer or "auto"'),
        ("--shards", "many", 'expected a positive integer or "auto"'),
        ("--shards", "99999", "as many as there are clients"),
        ("--scrape-interval", "5", "expected a duration with a unit or off, e.g. 5m or 5s"),
        ("--scrape-interval", "0s", SPAN),
        ("--pid", "0", "expected a positive integer, e.g. 4711"),
        ("--pid", "nginx", "expected a positive integer, e.g. 4711"),
        ("--max-rate", "10x", "expected reports per second, e.g. 50000/s"),
        ("--max-rate", "60000", "expected reports per second, e.g. 60000/s"),
        ("--resolve", "some", 'expected "one" or "all"'),
        ("--set", "target.resolve=some", 'expected "one" or "all"'),
        ("--set", "memory.limit='512'", "expected a size with a unit, e.g. 512MiB or 512MB"),
        ("--part", "9/8", "expected a part from 1 to 8 of 8, e.g. 8/8"),
        ("--part", "0/8", "expected a part from 1 to 8 of 8, e.g. 1/8"),
        ("--part", "1/0", "expected the part and how many there are, e.g. 3/8"),
        ("--part", "3", "expected the part and how many there are, e.g. 3/8"),
        ("--start-at", "noon", "expected a moment in UTC or with its offset"),
        ("--max-duration", "2", "expected a duration with a unit, e.g. 2m or 2s"),
        ("--target", "127.0.0.1:3000", "expected a URL that starts with http:// or https://"),
        ("--target", "ftp://127.0.0.1", "expected a URL that starts with http:// or https://"),
        ("--target", "http://127.0.0.1:99999", "expected a URL with a host and a port"),
        ("--target", "http://127.0.0.1/?a=b", "expected none"),
        ("--target", "http://no-such-host.invalid", "could not be resolved"),
        ("--scrape", "metrics", "expected a URL that starts with http:// or https://"),
        ("--allow-target", "http://somewhere", "expected HOST or HOST:PORT"),
        ("--limit", "speed < 5", "expected one of the metrics response.p50, "),
        ("--limit", "response.p99 < 5", "expected a duration such as 5ms as its value"),
        ("--limit", "response.p99 < x", "expected a duration such as 250ms as its value"),
        ("--limit", "memory.max < 512", "expected a size such as 512MiB as its value"),
        ("--limit", "errors < 5", "expected a share such as 5% as its value"),
        ("--limit", "response.p99", "expected"),
        ("--limit", "flod:errors < 1%", "expected"),
        ("--set", "peak.clients", "expected key.path=value, e.g. peak.clients=500"),
        ("--set", "peak.clients=many", COUNT),
        ("--set", "peak.client=5", "peak.client"),
        ("--header", "Authorization", "expected NAME=env:VAR or NAME=file:PATH"),
        ("--header", "Host=env:HOME", "expected another: qosflood sets that one itself"),
    ],
)
def test_a_wrong_value_is_one_line_naming_option_and_expectation(
    option: str, value: str, expected: str
) -> None:
    said = qosflood("--dry-run", option, value)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith("qosflood: ")
    assert option in said.err
    assert expected in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("option", "key", "number"),
    [
        ("--rate", "run.rate", "10"),
        ("--rate", "run.rate", "1.5"),
        ("--duration", "run.duration", "15"),
        ("--timeout", "report.timeout", "10"),
        ("--scrape-interval", "scrape.interval", "5"),
        ("--max-rate", "safety.max_rate", "60000"),
    ],
)
def test_a_bare_number_is_refused_in_the_same_words_wherever_it_stands(
    tmp_path: Path, option: str, key: str, number: str
) -> None:
    words = qosflood("--dry-run", option, number).err.partition(": got ")[2]
    assert "expected" in words
    assert qosflood("--dry-run", "--set", f"{key}={number}").err.partition(": got ")[2] == words
    profile = tmp_path / "soak.toml"
    profile.write_text(f"{key} = {number}\n")
    assert qosflood("--dry-run", str(profile)).err.partition(": got ")[2] == words


def test_a_number_in_the_place_of_a_secret_is_not_repeated() -> None:
    said = qosflood("--dry-run", "--set", "target.headers.Authorization=4815162342")
    assert said.code == 2
    assert "4815162342" not in said.err


def test_all_that_is_wrong_with_a_plan_is_said_at_once() -> None:
    said = qosflood("--dry-run", "--duration", "0s", "--timeout", "0s", "--limit", "x < 1")
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [
        "--duration",
        "--timeout",
        "--limit",
    ]


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        ("run", "--rate", "fast"),
        ("run", "--clients", "many"),
        ("run", "--peak", "500@5"),
        ("run", "--part", "9/8"),
        ("run", "--metrics-port", "here"),
        ("collector", "--session-ttl", "5"),
        ("compare", "--min-effect", "lots"),
    ],
)
def test_an_error_begins_with_the_option_or_the_variable_that_gave_the_value(
    monkeypatch: pytest.MonkeyPatch, command: str, option: str, value: str
) -> None:
    assert qosflood(command, option, value).err.startswith(f"qosflood: {option}: got ")
    variable = f"QOSFLOOD_{command}_{option[2:]}".upper().replace("-", "_")
    variable += "_NS" if option == "--session-ttl" else ""
    monkeypatch.setenv(variable, value)
    assert qosflood(command).err.startswith(f"qosflood: {variable}: got ")


SECRET = "hunter2-7f3kQx9ZwLp0"


@pytest.mark.parametrize(
    "words",
    [
        ("--header", f"Authorization={SECRET}"),
        ("--header", f"Authorization=Bearer {SECRET}"),
        ("--header", SECRET),
        ("--header", f"Authorization: Bearer {SECRET}"),
        ("--set", f"target.headers.Authorization={SECRET}"),
        ("--set", f'target.headers={{Authorization="{SECRET}"}}'),
        ("--target", f"http://user:{SECRET}@127.0.0.1:1"),
        ("--target", f"http://{SECRET}@127.0.0.1:1"),
        ("--target", f"user:{SECRET}@127.0.0.1:1"),
        ("--scrape", f"http://user:{SECRET}@127.0.0.1:1/metrics"),
        ("--set", f"target.url=http://user:{SECRET}@127.0.0.1:1"),
        ("--set", f"scrape.url=http://user:{SECRET}@127.0.0.1:1/m"),
    ],
)
@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_literal_secret_is_refused_without_being_shown(
    words: tuple[str, ...], command: str
) -> None:
    said = qosflood(command, *(("--dry-run",) if command == "run" else ()), *words)
    assert (said.code, said.out) == (2, "")
    assert SECRET not in said.err
    assert said.err.count("\n") == 1, said.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("QOSFLOOD_RUN_HEADER", f"Authorization={SECRET}"),
        ("QOSFLOOD_RUN_TARGET", f"http://user:{SECRET}@127.0.0.1:1"),
    ],
)
def test_a_literal_secret_in_the_environment_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    said = qosflood("--dry-run")
    assert (said.code, said.out) == (2, "")
    assert variable in said.err
    assert SECRET not in said.err


def test_a_literal_secret_in_a_profile_is_refused_without_being_shown(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(f'[target.headers]\nAuthorization = "{SECRET}"\n')
    said = qosflood("--dry-run", str(profile))
    assert said.code == 2
    assert SECRET not in said.err
