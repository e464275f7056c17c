"""Every section as JSON: what it lists, one item of it, and what is done in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clientportal.errors import InvalidInput
from clientportal.outcomes import Codes, SectionChanged, SectionEntry
from clientportal.outcomes.dashboard import Dashboard
from clientportal.outcomes.held import HeldPage, MembershipDetails, PackagePage
from clientportal.outcomes.notices import MarkedRead, NoticePage
from clientportal.outcomes.own import DetailsChanged, Referrals
from clientportal.outcomes.paying import PaymentsPage, PaymentView
from clientportal.values import CLIENT_FIELDS, ItemPage
from clientportal.values.cards import Card
from clientportal.values.channels import Channel
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest
from clientportal.values.gift_cards import GiftCard
from clientportal.values.invoices import Transaction
from clientportal.values.memberships import Membership
from clientportal.values.messages import MAX_MESSAGE, Message
from clientportal.values.pets import MAX_PET_TEXT, PET_FIELDS, Pet
from clientportal.values.preferences import Category, Preferences
from clientportal.values.rewards import RewardBalance
from clientportal.web.api import Endpoint, Field
from clientportal.web.api_bookings import AFTER, LIMIT
from clientportal.web.api_login import idempotency_key
from clientportal.web.visits import Visit

__all__ = ["ENDPOINTS"]

_PAGE = (AFTER, LIMIT)
_PAYING = frozenset({"page"})


def _paged(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"after": asked.get("after"), "limit": asked.get("limit", 20)}


async def sections(visit: Visit, _asked: Mapping[str, Any]) -> tuple[SectionEntry, ...]:
    return await visit.client.sections()


async def dashboard(visit: Visit, _asked: Mapping[str, Any]) -> Dashboard:
    return await visit.client.dashboard()


async def memberships(visit: Visit, asked: Mapping[str, Any]) -> HeldPage[Membership]:
    return await visit.client.memberships(**_paged(asked))


async def membership(visit: Visit, _asked: Mapping[str, Any]) -> MembershipDetails:
    return await visit.client.membership(visit.arguments["id"])


async def packages(visit: Visit, asked: Mapping[str, Any]) -> PackagePage:
    return await visit.client.packages(**_paged(asked))


async def gift_cards(visit: Visit, asked: Mapping[str, Any]) -> HeldPage[GiftCard]:
    return await visit.client.gift_cards(**_paged(asked))


async def rewards(visit: Visit, asked: Mapping[str, Any]) -> HeldPage[RewardBalance]:
    return await visit.client.rewards(**_paged(asked))


async def codes(visit: Visit, _asked: Mapping[str, Any]) -> Codes:
    return await visit.client.codes()


async def cards(visit: Visit, asked: Mapping[str, Any]) -> HeldPage[Card]:
    return await visit.client.cards(**_paged(asked))


async def remove_card(visit: Visit, _asked: Mapping[str, Any]) -> SectionChanged:
    return await visit.client.remove_card(visit.arguments["id"], key=idempotency_key(visit))


async def payments(visit: Visit, asked: Mapping[str, Any]) -> PaymentsPage:
    return await visit.client.payments(**_paged(asked))


async def transactions(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[Transaction]:
    return await visit.client.transactions(**_paged(asked))


async def pay(visit: Visit, asked: Mapping[str, Any]) -> PaymentView:
    key = idempotency_key(visit)
    return await visit.client.pay(visit.arguments["id"], asked["amount"], card=asked.get("card"), key=key)


async def payment(visit: Visit, _asked: Mapping[str, Any]) -> PaymentView:
    return await visit.client.payment(visit.arguments["id"])


async def documents(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[Document]:
    return await visit.client.documents(**_paged(asked))


async def forms(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[FormRequest]:
    return await visit.client.forms(**_paged(asked))


async def form(visit: Visit, asked: Mapping[str, Any]) -> FormRequest:
    return await visit.client.form(visit.arguments["id"], link=asked.get("link"))


async def save_draft(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    key = idempotency_key(visit)
    return await visit.client.save_draft(visit.arguments["id"], asked["answers"], link=asked.get("link"), key=key)


async def submit_form(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    key = idempotency_key(visit)
    return await visit.client.submit_form(visit.arguments["id"], asked["answers"], link=asked.get("link"), key=key)


async def messages(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[Message]:
    return await visit.client.messages(**_paged(asked))


async def send_message(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    return await visit.client.send_message(asked["text"], key=idempotency_key(visit))


async def notices(visit: Visit, asked: Mapping[str, Any]) -> NoticePage:
    return await visit.client.notices(**_paged(asked))


async def mark_read(visit: Visit, asked: Mapping[str, Any]) -> MarkedRead:
    return await visit.client.mark_read(asked.get("id"))


async def update_profile(visit: Visit, asked: Mapping[str, Any]) -> DetailsChanged:
    if not asked:
        raise InvalidInput("name at least one field that is to change")
    return await visit.client.update_profile(asked, key=idempotency_key(visit))


async def pets(visit: Visit, asked: Mapping[str, Any]) -> ItemPage[Pet]:
    return await visit.client.pets(**_paged(asked))


async def add_pet(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    return await visit.client.save_pet(asked, key=idempotency_key(visit))


async def change_pet(visit: Visit, asked: Mapping[str, Any]) -> SectionChanged:
    return await visit.client.save_pet(asked, id=visit.arguments["id"], key=idempotency_key(visit))


async def delete_pet(visit: Visit, _asked: Mapping[str, Any]) -> SectionChanged:
    return await visit.client.delete_pet(visit.arguments["id"], key=idempotency_key(visit))


async def preferences(visit: Visit, _asked: Mapping[str, Any]) -> Preferences:
    return await visit.client.preferences()


async def set_preference(visit: Visit, asked: Mapping[str, Any]) -> Preferences:
    key = idempotency_key(visit)
    return await visit.client.set_preference(asked["category"], asked["channel"], asked["on"], key=key)


async def referrals(visit: Visit, asked: Mapping[str, Any]) -> Referrals:
    return await visit.client.referrals(**_paged(asked))


def _get(path: str, handler: Any, answers: Any, section: str | None, about: str, **more: Any) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/api/{path}",
        name=handler.__name__,
        handler=handler,
        answers=answers,
        section=section,
        about=about,
        **more,
    )


def _post(path: str, handler: Any, answers: Any, section: str, about: str, **more: Any) -> Endpoint:
    settings: dict[str, Any] = {"once": True, **more}
    return Endpoint(
        method="POST",
        path=f"/api/{path}",
        name=handler.__name__,
        handler=handler,
        answers=answers,
        section=section,
        about=about,
        **settings,
    )


_ANSWERS = (Field(name="answers", kind="texts", required=True), Field(name="link", longest=2000))
_PET = tuple(Field(name=name, required=name == "name", longest=MAX_PET_TEXT) for name in PET_FIELDS)
_PROFILE = tuple(Field(name=name) for name in CLIENT_FIELDS if name != "address")
_CATEGORIES, _CHANNELS = tuple(one.value for one in Category), tuple(one.value for one in Channel)

ENDPOINTS: tuple[Endpoint, ...] = (
    _get("sections", sections, tuple[SectionEntry, ...], None, "What is open here, and what may be done in it"),
    _get("dashboard", dashboard, Dashboard, None, "What is due, what is new, what comes next; null is closed here"),
    _get("memberships", memberships, HeldPage[Membership], "memberships", "Every membership ever bought", query=_PAGE),
    _get("memberships/{id}", membership, MembershipDetails, "memberships", "One, with its credits and charges"),
    _get("packages", packages, PackagePage, "packages", "Every package, with what is left of it", query=_PAGE),
    _get(
        "gift-cards",
        gift_cards,
        HeldPage[GiftCard],
        "gift_cards",
        "Gift cards with balance and code",
        query=_PAGE,
        revealed=frozenset({"code"}),
    ),
    _get("rewards", rewards, HeldPage[RewardBalance], "rewards", "Balances of points or money", query=_PAGE),
    _get("codes", codes, Codes, "codes", "The codes that can be used today", revealed=frozenset({"code"})),
    _get("payment-methods", cards, HeldPage[Card], "payment_methods", "Saved cards", query=_PAGE),
    _post("payment-methods/{id}/remove", remove_card, SectionChanged, "payment_methods", "Remove a saved card"),
    _get(
        "payments", payments, PaymentsPage, "payments", "What is due, and every invoice", query=_PAGE, revealed=_PAYING
    ),
    _get("payments/past", transactions, ItemPage[Transaction], "payments", "Money that has moved", query=_PAGE),
    _post(
        "payments/{id}/pay",
        pay,
        PaymentView,
        "payments",
        "Pay exactly what is due of an invoice",
        body=(Field(name="amount", kind="money", required=True), Field(name="card", longest=200)),
        revealed=_PAYING,
    ),
    _get(
        "payments/attempts/{id}",
        payment,
        PaymentView,
        "payments",
        "What became of a payment",
        revealed=_PAYING,
    ),
    _get("documents", documents, ItemPage[Document], "documents", "Documents shared with you", query=_PAGE),
    _get("forms", forms, ItemPage[FormRequest], "forms", "Forms that were sent to you", query=_PAGE),
    _get("forms/{id}", form, FormRequest, "forms", "One of them", query=(Field(name="link", longest=2000),)),
    _post("forms/{id}/draft", save_draft, SectionChanged, "forms", "Keep what was typed so far", body=_ANSWERS),
    _post("forms/{id}/submit", submit_form, SectionChanged, "forms", "Send it in, once", body=_ANSWERS),
    _get("messages", messages, ItemPage[Message], "messages", "The conversation, newest first", query=_PAGE),
    _post(
        "messages",
        send_message,
        SectionChanged,
        "messages",
        "Write to the business",
        body=(Field(name="text", required=True, longest=MAX_MESSAGE),),
    ),
    _get("notifications", notices, NoticePage, "notifications", "What you were told of, newest first", query=_PAGE),
    _post(
        "notifications/read",
        mark_read,
        MarkedRead,
        "notifications",
        "Mark one as read, or without an id all",
        body=(Field(name="id", longest=200),),
        once=False,
    ),
    _post("profile", update_profile, DetailsChanged, "account", "Change your own details", body=_PROFILE),
    _get("pets", pets, ItemPage[Pet], "pets", "Your pets, by name", query=_PAGE),
    _post("pets", add_pet, SectionChanged, "pets", "Add a pet", body=_PET),
    _post("pets/{id}", change_pet, SectionChanged, "pets", "Change a pet", body=_PET),
    _post("pets/{id}/delete", delete_pet, SectionChanged, "pets", "Remove a pet"),
    _get("preferences", preferences, Preferences, "preferences", "Which messages you get"),
    _post(
        "preferences",
        set_preference,
        Preferences,
        "preferences",
        "Turn one on or off",
        body=(
            Field(name="category", required=True, among=_CATEGORIES),
            Field(name="channel", required=True, among=_CHANNELS),
            Field(name="on", kind="boolean", required=True),
        ),
    ),
    _get(
        "referrals",
        referrals,
        Referrals,
        "referrals",
        "Your link, and what it brought",
        query=_PAGE,
        revealed=frozenset({"link"}),
    ),
)
