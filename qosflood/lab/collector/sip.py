"""The SIP controller that dials for the collector, or the collector playing one."""

from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
import orjson

from qosflood.base.errors import QosfloodError


class SipError(QosfloodError):
    """The SIP controller could not be reached or refused."""


class SipController(Protocol):
    """Dials numbers into conferences."""

    async def dial(self, call: dict[str, Any], /) -> Any:
        """The call's id and provider as a JSON value; raises SipError."""

    async def hang_up(self, call_id: str) -> None:
        """End a call; raises SipError."""

    async def healthy(self) -> bool:
        """Whether the controller answers."""


class InternalSip:
    """Used when no controller is configured: every call succeeds and no phone rings."""

    def __init__(self) -> None:
        self.calls = 0

    async def dial(self, _call: dict[str, Any], /) -> Any:
        """Number the call."""
        self.calls += 1
        return {"callId": f"call-{self.calls}", "provider": "freeswitch"}

    async def hang_up(self, call_id: str) -> None:
        """Nothing to end."""

    async def healthy(self) -> bool:
        """Always."""
        return True


class RemoteSip:
    """A controller reached over HTTP, without timeouts, as in the reference."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._http = http

    async def dial(self, call: dict[str, Any], /) -> Any:
        """Pass the call on and its answer back; raises SipError."""
        body = {
            "conferenceId": call["conferenceId"],
            "destination": call["phoneNumber"],
            "callerId": call.get("callerId"),
            "metadata": {},
        }
        return _json(await self._ask("POST", "/dial", body))

    async def hang_up(self, call_id: str) -> None:
        """Pass the hang-up on; raises SipError."""
        await self._ask("DELETE", f"/calls/{quote(call_id, safe='')}")

    async def healthy(self) -> bool:
        """Whether the controller's health check succeeds."""
        try:
            await self._ask("GET", "/health")
        except SipError:
            return False
        return True

    async def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        try:
            async with self._http.request(method, self._url + path, json=body) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise SipError(f"SIP controller: {method} {path}: {error}") from error
        if not answer.ok:
            raise SipError(f"SIP controller: {method} {path}: status {answer.status}")
        return text


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise SipError("SIP controller: the answer to a dial is not JSON") from None
