"""The child's end of the pipes: a spec, commands, lines back, and the lifeline's end."""

import asyncio
import os
import threading
from collections.abc import Iterator

import orjson
import pytest

from qosflood.base.child_pipe import ParentPipe


class Pipes:
    """Both pipes, with the parent's ends at hand."""

    def __init__(self) -> None:
        self.child_in, self.to_child = os.pipe()
        self.from_child, self.child_out = os.pipe()
        self.pipe = ParentPipe(self.child_in, self.child_out)

    def write(self, data: bytes) -> None:
        os.write(self.to_child, data)

    def hang_up(self) -> None:
        os.close(self.to_child)
        self.to_child = -1

    def close(self) -> None:
        for fd in (self.child_in, self.to_child, self.from_child, self.child_out):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    made.close()


def test_the_first_line_is_the_spec_however_it_arrives(pipes):
    def drip() -> None:
        for byte in b'{"part":3}\n{"cmd"':
            os.write(pipes.to_child, bytes((byte,)))

    thread = threading.Thread(target=drip)
    thread.start()
    assert pipes.pipe.read_spec() == {"part": 3}
    thread.join()


def test_a_pipe_that_ends_before_a_spec_is_an_eof(pipes):
    pipes.write(b'{"part":')
    pipes.hang_up()
    with pytest.raises(EOFError, match="before sending a spec"):
        pipes.pipe.read_spec()


def test_commands_are_handed_on_line_by_line_and_the_end_is_told_once(pipes):
    async def main() -> None:
        commands: list[dict] = []
        gone = asyncio.Event()
        ends: list[int] = []

        def on_gone() -> None:
            ends.append(len(commands))
            gone.set()

        # The first command came in one piece with the spec.
        pipes.write(b'{"spec":1}\n{"cmd":"start"}\n{"cmd":"st')
        assert pipes.pipe.read_spec() == {"spec": 1}
        pipes.pipe.attach(asyncio.get_running_loop(), commands.append, on_gone)
        assert commands == [{"cmd": "start"}]
        await asyncio.sleep(0)
        pipes.write(b'op"}\n{"cmd":"x"}\n')
        pipes.hang_up()
        await asyncio.wait_for(gone.wait(), 10)
        assert commands == [{"cmd": "start"}, {"cmd": "stop"}, {"cmd": "x"}]
        await asyncio.sleep(0.01)
        assert ends == [3]

    asyncio.run(main())


def test_a_wake_up_without_bytes_is_no_end(pipes):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        gone: list[int] = []
        pipes.write(b"{}\n")
        pipes.pipe.read_spec()
        readers = []
        loop.add_reader = lambda fd, reader: readers.append(reader)  # type: ignore[method-assign]
        pipes.pipe.attach(loop, lambda _: None, lambda: gone.append(1))
        readers[0]()
        assert gone == []

    asyncio.run(main())


def test_a_line_longer_than_the_pipe_is_sent_in_full(pipes):
    line = orjson.dumps({"text": "x" * 300_000}) + b"\n"
    got = bytearray()

    def read_slowly() -> None:
        while not got.endswith(b"\n"):
            got.extend(os.read(pipes.from_child, 10_000))

    thread = threading.Thread(target=read_slowly)
    thread.start()
    pipes.pipe.send(line)
    thread.join(10)
    assert bytes(got) == line
