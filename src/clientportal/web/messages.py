"""A request in, a response out: what the pages know of HTTP, whatever framework they are mounted in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from attrs import evolve, field, frozen

from clientportal.errors import InvalidInput

__all__ = [
    "MAX_BODY",
    "MAX_FIELDS",
    "Body",
    "BadRequest",
    "Request",
    "Response",
    "SetCookie",
    "TooLarge",
    "peer_address",
]

MAX_BODY = 262_144
"""Bytes of a body that are read at most: a note of 10,000 characters, in any script, fits several times."""
MAX_FIELDS = 500
_MAX_COOKIES = 16_384
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_HEADER_TEXT = re.compile(r"[^\t\x20-\x7e\x80-\xff]")

Body = bytes | Iterator[bytes] | AsyncIterator[bytes]
"""The whole of it, or its pieces."""


class BadRequest(InvalidInput):
    """What came over the wire cannot be read."""


class TooLarge(BadRequest):
    """A body above :data:`MAX_BODY`, or a form of more than :data:`MAX_FIELDS` fields."""


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _pairs(text: str) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("a form is UTF-8, percent-encoded") from None
    except ValueError:
        raise TooLarge(f"a form has at most {MAX_FIELDS} fields") from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


@frozen(kw_only=True)
class Request:
    """One request, as a mount hands it over.

    * ``path``: below the mount, percent-decoded, beginning with ``/``; ``root``: where the mount is (``/portal``).
    * ``headers``: under lower-case names. No address is ever made from one: neither ``Host`` nor ``Forwarded`` is read.
    * ``source``: the client's address *as the server knows it*, which budgets are counted by.
    * ``native``: the framework's own request (the ASGI scope, the WSGI environ): for the host's functions
      ``business`` and ``staff``; nothing here reads it.
    """

    method: str
    path: str = field(default="/", repr=False)
    root: str = ""
    query_string: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=_lower, repr=False)
    body: bytes = field(default=b"", repr=False)
    source: str | None = None
    native: Any = field(default=None, repr=False, eq=False)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query; of a name that stands there twice, the last value."""
        return {name: values[-1] for name, values in _pairs(self.query_string).items()}

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies. Of one name that came twice the first counts: browsers send the more specific one first."""
        found: dict[str, str] = {}
        for piece in self.headers.get("cookie", "")[:_MAX_COOKIES].split(";"):
            name, equals, value = piece.strip().partition("=")
            if equals:
                found.setdefault(name.strip(), unquote(value.strip().strip('"')))
        return found

    @cached_property
    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """A form's fields, each with every value that it has. Anything but an urlencoded form has none."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        try:
            return _pairs(self.body.decode("ascii"))
        except UnicodeDecodeError:
            raise BadRequest("a form is UTF-8, percent-encoded") from None

    @property
    def form(self) -> Mapping[str, str]:
        """A form's fields; of a name that stands there twice, the last value."""
        return {name: values[-1] for name, values in self.fields.items()}

    def __attrs_post_init__(self) -> None:
        if len(self.body) > MAX_BODY:
            raise TooLarge(f"a body has at most {MAX_BODY} bytes")


@frozen(kw_only=True)
class SetCookie:
    """One cookie for the browser; ``max_age`` in seconds, 0 takes it away, ``None`` is until the browser is closed."""

    name: str
    value: str = field(default="", repr=False)
    max_age: int | None = None
    same_site: str = "Lax"
    secure: bool = True
    partitioned: bool = False

    def header(self) -> str:
        """The text of the header. Never readable by scripts, always for the whole host, as ``__Host-`` demands."""
        if not _TOKEN.fullmatch(self.name):
            raise InvalidInput(f"{self.name!r} is no name of a cookie")
        # Quoted, nothing in a value can end the attribute or the header.
        parts = [f"{self.name}={quote(self.value, safe='-._~')}", "Path=/", "HttpOnly", f"SameSite={self.same_site}"]
        if self.max_age is not None:
            parts.append(f"Max-Age={self.max_age}")
        if self.secure:
            parts.append("Secure")
        if self.partitioned:
            parts.append("Partitioned")
        return "; ".join(parts)


@frozen(kw_only=True)
class Response:
    """What goes back. Headers are checked when it is made: none can carry another one in.

    ``after`` is work for when the response has been sent; a mount calls ``pages.finish(response)`` for it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=_lower)
    body: Body = field(default=b"", repr=False)
    cookies: tuple[SetCookie, ...] = ()
    after: Callable[[], Coroutine[Any, Any, None]] | None = field(default=None, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or _NO_HEADER_TEXT.search(value):
                raise InvalidInput(f"the header {name!r} holds what no header may hold, such as the end of a line")

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """The same with more headers; those that it has already stay."""
        return evolve(self, headers={**_lower(headers), **self.headers})

    def with_cookies(self, *cookies: SetCookie) -> Response:
        """The same with more cookies."""
        return evolve(self, cookies=(*self.cookies, *cookies))

    def header_lines(self) -> list[tuple[str, str]]:
        """Every header, cookies included, as a server wants them."""
        lines = list(self.headers.items())
        # Of what has not changed, the length would be that of nothing.
        if isinstance(self.body, bytes) and self.status != 304 and "content-length" not in self.headers:
            lines.append(("content-length", str(len(self.body))))
        return [*lines, *(("set-cookie", cookie.header()) for cookie in self.cookies)]


def peer_address(said: str | None) -> str | None:
    """Where a request comes from, as the server names it; ``None`` for what is no address, such as a Unix socket."""
    try:
        ipaddress.ip_address((said or "").partition("%")[0])
    except ValueError:
        return None
    return said
