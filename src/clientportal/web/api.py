"""The portal as JSON: the same doors as the pages, one entry each in a table that the description is made of, too.

A client signs in and gets a token, which comes back with each request as ``Authorization: Bearer``.
Amounts are exact decimal text, instants ISO 8601 with their offset. What a rule refuses is an ``error`` with its stable
reason, the client's text, and where time heals it ``retry_at``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, cast

from attrs import frozen

from clientportal.errors import InvalidInput
from clientportal.values import Money
from clientportal.web.answers import json_answer
from clientportal.web.api_values import AMOUNT, CURRENCY, to_json
from clientportal.web.messages import Response
from clientportal.web.routing import Kind, Needs, Route
from clientportal.web.visits import Visit

__all__ = ["KEY", "Endpoint", "Field", "Handler", "routes_of"]

Handler = Callable[[Visit, Mapping[str, Any]], Awaitable[Any]]
"""Answers with a value of the endpoint's type; raises what the doors raise."""

_MOST_TEXT = 20_000
KEY = "[!-~]{1,200}"
"""What an ``Idempotency-Key`` is made of."""


@frozen(kw_only=True)
class Field:
    """One thing that an endpoint is told, in the body or in the query.

    ``kind`` is ``text``, ``integer``, ``boolean``, ``moment``, ``day``, ``money`` or ``texts`` (texts by name).
    """

    name: str
    kind: str = "text"
    required: bool = False
    among: tuple[str, ...] = ()
    longest: int = 254
    least: int = 1
    most: int = 200
    about: str = ""

    def schema(self) -> dict[str, Any]:
        """What may stand there."""
        made: dict[str, Any] = dict(_SCHEMAS[self.kind])
        if self.kind == "text":
            made |= {"enum": list(self.among)} if self.among else {"maxLength": self.longest}
        if self.kind == "integer":
            made |= {"minimum": self.least, "maximum": self.most}
        if self.about:
            made["description"] = self.about
        return made


_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "money": {"$ref": "#/components/schemas/Money"},
    "texts": {"type": "object", "additionalProperties": {"type": "string", "maxLength": _MOST_TEXT}},
}


@frozen(kw_only=True)
class Endpoint:
    """One address of the JSON interface.

    * ``answers``: the type of what it answers with; ``revealed``: the secrets in it that are for whoever asks.
    * ``query``, ``body``: what it is told. ``once``: it takes an ``Idempotency-Key``.
    * ``streams``: the handler answers with the response itself, which is no JSON but where it is a refusal.
    """

    method: str
    path: str
    name: str
    handler: Handler
    answers: Any
    about: str
    needs: Needs = Needs.SESSION
    section: str | None = None
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    once: bool = False
    revealed: frozenset[str] = frozenset()
    streams: bool = False


def routes_of(endpoints: tuple[Endpoint, ...]) -> tuple[Route, ...]:
    """The routes of those endpoints."""
    return tuple(
        Route(one.method, one.path, _page_of(one), one.needs, section=one.section, kind=Kind.JSON) for one in endpoints
    )


def _page_of(endpoint: Endpoint) -> Callable[[Visit], Awaitable[Response]]:
    async def page(visit: Visit) -> Response:
        asked = {**_read_query(endpoint, visit), **_read_body(endpoint, visit)}
        answer = await endpoint.handler(visit, asked)
        if endpoint.streams:
            return cast("Response", answer)
        return json_answer(to_json(answer, visit.words, visit.setup.texts, endpoint.revealed))

    return page


def _read_query(endpoint: Endpoint, visit: Visit) -> dict[str, Any]:
    fields = {one.name: one for one in endpoint.query}
    found: dict[str, Any] = {}
    for name, text in visit.request.query.items():
        if name not in fields:
            raise InvalidInput(f"there is no {name!r} in this query; there is {', '.join(fields) or 'nothing'}")
        found[name] = _of_text(fields[name], text)
    return _complete(endpoint.query, found, "query")


def _read_body(endpoint: Endpoint, visit: Visit) -> dict[str, Any]:
    if not endpoint.body:
        return {}
    kind = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidInput("the body is application/json")
    try:
        given = json.loads(visit.request.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("the body is no JSON") from error
    if not isinstance(given, dict):
        raise InvalidInput("the body is a JSON object")
    fields = {one.name: one for one in endpoint.body}
    found: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", given).items():
        if name not in fields:
            raise InvalidInput(f"there is no {name!r} in this body; there is {', '.join(fields)}")
        found[name] = _of_json(fields[name], value)
    return _complete(endpoint.body, found, "body")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _complete(fields: tuple[Field, ...], found: dict[str, Any], where: str) -> dict[str, Any]:
    for one in fields:
        if one.required and one.name not in found:
            raise InvalidInput(f"{one.name} is missing in the {where}")
    return found


def _of_text(asked: Field, text: str) -> Any:
    """A value of the query, which is always text."""
    if asked.kind == "integer":
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise InvalidInput(f"{asked.name} is a whole number")
        return _of_json(asked, int(text))
    return _of_json(asked, text)


def _of_json(asked: Field, value: Any) -> Any:
    """A value of the body, where it is what the description says."""
    match asked.kind:
        case "text":
            return _text(asked, value)
        case "integer":
            if not isinstance(value, int) or isinstance(value, bool) or not asked.least <= value <= asked.most:
                raise InvalidInput(f"{asked.name} is a whole number from {asked.least} to {asked.most}")
            return value
        case "boolean":
            if not isinstance(value, bool):
                raise InvalidInput(f"{asked.name} is true or false")
            return value
        case "moment" | "day":
            return _moment(asked, value)
        case "money":
            return _money(asked, value)
        case _:
            return _texts(asked, value)


def _text(asked: Field, value: Any) -> str:
    if not isinstance(value, str) or len(value) > asked.longest:
        raise InvalidInput(f"{asked.name} is text of at most {asked.longest} characters")
    if asked.among and value not in asked.among:
        raise InvalidInput(f"{asked.name} is one of {', '.join(asked.among)}")
    return value


def _moment(asked: Field, value: Any) -> Any:
    try:
        if asked.kind == "day":
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput(f"{asked.name} is a {asked.kind} of ISO 8601, an instant with its offset")
    return found


def _money(asked: Field, value: Any) -> Money:
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    texts = set(given) == {"amount", "currency"} and all(isinstance(one, str) for one in given.values())
    if not texts or not re.fullmatch(AMOUNT, given["amount"]) or not re.fullmatch(CURRENCY, given["currency"]):
        raise InvalidInput(f'{asked.name} is an amount, such as {{"amount": "12.50", "currency": "NZD"}}')
    return Money(given["amount"], given["currency"])


def _texts(asked: Field, value: Any) -> dict[str, str]:
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    if given is None or not all(isinstance(one, str) and len(one) <= _MOST_TEXT for one in given.values()):
        raise InvalidInput(f"{asked.name} is texts by name")
    return given
