"""Connecting to each of a target's addresses before a flood."""

import asyncio
import socket

import pytest
from plan_maker import make_target

from qosflood.base.errors import PreflightError
from qosflood.run.preflight.addresses import check_addresses


def check(*addresses: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = make_target(listener.getsockname()[1], host="qos.local", addresses=addresses)
        asyncio.run(check_addresses(target, 5.0))


def test_addresses_that_can_be_reached_are_not_mentioned():
    check("127.0.0.1")
    check("127.0.0.2", "127.0.0.1")


def test_an_address_that_cannot_be_reached_is_named():
    with pytest.raises(PreflightError) as refused:
        check("127.0.0.1", "127.0.0.1", "127.0.0.2")
    words = str(refused.value)
    assert "qos.local: no connection to 127.0.0.2 (connection refused), of 3 addresses" in words
    assert "--resolve one" in words
