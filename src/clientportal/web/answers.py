"""Answers that need no template: JSON, and pages for when there is nobody to make a nice one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from clientportal.errors import InvalidContact, InvalidInput, Refused
from clientportal.web.messages import BadRequest, Response, TooLarge
from clientportal.web.refusals import retry_after, status_of

if TYPE_CHECKING:
    from clientportal.web.visits import Visit

__all__ = ["json_answer", "json_error", "json_problem", "plain_page", "unreadable"]


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


def unreadable(path: str, error: BadRequest) -> Response:
    """What came over the wire and cannot be read, before anybody knows which page it is for."""
    status = 413 if isinstance(error, TooLarge) else 400
    if "/api/" in path:
        return json_problem(status, "too_large" if status == 413 else "unreadable")
    return plain_page(status, str(error))


def plain_page(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A page of one sentence."""
    body = f"<!doctype html><html lang=en><meta charset=utf-8><title>{status}</title><h1>{escape(text)}</h1></html>"
    return Response(
        status=status, headers={"content-type": "text/html; charset=utf-8", **(headers or {})}, body=body.encode()
    )
