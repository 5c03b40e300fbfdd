"""Header values: where they come from, and that they never show."""

import pytest

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import StartError
from qosflood.base.header_values import command_line, redact, resolve_headers


def test_a_value_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("TOKEN", "Bearer abc")
    refs = (HeaderRef(name="Authorization", source="env:TOKEN"),)
    assert resolve_headers(refs) == {"Authorization": "Bearer abc"}


def test_a_value_comes_from_a_file_without_its_newline(tmp_path):
    file = tmp_path / "token"
    file.write_text("Bearer abc\n")
    refs = (HeaderRef(name="Authorization", source=f"file:{file}"),)
    assert resolve_headers(refs) == {"Authorization": "Bearer abc"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("env:NOT_SET", "environment variable NOT_SET is not set"),
        ("env:EMPTY", "env:EMPTY is empty"),
        ("env:TWO_LINES", "env:TWO_LINES holds a character"),
        ("file:/nowhere/at/all", "file /nowhere/at/all cannot be read: No such file"),
        ("hunter2", "expected env:VARIABLE or file:PATH"),
        ("env:", "expected env:VARIABLE or file:PATH"),
    ],
)
def test_a_value_that_cannot_be_had_is_one_line_naming_its_source(monkeypatch, source, says):
    monkeypatch.delenv("NOT_SET", raising=False)
    monkeypatch.setenv("EMPTY", " ")
    monkeypatch.setenv("TWO_LINES", "hunter2\r\nX: y")
    with pytest.raises(StartError) as raised:
        resolve_headers((HeaderRef(name="X-Key", source=source),))
    message = str(raised.value)
    assert says in message
    assert message.startswith("header X-Key: ")
    assert "\n" not in message
    assert "hunter2" not in message


def test_a_binary_file_is_refused_without_its_content(tmp_path):
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfehunter2")
    with pytest.raises(StartError, match="is not text") as raised:
        resolve_headers((HeaderRef(name="X-Key", source=f"file:{file}"),))
    assert "hunter2" not in str(raised.value)


def test_redact_hides_the_longest_value_first():
    headers = {"A": "secret", "B": "secret-longer"}
    assert redact("got secret-longer and secret", headers) == "got *** and ***"


@pytest.mark.parametrize(
    ("echo", "shown"),
    [
        ("bad token abcdefgh+12/=", "bad token ***"),
        ("abcdefgh+1 twice abcdefgh+12/=", "*** twice ***"),
        ('{"got":"Bearer abcdefgh+12\\/="}', '{"got":"Bearer ***"}'),
        ('{"got":"abcdefgh\\u002B12/="}', '{"got":"***"}'),
        ("got: ABCDEFGH+12/=", "got: ***"),
        ("?token=abcdefgh%2B12%2F%3D", "?token=***"),
        ("abcdefg is shorter than a piece", "abcdefg is shorter than a piece"),
        ("Bearer expected", "Bearer expected"),
    ],
)
def test_redact_hides_a_credential_that_is_echoed_in_part_or_in_another_spelling(echo, shown):
    assert redact(echo, {"Authorization": "Bearer abcdefgh+12/="}) == shown


@pytest.mark.parametrize(
    ("echo", "shown"),
    [
        ("no user me with hunter2", "no user me with ***"),
        ("me:hunter2 is refused", "*** is refused"),
        ("bWU6aHVudGVyMg== is refused", "*** is refused"),
        ("Basic bWU6aHVudGVyMg==", "***"),
        ("me%3Ahunter2", "***"),
        ("hunter22 and ahunter2 are other words", "hunter22 and ahunter2 are other words"),
    ],
)
def test_redact_hides_a_password_that_basic_sent_encoded(echo, shown):
    assert redact(echo, {"Authorization": "Basic bWU6aHVudGVyMg=="}) == shown


def test_redact_hides_a_short_token_as_a_word_of_its_own():
    assert redact("abc123 and xabc123", {"A": "Bearer abc123"}) == "*** and xabc123"
    assert redact("a b c", {"A": "Basic !!"}) == "a b c"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("node", "server.js", "--port", "3000"), "node server.js --port 3000"),
        (("app", "--db-password=hunter2", "-v"), "app --db-password=*** -v"),
        (("app", "--api-token", "hunter2", "--port", "1"), "app --api-token *** --port 1"),
        (("app", "--tokens", "--secret"), "app --tokens ***"),
        (("app", "postgres://me:hunter2@db/x"), "app postgres://***@db/x"),
        (("app", "SECRET_KEY=hunter2"), "app SECRET_KEY=***"),
        (("app", "x-abcdefgh+12/="), "app x-***"),
    ],
)
def test_a_command_line_is_shown_without_what_looks_like_a_secret(words, shown):
    assert command_line(words, {"Authorization": "Bearer abcdefgh+12/="}) == shown
