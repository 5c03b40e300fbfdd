"""Which words of a command give a secret away."""

import pytest

from qosflood.base.secrets import secret_word


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
    ],
)
def test_a_secret_written_down_is_found(words, number):
    assert secret_word(words) == number


@pytest.mark.parametrize(
    "words",
    [
        ["./memory-of", "qos-0"],
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
        ["awk", "{print $1*1024}", "/tokens/author:memory"],
    ],
)
def test_what_names_a_place_or_no_secret_is_left_alone(words):
    assert secret_word(words) is None
