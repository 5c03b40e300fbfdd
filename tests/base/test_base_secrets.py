"""Which words of a command give a secret away."""

import pytest

from qosflood.base.secrets import (
    hide_in_text,
    hide_secrets,
    names_secret,
    secret_parameter,
    secret_word,
)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["curl", "-H", "Authorization: Bearer abc", "http://c/"], 3),
        (["curl", "-HAuthorization: Bearer abc", "http://c/"], 2),
        (["curl", "-H", "X-Api-Key: abc", "http://c/"], 3),
        (["curl", "-H", "Cookie: sid=abc"], 3),
        (["curl", "-u", "admin:hunter2", "http://c/"], 3),
        (["curl", "http://admin:hunter2@c/"], 2),
        (["curl", "http://c/?access_token=hunter2"], 2),
        (["kubectl", "--token", "abc", "top"], 3),
        (["kubectl", "--token=abc", "top"], 2),
        (["sh", "-c", "curl -H 'Authorization: Bearer abc' http://c/ | tail -1"], 3),
        (["sh", "-c", "PGPASSWORD=x DB_PASSWORD=abc ./memory"], 3),
        (["./memory --password=hunter2"], 1),
        (["./memory", "--encryption-key", "hunter2"], 3),
        (["./memory", "qosToken=hunter2"], 2),
        (["mysql", "-uroot", "-phunter"], 3),
        (["/usr/bin/mysqladmin", "-psecret", "status"], 2),
        (["sh", "-c", "mariadb-admin -uroot -psecret status | tail -1"], 3),
        (["sshpass", "-psecret", "ssh", "qos-1", "free", "-b"], 2),
        (["./memory", "-pSECRET"], 2),
        (["./memory", "-phunter2"], 2),
    ],
)
def test_a_secret_written_down_is_found(words, number):
    assert secret_word(words) == number


@pytest.mark.parametrize(
    "words",
    [
        ["./memory-of", "qos-0"],
        ["ssh", "-p2222", "qos-1", "ps", "-p4711", "-o", "rss="],
        ["docker", "run", "-p127.0.0.1:80:80", "image"],
        ["find", "/proc", "-path", "*/status", "-print0", "-prune"],
        ["mysql", "-p$PASSWORD"],
        ["cp", "-pr", "a", "b"],
        ["./memory", "-pid=4711", "-p/run/pid1"],
        ["curl", "-H", "env:AUTHORIZATION", "http://c/"],
        ["curl", "-H", "file:/run/header", "http://c/"],
        ["curl", "-H", "Accept: application/json", "http://c/a:b@c"],
        ["sh", "-c", 'curl -H "Authorization: Bearer $TOKEN" http://c/'],
        ["sh", "-c", 'curl -H "Authorization: Bearer $(cat /run/token)" http://c/'],
        ["curl", "-H", "@/run/headers", "http://c/"],
        ["kubectl", "--token", "env:TOKEN", "top"],
        ["kubectl", "--token-file=/run/token", "--kubeconfig", "/k"],
        ["curl", "--oauth2-bearer", "env:TOKEN", "-u", "env:USER_AND_PASSWORD"],
        ["docker", "exec", "-u", "1000:1000", "qos", "cat", "/sys/fs/cgroup/memory.current"],
        ["redis-cli", "memory", "usage", "key:1"],
        ["ssh", "ops@qos-1", "ps -o rss= -p 1"],
        ["wget", "--no-cookies", "http://c/"],
        ["curl", "http://ops@c/?author=me&passed=1&sessionId=5"],
        ["awk", "{print $1*1024}", "/tokens/author:memory"],
    ],
)
def test_what_names_a_place_or_no_secret_is_left_alone(words):
    assert secret_word(words) is None


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "X-Auth-Token", "XCsrfToken", "Cookie", "Set-Cookie", "Api-Key"),
        *("SECRET_KEY", "PGPASSWORD", "--db-passwd", "--tokens", "token-file", "db.dsn", "creds"),
        *("sessionKey", "MASTER_KEY", "X-Bearer"),
    ],
)
def test_a_name_gives_a_secret_away_in_whatever_spelling(name):
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["Author", "X-Authored-By", "Idempotency-Key", "Routing-Key", "key", "X-Session-Id", "compass"],
)
def test_a_name_that_is_merely_like_one_gives_nothing_away(name):
    assert not names_secret(name)


def test_what_is_named_like_a_secret_is_hidden_wherever_it_says_it_is():
    words = ["app", "--token-file", "/run/token", "API_KEY=env:KEY", "amqp://me:a:b@mq/", "-v"]
    shown = ["app", "--token-file", "***", "API_KEY=***", "amqp://***@mq/", "-v"]
    assert hide_secrets(words) == shown


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("token=abc", "token"),
        ("a=1&access_token=abc", "access_token"),
        ("a=1;api-key=abc", "api-key"),
        ("%74oken=abc", "token"),
        ("key=abc", "key"),
        ("X-Amz-Date=1&sig=1", "sig"),
        ("", None),
        ("module=if_mib&monkey=1&keyspace=2", None),
        ("collect[]=tokens", None),
        ("token=", None),
    ],
)
def test_a_parameter_that_holds_a_secret_by_its_name_is_found(query, name):
    assert secret_parameter(query) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('Get "http://me:hunter2@c/m": EOF', 'Get "http://***@c/m": EOF'),
        ("refused: token=hunter2 of me", "refused: token=*** of me"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
        ("got Basic bWU6aHVudGVyMg==", "got Basic ***"),
        ("connection refused", "connection refused"),
    ],
)
def test_a_sentence_is_shown_without_what_looks_like_a_secret(text, shown):
    assert hide_in_text(text) == shown


def test_a_password_behind_its_option_is_not_shown():
    assert hide_secrets(["mysql", "-uroot", "-psecret"]) == ["mysql", "-uroot", "-p***"]
    assert hide_secrets(["node", "-p", "1"]) == ["node", "-p", "1"]
