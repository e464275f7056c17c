"""Answers that need no template: JSON, and pages for when there is nobody to make a nice one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from clientportal.errors import InvalidContact, InvalidInput, Refused
from clientportal.web.languages import choose_language
from clientportal.web.messages import BadRequest, Response, TooLarge
from clientportal.web.refusals import retry_after, status_of
from clientportal.web.words import CATALOGUES

if TYPE_CHECKING:
    from clientportal.web.visits import Visit

__all__ = ["json_answer", "json_error", "json_problem", "plain_problem", "unreadable"]


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(status=status, headers={"content-type": "application/json"}, body=text.encode())


def json_error(visit: Visit, error: Refused | InvalidInput | None, *, status: int = 400) -> Response:
    """What went wrong, with the stable reason where the rules have said no."""
    if isinstance(error, Refused):
        body: dict[str, Any] = {"reason": error.reason.value, "text": visit.words.refusal(error)}
        if error.retry_at is not None:
            body["retry_at"] = error.retry_at.isoformat()
        if error.refusal.fee is not None:
            body["fee"] = {"amount": str(error.refusal.fee.amount), "currency": error.refusal.fee.currency}
        response = json_answer({"error": body}, status_of(error.reason))
        if error.retry_at is None:
            return response
        return response.with_headers({"retry-after": retry_after(error.retry_at, visit.now)})
    if isinstance(error, InvalidContact):
        return json_answer({"error": {"reason": "invalid_contact", "text": str(error)}}, 422)
    if isinstance(error, InvalidInput):
        return json_answer({"error": {"reason": "invalid_input", "text": str(error)}}, 422)
    words = {401: "session_ended", 403: "form_token", 404: "not_found", 500: "failed"}
    return json_problem(status, words.get(status, "failed"))


def json_problem(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """What went wrong before anybody was asked."""
    return json_answer({"error": {"reason": reason, "text": ""}}, status).with_headers(headers or {})


def unreadable(path: str, error: BadRequest, accepted: str = "") -> Response:
    """What came over the wire and cannot be read, before anybody knows which page it is for."""
    too_large = isinstance(error, TooLarge)
    return plain_problem(path, 413 if too_large else 400, "too_large" if too_large else "unreadable", accepted)


def plain_problem(
    path: str, status: int, reason: str, accepted: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """What went wrong where there is nobody to make a nice page of it: a sentence, in the language that the browser
    asks for first (``accepted`` is its ``Accept-Language``); for the JSON interface its reason.
    """
    if "/api/" in path:
        return json_problem(status, reason, headers)
    language = choose_language(tuple(CATALOGUES), None, accepted)
    text = escape(CATALOGUES[language][f"plain.{reason}"])
    body = f"<!doctype html><html lang={language}><meta charset=utf-8><title>{status}</title><h1>{text}</h1></html>"
    said = {"content-type": "text/html; charset=utf-8", **(headers or {})}
    return Response(status=status, headers=said, body=body.encode())
