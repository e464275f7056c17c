"""One item of each section that ships, for the contract to put into a platform's tables: plain things of a salon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from clientportal.values import Money, RecordRef, SectionItem
from clientportal.values.cards import Card
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest, Question
from clientportal.values.gift_cards import GiftCard
from clientportal.values.invoices import Invoice
from clientportal.values.memberships import Membership
from clientportal.values.messages import Message
from clientportal.values.packages import Package, PackageCredits
from clientportal.values.pets import Pet
from clientportal.values.preferences import Preference
from clientportal.values.referrals import ReferralCredit
from clientportal.values.rewards import RewardBalance

__all__ = ["EXAMPLES", "NEEDS_ONE", "UNLISTED", "Example"]

Example: TypeAlias = Callable[[str, RecordRef, int], SectionItem]
"""Makes the item with that id, of that record, in that place: the greater the number, the earlier it is listed."""

NEEDS_ONE = frozenset({"memberships", "payment_methods", "documents", "forms", "pets", "payments"})
"""The sections whose items are opened, changed or paid one by one: their ``one`` is needed."""

UNLISTED = frozenset({"preferences", "referrals"})
"""The sections that are shown as a whole: no page of theirs is listed to anybody."""

_LAST_YEAR = datetime(2034, 6, 1, 9, tzinfo=UTC)
_ASKED = (Question(name="name", label="Your name", kind="text"),)
_CELLS = (("transactional", "email"), ("transactional", "sms"), ("marketing", "email"), ("marketing", "sms"))


def _at(place: int) -> datetime:
    return _LAST_YEAR + timedelta(days=place)


def _membership(id: str, ref: RecordRef, place: int) -> SectionItem:
    return Membership(id=id, ref=ref, name="Gold", status="active", bought_at=_at(place), price=Money("49.90", "NZD"))


def _package(id: str, ref: RecordRef, place: int) -> SectionItem:
    visits = (PackageCredits(for_what="Cut", bought=10, left=7),)
    return Package(id=id, ref=ref, name="Ten cuts", bought_at=_at(place), credits=visits)


def _gift_card(id: str, ref: RecordRef, place: int) -> SectionItem:
    balance = Money("33.30", "NZD")
    return GiftCard(
        id=id, ref=ref, side="received", bought_at=_at(place), balance=balance, code=f"G-{id}", message="for you, Ana"
    )


def _balance(id: str, ref: RecordRef, place: int) -> SectionItem:
    return RewardBalance(id=id, ref=ref, name="Points", points=120 + place, changed_at=_at(place))


def _card(id: str, ref: RecordRef, place: int) -> SectionItem:
    return Card(
        id=id, ref=ref, brand="Visa", last_four="4242", expires_month=4, expires_year=2039, saved_at=_at(place),
        token=f"tok_{id}",
    )  # fmt: skip


def _message(id: str, ref: RecordRef, place: int) -> SectionItem:
    return Message(id=id, ref=ref, at=_at(place), written_by="business", text=f"See you on day {place}")


def _invoice(id: str, ref: RecordRef, place: int) -> SectionItem:
    owed = Money("80.50", "NZD")
    return Invoice(id=id, ref=ref, name=f"Invoice {place}", issued_at=_at(place), total=owed, due=owed)


def _pet(id: str, ref: RecordRef, place: int) -> SectionItem:
    return Pet(id=id, ref=ref, name=f"Rex {999 - place:03d}", breed="Huntaway")


def _preference(id: str, ref: RecordRef, place: int) -> SectionItem:
    category, channel = _CELLS[place % len(_CELLS)]
    return Preference(id=id, ref=ref, category=category, channel=channel, on=True)


def _credit(id: str, ref: RecordRef, place: int) -> SectionItem:
    return ReferralCredit(id=id, ref=ref, earned_at=_at(place), amount=Money("10.10", "NZD"))


def _document(id: str, ref: RecordRef, place: int) -> SectionItem:
    return Document(
        id=id, ref=ref, name=f"Plan {place}.pdf", media_type="application/pdf", size=0, shared_at=_at(place)
    )


def _form(id: str, ref: RecordRef, place: int) -> SectionItem:
    return FormRequest(id=id, ref=ref, title="Intake form", sent_at=_at(place), questions=_ASKED)


EXAMPLES: Mapping[str, Example] = {
    "memberships": _membership,
    "packages": _package,
    "gift_cards": _gift_card,
    "rewards": _balance,
    "payment_methods": _card,
    "documents": _document,
    "forms": _form,
    "messages": _message,
    "pets": _pet,
    "preferences": _preference,
    "referrals": _credit,
    "payments": _invoice,
}
"""By section, how the contract makes an item of it."""
