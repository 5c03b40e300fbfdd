"""A report's bytes: request head and JSON body, each body unique."""

import orjson

from qosflood.load.network import healthy_calls
from qosflood.load.population import identity
from qosflood.plan import Plan

_CALLS = 1024
# A step that shares no factor with the table's size walks all of it, differently per client.
_STRIDE = 389


class RequestBuilder:
    """Builds the HTTP/1.1 requests of one plan. `headers` are the resolved extra headers."""

    def __init__(self, plan: Plan, headers: dict[str, str]) -> None:
        self._plan = plan
        self._calls = healthy_calls(plan.seed, _CALLS)
        self._heads: dict[int, bytes] = {}
        path = plan.target.base_path + plan.report.path
        lines = [
            f"{plan.report.method} {path} HTTP/1.1",
            f"Host: {plan.target.netloc}",
            f"User-Agent: {plan.user_agent}",
            "Accept: */*",
            f"Content-Type: {plan.report.content_type}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._head = "\r\n".join(lines).encode("latin-1") + b"\r\nContent-Length: "

    def session_id(self, number: int) -> str:
        """The session id of client `number`."""
        return f"{self._plan.session_prefix}{number}-0"

    def template(self, number: int) -> dict[str, str | float | int]:
        """The body of client `number` with its constant fields; `request` fills in the rest."""
        who = identity(self._plan.session_prefix, self._plan.report, number)
        return {
            "sessionId": who.session_id,
            "bridgeId": who.bridge_id,
            "productionId": who.production_id,
            "lineId": who.line_id,
            "direction": who.direction,
            "mos": 0.0,
            "packetLoss": 0.0,
            "roundTripTime": 0.0,
            "observedAt": 0,
        }

    def request(self, body: dict[str, str | float | int], turn: int, observed_ms: int) -> bytes:
        """Head and body of one report; `turn` picks the call's figures of this interval."""
        call = self._calls[turn * _STRIDE % _CALLS]
        body["mos"] = call.mos
        body["packetLoss"] = call.loss_percent
        body["roundTripTime"] = call.rtt_ms
        body["observedAt"] = observed_ms
        payload = orjson.dumps(body)
        size = len(payload)
        head = self._heads.get(size)
        if head is None:
            head = self._heads[size] = self._head + b"%d\r\n\r\n" % size
        return head + payload
