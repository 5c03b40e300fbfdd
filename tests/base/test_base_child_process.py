"""Children: started, heard, told, let go, and explained when they die."""

import asyncio
import errno
import os
import signal
import sys
import textwrap
from collections.abc import Awaitable, Callable

import pytest

from qosflood.base import child_process
from qosflood.base.child_process import Child
from qosflood.base.errors import StartError

HEAD = """
import json, os, sys, time
spec = json.loads(sys.stdin.readline())
def say(**message): print(json.dumps(message, separators=(",", ":")), flush=True)
"""


@pytest.fixture
def play(tmp_path, monkeypatch) -> Callable[..., None]:
    """Run a scenario with a child whose program is given."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))

    def played(program: str, scenario: Callable[[Child, list[bytes]], Awaitable[None]]) -> None:
        (tmp_path / "scripted.py").write_text(HEAD + textwrap.dedent(program))

        async def main() -> None:
            said: list[bytes] = []
            child = Child("actor", said.append)
            await child.start("scripted", {"greeting": "hello"})
            try:
                await asyncio.wait_for(scenario(child, said), 30)
            finally:
                child.kill()
                await asyncio.wait_for(child.exited.wait(), 10)

        asyncio.run(main())

    return played


def test_a_child_gets_its_spec_says_it_is_ready_and_is_heard_line_by_line(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        assert await child.ready() == {"type": "ready", "port": 7}
        child.send(cmd="go", n=1)
        await child.exited.wait()
        assert said == [b'{"type":"echo","spec":{"greeting":"hello"}}\n', b'{"cmd":"go","n":1}\n']
        assert child.done.is_set()

    play(
        """
        say(type="ready", port=7)
        say(type="echo", spec=spec)
        sys.stdout.write(sys.stdin.readline())
        say(type="done")
        """,
        scenario,
    )


def test_a_child_is_in_a_session_of_its_own(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        ready = await child.ready()
        assert ready["session"] == child.pid != os.getsid(0)

    play('say(type="ready", session=os.getsid(0)); sys.stdin.readline()', scenario)


def test_a_child_that_says_it_failed_cannot_start_for_that_reason(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        with pytest.raises(StartError, match=r"^port 80 is taken$"):
            await child.ready()

    play('say(type="failed", error="port 80 is taken")', scenario)


def test_a_child_that_dies_before_it_is_ready_is_quoted(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        with pytest.raises(StartError, match=r"the actor could not start: no such certificate$"):
            await child.ready()
        assert not child.done.is_set()

    play('sys.exit("first line\\nno such certificate")', scenario)


def test_a_child_that_dies_without_a_word_is_told_by_its_status(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.exited.wait()
        assert child.last_words == "exit status 3, no error output"

    play("os._exit(3)", scenario)


def test_a_child_that_was_killed_is_told_by_its_signal(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.ready()
        os.kill(child.pid, signal.SIGKILL)
        await child.exited.wait()
        assert child.last_words == "killed by SIGKILL"

    play('print("busy", file=sys.stderr); say(type="ready"); time.sleep(60)', scenario)


def test_a_child_that_is_never_ready_is_given_up(play, monkeypatch):
    monkeypatch.setattr(child_process, "READY_WITHIN_S", 0.2)

    async def scenario(child: Child, said: list[bytes]) -> None:
        with pytest.raises(StartError, match="was not ready within 0 s"):
            await child.ready()

    play("time.sleep(60)", scenario)


def test_only_the_end_of_many_words_is_kept_and_none_of_them_block(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.exited.wait()
        assert child.last_words == "the last"
        assert len(child._words) <= 4096

    play('sys.stderr.write("x" * 500_000 + "\\nthe last\\n")', scenario)


def test_a_torn_last_line_is_not_handed_on(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.exited.wait()
        assert said == [b'{"n":1}\n']

    play("say(n=1); sys.stdout.write('{\"n\":'); sys.stdout.flush(); os._exit(1)", scenario)


def test_a_line_that_nobody_understands_ends_the_child_and_explains_it(play, monkeypatch):
    async def scenario(child: Child, said: list[bytes]) -> None:
        def refuse(line: bytes) -> None:
            raise ValueError("no record")

        child._on_line = refuse
        await child.ready()
        child.send(cmd="go")
        await child.exited.wait()
        assert child.last_words == "its message was not understood: ValueError: no record"
        assert not child.done.is_set()

    play('say(type="ready"); sys.stdin.readline(); say(n=1); time.sleep(60)', scenario)


def test_a_long_line_comes_through_whole(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.exited.wait()
        assert said == [b'{"text":"%s"}\n' % (b"x" * 3_000_000)]

    play('say(text="x" * 3_000_000)', scenario)


def test_a_child_that_is_let_go_sees_its_lifeline_end(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.ready()
        await child.end(20)
        assert said == [b'{"n":1}\n']

    play('say(type="ready"); sys.stdin.read(); say(n=1)', scenario)


def test_a_child_that_will_not_end_is_killed(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.ready()
        await child.end(0.2)
        assert child.last_words == "killed by SIGKILL"

    play('say(type="ready"); time.sleep(60)', scenario)


def test_telling_killing_or_letting_go_a_child_that_has_ended_does_nothing(play):
    async def scenario(child: Child, said: list[bytes]) -> None:
        await child.exited.wait()
        for _ in range(3):
            child.send(cmd="stop")
            child.kill()
            child.let_go()
            await asyncio.sleep(0)

    play("pass", scenario)


def test_its_exit_is_told_once_after_everything_it_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    (tmp_path / "scripted.py").write_text(HEAD + 'for n in range(1000): say(n=n)\nsay(type="done")')
    told: list[tuple[int, bool]] = []

    async def main() -> None:
        said: list[bytes] = []
        child = Child("actor", said.append, lambda one: told.append((len(said), one.done.is_set())))
        await child.start("scripted", {})
        await asyncio.wait_for(child.exited.wait(), 30)
        child.kill()

    asyncio.run(main())
    assert told == [(1000, True)]


def test_a_child_that_cannot_be_run_is_one_line(monkeypatch):
    async def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", full)

    async def main() -> None:
        await Child("actor").start("scripted", {})

    with pytest.raises(StartError, match="the actor could not be run: Resource temporarily"):
        asyncio.run(main())
