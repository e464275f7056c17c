"""The description of the JSON interface, OpenAPI 3.1, made of the table that answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from clientportal.web.api import KEY, Endpoint, Field
from clientportal.web.api_values import Schemas
from clientportal.web.routing import Needs

__all__ = ["describe"]

_ERROR: dict[str, Any] = {
    "type": "object",
    "description": "Why not: `reason` is stable, `text` is for the client; try again from `retry_at` on.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "text": {"type": "string"},
                "retry_at": {"type": "string", "format": "date-time"},
                "fee": {"$ref": "#/components/schemas/Money"},
            },
            "required": ["reason", "text"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
_STATUSES = {
    "400": "What came over the wire cannot be read.",
    "401": "No session, or one that has ended.",
    "403": "Switched off, or not allowed.",
    "404": "Not there, or not yours: the two look the same.",
    "409": "The rules say no as things are now.",
    "410": "A link that does not work any more.",
    "413": "Too large.",
    "422": "Not what is described here.",
    "429": "Too often; see Retry-After.",
    "503": "Too busy; try again.",
}
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Drawn by you for this one act: sent twice, it acts once and answers the same.",
    "schema": {"type": "string", "pattern": f"^{KEY}$"},
}


def describe(endpoints: Iterable[Endpoint], title: str, address: str) -> dict[str, Any]:
    """The whole description."""
    schemas = Schemas()
    schemas.named["Error"] = _ERROR
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": "What a client may see and do."},
        "servers": [{"url": address}],
        "paths": paths,
        "components": {
            "schemas": schemas.named,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


_RANGE = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "One part of it, such as bytes=0-1023.",
    "schema": {"type": "string", "pattern": "^bytes=[0-9]{1,9}-[0-9]{0,9}$"},
}


def _streams(made: dict[str, Any]) -> None:
    """What is no JSON: all of it, a part of it, or a part that there is not."""
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    made["parameters"].append(_RANGE)
    made["responses"]["200"]["content"] = content
    made["responses"]["206"] = {"description": "That part of it.", "content": content}
    made["responses"]["416"] = {"description": "There is no such part of it."}


def _operation(one: Endpoint, schemas: Schemas) -> dict[str, Any]:
    answer = {} if one.streams else {"application/json": {"schema": schemas.of(one.answers, one.revealed)}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.about,
        "parameters": [*map(_in_path, re.findall(r"\{(\w+)\}", one.path)), *map(_in_query, one.query)],
        "responses": {
            "200": {"description": "Done.", "content": answer},
            **{status: {"description": text, "content": error} for status, text in _STATUSES.items()},
        },
    }
    if one.section is not None:
        made["tags"] = [one.section]
    if one.once:
        made["parameters"].append(_ONCE)
    if one.streams:
        _streams(made)
    if one.needs is Needs.SESSION:
        made["security"] = [{"session": []}]
    if one.body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _body(one.body)}}}
    return made


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _in_query(one: Field) -> dict[str, Any]:
    return {"name": one.name, "in": "query", "required": one.required, "schema": one.schema()}


def _body(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: one.schema() for one in fields},
        "required": [one.name for one in fields if one.required],
        "additionalProperties": False,
    }
