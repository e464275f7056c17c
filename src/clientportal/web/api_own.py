"""As JSON: a platform's own sections, documents themselves, and what changes the login and the contacts of a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from clientportal.errors import InvalidInput
from clientportal.outcomes import CodeSent, Ended, MailSent, SectionChanged, SignedIn
from clientportal.outcomes.own import ContactReplaced
from clientportal.sections import SECTIONS, STANDING
from clientportal.values import ItemPage, SectionItem
from clientportal.web.api import Endpoint, Field
from clientportal.web.api_bookings import AFTER, LIMIT
from clientportal.web.api_login import idempotency_key
from clientportal.web.messages import Response
from clientportal.web.pages_papers import download
from clientportal.web.visits import Visit

__all__ = ["ENDPOINTS"]

_TOKEN, _HANDLE = frozenset({"token"}), frozenset({"handle"})
_PASSWORD = Field(name="password", required=True, longest=1024)


# --- a platform's own sections --------------------------------------------------------------------------------------


def _own(visit: Visit) -> str:
    name = visit.arguments["name"]
    if name in SECTIONS or name in STANDING:
        raise InvalidInput(f"{name} has addresses of its own; these are for the sections that a platform has added")
    return name


async def section(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[SectionItem]:
    return await visit.client.section(_own(visit), after=asked.get("after"), limit=asked.get("limit", 20))


async def section_item(visit: Visit, _asked: Mapping[str, Any]) -> SectionItem:
    found: SectionItem = await visit.client.section_item(_own(visit), visit.arguments["id"])
    return found


async def section_act(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    key = idempotency_key(visit)
    return await visit.client.act(
        _own(visit), asked["action"], item=asked.get("item"), fields=asked.get("fields", {}), key=key
    )


# --- documents, notices ---------------------------------------------------------------------------------------------


async def document_content(visit: Visit, _asked: Mapping[str, Any]) -> Response:
    return await download(visit)


@frozen
class Unread:
    """How many notices are unread; counting stops at 100."""

    count: int


async def unread_notices(visit: Visit, _asked: Mapping[str, Any]) -> Unread:
    return Unread(await visit.client.unread_notices())


# --- contacts, login ------------------------------------------------------------------------------------------------


async def request_contact_change(visit: Visit, asked: Mapping[str, Any]) -> CodeSent:
    return await visit.client.request_contact_change(asked["contact"])


async def confirm_contact_change(visit: Visit, asked: Mapping[str, Any]) -> ContactReplaced:
    return await visit.client.confirm_contact_change(asked["handle"], asked["code"])


async def confirm_password(visit: Visit, asked: Mapping[str, Any]) -> SignedIn:
    return await visit.client.confirm_password(asked["password"])


async def change_password(visit: Visit, asked: Mapping[str, Any]) -> SignedIn:
    return await visit.client.change_password(asked["new_password"], old=asked.get("password"))


async def change_email(visit: Visit, asked: Mapping[str, Any]) -> MailSent:
    return await visit.client.change_email(asked["email"])


async def end_session(visit: Visit, _asked: Mapping[str, Any]) -> Ended:
    return await visit.client.end_session(visit.arguments["id"])


async def log_out_everywhere(visit: Visit, _asked: Mapping[str, Any]) -> Ended:
    return await visit.client.log_out_everywhere()


def _endpoint(method: str, path: str, handler: Any, answers: Any, about: str, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=f"/api/{path}",
        name=handler.__name__,
        handler=handler,
        answers=answers,
        about=about,
        **more,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint(
        "GET",
        "sections/{name}",
        section,
        ItemPage[SectionItem],
        "A section of this platform's own",
        query=(AFTER, LIMIT),
    ),
    _endpoint("GET", "sections/{name}/{id}", section_item, SectionItem, "One item of it"),
    _endpoint(
        "POST",
        "sections/{name}",
        section_act,
        SectionChanged,
        "Do something there; sections lists what, and what is asked before",
        body=(
            Field(name="action", required=True, longest=40),
            Field(name="item", longest=200, about="what it is about; absent for what is about no item"),
            Field(name="fields", kind="texts", about="the answers to what is asked before, by the questions' names"),
        ),
        once=True,
    ),
    _endpoint(
        "GET",
        "documents/{id}/content",
        document_content,
        None,
        "The document itself, or a part of it (Range)",
        section="documents",
        streams=True,
    ),
    _endpoint("GET", "notifications/unread", unread_notices, Unread, "How many are unread", section="notifications"),
    _endpoint(
        "POST",
        "profile/contact",
        request_contact_change,
        CodeSent,
        "Begin to replace your mobile or email: a code goes to the new one, and nothing changes yet",
        section="account",
        body=(Field(name="contact", required=True),),
        revealed=_HANDLE,
    ),
    _endpoint(
        "POST",
        "profile/contact/confirm",
        confirm_contact_change,
        ContactReplaced,
        "Type that code in, in the same session",
        section="account",
        body=(Field(name="handle", required=True, longest=500), Field(name="code", required=True, longest=50)),
    ),
    _endpoint(
        "POST",
        "login/confirm",
        confirm_password,
        SignedIn,
        "Show the password once more, before what asks for it (step_up_first); the token changes",
        body=(_PASSWORD,),
        revealed=_TOKEN,
    ),
    _endpoint(
        "POST",
        "login/password",
        change_password,
        SignedIn,
        "Set another password: every other session ends, and the token changes",
        body=(Field(name="new_password", required=True, longest=1024), Field(name="password", longest=1024)),
        revealed=_TOKEN,
    ),
    _endpoint(
        "POST",
        "login/email",
        change_email,
        MailSent,
        "Log in with another email: a link goes there, and nothing changes yet",
        body=(Field(name="email", required=True),),
    ),
    _endpoint("POST", "sessions/{id}/end", end_session, Ended, "End one of your sessions"),
    _endpoint("POST", "log-out-everywhere", log_out_everywhere, Ended, "End all your sessions, this one included"),
)
