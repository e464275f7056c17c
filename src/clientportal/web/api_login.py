"""Signing in, the session and the client's own details as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from clientportal.errors import InvalidInput
from clientportal.outcomes import CodeSent, Ended, Profile, ProfileOption, SessionLine, SignedIn
from clientportal.values import Business
from clientportal.web.api import KEY, Endpoint, Field
from clientportal.web.routing import Needs
from clientportal.web.visits import Visit

__all__ = ["ENDPOINTS"]

_TOKEN = frozenset({"token"})
_HANDLE = frozenset({"handle"})


@frozen
class PublicPage:
    """What everybody may know of a business, logged in or not (V11)."""

    business: Business
    language: str
    languages: tuple[str, ...]


async def public(visit: Visit, _asked: Mapping[str, Any]) -> PublicPage:
    return PublicPage(visit.business, visit.words.language, visit.site.languages_of(visit))


async def request_code(visit: Visit, asked: Mapping[str, Any]) -> CodeSent:
    return await visit.visitor.request_code(asked["contact"])


async def verify_code(visit: Visit, asked: Mapping[str, Any]) -> SignedIn:
    return await visit.visitor.verify_code(asked["handle"], asked["code"], key=idempotency_key(visit))


async def log_in(visit: Visit, asked: Mapping[str, Any]) -> SignedIn:
    return await visit.visitor.log_in(asked["email"], asked["password"], key=idempotency_key(visit))


async def profile(visit: Visit, _asked: Mapping[str, Any]) -> Profile:
    return await visit.client.profile()


async def profiles(visit: Visit, _asked: Mapping[str, Any]) -> tuple[ProfileOption, ...]:
    return await visit.client.profiles()


async def switch(visit: Visit, asked: Mapping[str, Any]) -> SignedIn:
    return await visit.client.switch(asked["profile"], key=idempotency_key(visit))


async def sessions(visit: Visit, _asked: Mapping[str, Any]) -> tuple[SessionLine, ...]:
    return await visit.client.sessions()


async def log_out(visit: Visit, _asked: Mapping[str, Any]) -> Ended:
    return await visit.client.log_out()


def idempotency_key(visit: Visit) -> str | None:
    """What the caller has drawn for this one act."""
    key = visit.request.headers.get("idempotency-key")
    if key is not None and not re.fullmatch(KEY, key):
        raise InvalidInput("Idempotency-Key is 1 to 200 characters of ASCII that can be seen")
    return key


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/api/public",
        name="public",
        handler=public,
        answers=PublicPage,
        needs=Needs.NOTHING,
        about="The business, without anything personal",
    ),
    Endpoint(
        method="POST",
        path="/api/sign-in/code",
        name="request_code",
        handler=request_code,
        answers=CodeSent,
        needs=Needs.NOTHING,
        body=(Field(name="contact", required=True, about="email or phone number, in any usual spelling"),),
        revealed=_HANDLE,
        about="Ask for a one-time code; the answer is the same whether anybody has this contact or not",
    ),
    Endpoint(
        method="POST",
        path="/api/sign-in/verify",
        name="verify_code",
        handler=verify_code,
        answers=SignedIn,
        needs=Needs.NOTHING,
        body=(Field(name="handle", required=True, longest=500), Field(name="code", required=True, longest=50)),
        revealed=_TOKEN,
        once=True,
        about="Type the code in; the token opens the session",
    ),
    Endpoint(
        method="POST",
        path="/api/sign-in/password",
        name="log_in",
        handler=log_in,
        answers=SignedIn,
        needs=Needs.NOTHING,
        body=(Field(name="email", required=True), Field(name="password", required=True, longest=1024)),
        revealed=_TOKEN,
        once=True,
        about="Log in with email and password",
    ),
    Endpoint(
        method="GET",
        path="/api/profile",
        name="profile",
        handler=profile,
        answers=Profile,
        section="account",
        about="The client's own contact details",
    ),
    Endpoint(
        method="GET",
        path="/api/profiles",
        name="profiles",
        handler=profiles,
        answers=tuple[ProfileOption, ...],
        about="Whom this session may be for",
    ),
    Endpoint(
        method="POST",
        path="/api/profiles/switch",
        name="switch",
        handler=switch,
        answers=SignedIn,
        body=(Field(name="profile", required=True, longest=500, about="the id of one of the profiles"),),
        revealed=_TOKEN,
        once=True,
        about="Choose one of them; the token changes",
    ),
    Endpoint(
        method="GET",
        path="/api/sessions",
        name="sessions",
        handler=sessions,
        answers=tuple[SessionLine, ...],
        about="The client's open sessions, newest first",
    ),
    Endpoint(
        method="POST", path="/api/log-out", name="log_out", handler=log_out, answers=Ended, about="End this session"
    ),
)
