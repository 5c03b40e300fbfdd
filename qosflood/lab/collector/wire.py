"""Request and reply bodies, media types and errors, as Fastify reads and words them."""

import gzip
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from qosflood.base.errors import QosfloodError

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
# Python's own phrase for 413 changes between its versions.
_PHRASES = {413: "Payload Too Large"}


class RefusedError(QosfloodError):
    """A request is answered with an error; `code` is Fastify's name for it, if it has one."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def json_reply(value: Any, status: int = 200) -> web.Response:
    """`value` as JSON."""
    return raw_json_reply(orjson.dumps(value), status)


def raw_json_reply(body: bytes, status: int = 200) -> web.Response:
    """JSON that is already encoded."""
    return web.Response(body=body, status=status, headers={"Content-Type": _JSON})


def text_reply(text: str, status: int = 200) -> web.Response:
    """Plain text."""
    return web.Response(body=text.encode(), status=status, headers={"Content-Type": _TEXT})


def page_reply(request: web.BaseRequest, page: str, content_type: str) -> web.Response:
    """A page, gzipped for a client that accepts it."""
    body = page.encode()
    headers = {"Content-Type": content_type, "Vary": "Accept-Encoding"}
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


def error_reply(refused: RefusedError) -> web.Response:
    """An error in Fastify's shape."""
    error = {
        "statusCode": refused.status,
        **({"code": refused.code} if refused.code else {}),
        "error": _PHRASES.get(refused.status) or HTTPStatus(refused.status).phrase,
        "message": str(refused),
    }
    reply = json_reply(error, refused.status)
    if refused.status == HTTPStatus.UNAUTHORIZED:
        reply.headers["WWW-Authenticate"] = "Bearer"
    return reply


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header names gzip without forbidding it by `q=0`."""
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            quality = weight.replace(" ", "").removeprefix("q=").rstrip("0.")
            return not weight.strip() or quality != ""
    return False


async def read_json(request: web.BaseRequest) -> Any:
    """The request's JSON value; text bodies are strings, as in Fastify. Raises RefusedError."""
    body = await _read_body(request)
    media_type = request.headers.get("Content-Type")
    if media_type is None and not body:
        return None
    kind = (media_type or "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _parse(body)
    if kind == "text/plain":
        return body.decode("utf-8", "replace")
    raise RefusedError(
        415, f"Unsupported Media Type: {media_type}", code="FST_ERR_CTP_INVALID_MEDIA_TYPE"
    )


async def _read_body(request: web.BaseRequest) -> bytes:
    expects = request.headers.get("Expect", "").lower() == "100-continue"
    if expects and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(
            413, "Request body is too large", code="FST_ERR_CTP_BODY_TOO_LARGE"
        ) from None
    except web.RequestPayloadError as error:
        raise RefusedError(400, f"Request body cannot be read: {error}") from error


def _parse(body: bytes) -> Any:
    if not body:
        raise RefusedError(
            400,
            "Body cannot be empty when content-type is set to 'application/json'",
            code="FST_ERR_CTP_EMPTY_JSON_BODY",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, f"Body is not valid JSON: {error}") from None
