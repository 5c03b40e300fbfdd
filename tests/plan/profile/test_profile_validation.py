"""What a wrong profile is answered with, line by line."""

from pathlib import Path

import pytest

from qosflood.base.errors import ProfileError
from qosflood.plan.profile.files import list_profiles, load_profile

METRICS = (
    "response.p50, response.p75, response.p90, response.p95, response.p99, response.p99_9, "
    "response.max, service.p50, service.p75, service.p90, service.p95, service.p99, "
    "service.p99_9, service.max, "
    "errors, offered, amplification, scrape.success, scrape.p99, scrape.gap, memory.max, "
    "memory.leak, memory.time_to_limit, loss, restarts, recovery.time"
)
SECTIONS = (
    "description, storms, instance, run, peak, report, retries, sessions, network, load, phases, "
    "target, scrape, prometheus, otel, memory, audit, control, limits, safety"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'peak.clients = "many"',
            'peak.clients: got "many", expected a positive integer, e.g. 500',
        ),
        ("peak.clients = 0", "peak.clients: got 0, expected a positive integer, e.g. 500"),
        ("peak.clients = true", "peak.clients: got true, expected a positive integer, e.g. 500"),
        ("peak.clients = 1.5", "peak.clients: got 1.5, expected a positive integer, e.g. 500"),
        (
            "peak.clients = 1979-05-27",
            'peak.clients: got "1979-05-27", expected a positive integer, e.g. 500',
        ),
        (
            "peak.client = 5",
            "peak.client: unknown key, expected one of clients, interval, scale; "
            "did you mean clients?",
        ),
        (
            "peak.zzz = 5",
            "peak.zzz: unknown key, expected one of clients, interval, scale",
        ),
        ("peek = 5", f"peek: unknown key, expected one of {SECTIONS}; did you mean peak?"),
        ("peak = 5", "peak: got a number, expected a table, e.g. [peak]"),
        ("peak = [1]", "peak: got a list, expected a table, e.g. [peak]"),
        (
            "peak.clients = { a = 1 }",
            "peak.clients: got { a = 1 }, expected a positive integer, e.g. 500",
        ),
        (
            'peak.interval = "5 sec"',
            'peak.interval: got "5 sec", expected a duration with a unit, e.g. 250ms, 15m or 1h30m',
        ),
        (
            "peak.interval = 5",
            'peak.interval: got "5", expected a duration with a unit, e.g. 5m or 5s',
        ),
        (
            'peak.interval = "0s"',
            'peak.interval: got "0s", expected more than 0s, e.g. 5s',
        ),
        (
            'phases.ramp = "999999d"',
            'phases.ramp: got "999999d", expected at most 366d, e.g. 24h',
        ),
        (
            'peak.scale = "both"',
            'peak.scale: got "both", expected "clients" or "cadence", e.g. "clients"',
        ),
        (
            'report.method = "GET"',
            'report.method: got "GET", expected "POST", "PUT" or "PATCH", e.g. "POST"',
        ),
        (
            'report.path = "qos"',
            'report.path: got "qos", expected a path that starts with / and holds neither '
            'spaces nor control characters, e.g. "/api/v1/metrics/qos"',
        ),
        (
            'report.content_type = "a\\r\\nX: y"',
            'report.content_type: got "a\\r\\nX: y", expected a content type, '
            'e.g. "application/json"',
        ),
        (
            'report.expect = [202, "ok"]',
            'report.expect[1]: got "ok", expected an HTTP status from 100 to 599, e.g. 202',
        ),
        (
            "report.expect = []",
            "report.expect: got [], expected a list of HTTP statuses, e.g. [202]",
        ),
        (
            "report.expect = 202",
            "report.expect: got 202, expected a list of HTTP statuses, e.g. [202]",
        ),
        (
            "report.jitter = 1.5",
            "report.jitter: got 1.5, expected a number from 0 to 1, e.g. 0.1",
        ),
        (
            "report.jitter = nan",
            "report.jitter: got NaN, expected a number from 0 to 1, e.g. 0.1",
        ),
        (
            "load.shards = 0",
            'load.shards: got 0, expected a positive integer or "auto", e.g. "auto"',
        ),
        (
            "load.seed = -1",
            "load.seed: got -1, expected an integer from 0 to 2^63 - 1, e.g. 42",
        ),
        (
            'target.url = "qos.example.com"',
            'target.url: got "qos.example.com", expected a URL that starts with http:// or '
            "https://, e.g. http://127.0.0.1:3000",
        ),
        (
            'target.allow = ["a b"]',
            'target.allow[0]: got "a b", expected HOST or HOST:PORT, e.g. qos.example.com:443',
        ),
        (
            'target.insecure = "no"',
            'target.insecure: got "no", expected true or false, e.g. true',
        ),
        (
            'target.cacert = ""',
            'target.cacert: got "", expected a string that is not empty, e.g. "ca.pem"',
        ),
        (
            "scrape.interval = 5",
            'scrape.interval: got "5", expected a duration with a unit or off, e.g. 5m or 5s',
        ),
        (
            'memory.limit = "512"',
            'memory.limit: got "512", expected a size with a unit, e.g. 512MiB or 512MB',
        ),
        (
            'memory.limit = "9999999999GiB"',
            'memory.limit: got "9999999999GiB", expected less than 1024 PiB, e.g. 512MiB',
        ),
        (
            'limits.expect = ["eror < 1%"]',
            f'limits.expect[0]: got "eror < 1%", expected one of the metrics {METRICS}; '
            "did you mean errors?",
        ),
        (
            'limits.abort = ["loss == none"]',
            'limits.abort[0]: got "loss == none", expected a metric that is known while running: '
            "one of response.p50, response.p99, response.max, errors, offered, scrape.gap, "
            "memory.max",
        ),
        (
            "limits.expect = [5]",
            'limits.expect[0]: got "5", expected "[phase:]metric op value", '
            "e.g. response.p99 < 250ms",
        ),
        (
            'run.rate = "fast"',
            'run.rate: got "fast", expected a multiple such as 10x or a rate such as 5000/s',
        ),
        (
            "run.rate = 10",
            'run.rate: got "10", expected a multiple such as 10x or a rate such as 10/s',
        ),
        (
            'safety.max_rate = "10x"',
            'safety.max_rate: got "10x", expected reports per second, e.g. 50000/s',
        ),
        (
            "description = 5",
            'description: got 5, expected a string, e.g. "500 clients, a report every 5s"',
        ),
        ("\npeak.clients = [", "line 2: not valid TOML: invalid value"),
        (
            "\n\npeak clients",
            "line 3, column 6: not valid TOML: expected '=' after a key in a key/value pair",
        ),
        (b"x = '\xff'", "got bytes that are not UTF-8, expected a TOML file"),
    ],
)
def test_a_wrong_profile_is_answered_in_one_line(problems, text, line):
    assert problems(text) == [f"profile soak.toml: {line}"]


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000])
def test_a_document_made_to_break_a_parser_is_answered_in_one_line(problems, value):
    (line,) = problems(f"x = {value}")
    assert line.startswith("profile soak.toml: not valid TOML: ")
    assert len(line) < 200


def test_all_errors_of_a_profile_are_told_at_once(problems):
    found = problems(
        """
        nonsense = 1
        [peak]
        clients = "many"
        interval = 5
        [report]
        expect = [202, 999]
        [limits]
        expect = ["errors < 1", "errors", "flod:errors < 1%"]
        """
    )
    keys = {line.removeprefix("profile soak.toml: ").partition(":")[0] for line in found}
    assert keys == {
        "nonsense",
        "peak.clients",
        "peak.interval",
        "report.expect[1]",
        "limits.expect[1]",
        "limits.expect[2]",
    }


def test_pydantics_own_words_never_show(problems):
    lines = problems(
        """
        peak = { clients = "x", interval = 1, scale = 2, extra = 3 }
        report = { method = 1, path = "x", expect = ["a"], jitter = "b", lines = -1 }
        load = { quantum = 1, shards = false, seed = 1.5 }
        target = { url = 5, headers = [], allow = {}, insecure = 1 }
        limits = "none"
        """
    )
    assert len(lines) == 17
    for line in lines:
        assert "nput" not in line
        assert "unknown key" in line or ("got " in line and "expected " in line)


def test_an_error_stays_on_one_line_whatever_the_value_holds(problems):
    for line in problems('limits.expect = ["a\\nb"]\npeak.interval = "x\\ny"'):
        assert "\n" not in line


def test_a_long_value_is_cut(problems):
    (line,) = problems(f'peak.clients = "{"x" * 500}"')
    assert len(line) < 200


SECRET_QUERY = (
    "got a query with a secret by its name, token, expected none: a query is written to run.json; "
    "send it as a header, read from env:VAR or file:PATH"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'target.headers.Authorization = "Bearer hunter2"',
            "target.headers.Authorization: got a literal value, expected env:VAR or file:PATH, "
            "so that no secret is written down, e.g. env:QOSFLOOD_TOKEN",
        ),
        (
            'target.headers = "Authorization: hunter2"',
            "target.headers: got a string, expected a table of NAME = env:VAR or file:PATH, "
            'e.g. { Authorization = "env:QOSFLOOD_TOKEN" }',
        ),
        (
            'target.headers.X = ["hunter2"]',
            "target.headers.X: got a list, expected env:VAR or file:PATH, "
            'e.g. "env:QOSFLOOD_TOKEN"',
        ),
        (
            'target.headers.Host = "env:HUNTER"',
            "target.headers.Host: got the header Host, expected another: "
            "qosflood sets that one itself",
        ),
        (
            'target.url = "http://me:hunter2@qos.example.com"',
            "target.url: got a URL with a user name or password in it, expected none: "
            "give it with --header 'Authorization=env:VAR'",
        ),
        (
            'target.url = "http://qos.example.com?token=hunter2"',
            "target.url: got a URL with a query or fragment, expected none, "
            "e.g. http://127.0.0.1:3000",
        ),
        *(
            (f"{where} = {value}", f"{named}: {SECRET_QUERY}")
            for where, value, named in (
                ("scrape.url", '"http://a/m?token=hunter2"', "scrape.url"),
                ("scrape.path", '"/m?x=1&token=hunter2"', "scrape.path"),
                ("control.url", '"http://a/m?token=hunter2"', "control.url"),
                ("otel.urls", '["http://a/m?token=hunter2"]', "otel.urls[0]"),
                ("report.path", '"/qos?token=hunter2"', "report.path"),
                ("report.query", '{ token = "hunter2" }', "report.query.token"),
                ("audit.readback", '"/held?token=hunter2"', "audit.readback"),
                ("audit.readback", '"http://a/held?token=hunter2"', "audit.readback"),
                ("memory.exposition", '"http://a/m?token=hunter2"', "memory.exposition"),
            )
        ),
        (
            'target = "http://me:hunter2@qos.example.com"',
            "target: got a string, expected a table, e.g. [target]",
        ),
        (
            'target.header.Authorization = "hunter2"',
            "target.header: unknown key, expected one of url, headers, cacert, insecure, cert, "
            "key_password, resolve, tls_resume, sources, allow, key; did you mean headers?",
        ),
    ],
)
def test_an_error_never_repeats_what_may_be_a_secret(problems, text, line):
    (found,) = problems(text)
    assert found == f"profile soak.toml: {line}"
    assert "hunter2" not in found


def test_a_word_that_is_no_profile_is_answered_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError) as caught:
        load_profile("intercm")
    assert str(caught.value) == (
        "profile intercm: no such profile, expected a path or one of "
        f"{', '.join(list_profiles())}; did you mean intercom?"
    )


@pytest.mark.parametrize("path", ["soak.toml", "./intercm", "no/such.toml"])
def test_a_missing_file_is_answered_in_one_line(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    line = str(caught.value)
    expected = "expected a TOML file or a shipped profile: intercom"
    assert line.startswith(f"profile {path}: no such file, {expected}")


def test_a_folder_is_no_profile(tmp_path):
    with pytest.raises(ProfileError, match="a directory, expected a TOML file"):
        load_profile(str(tmp_path))


def test_a_file_that_cannot_be_read_is_answered_in_one_line(tmp_path, monkeypatch):
    path = tmp_path / "soak.toml"
    path.write_text("")

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))
    assert str(caught.value) == f"profile {path}: cannot be read: Permission denied"
