"""Histories: a small world to begin with, and what then happens in it, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from attrs import frozen
from hypothesis import strategies as st

from clientportal.values import ClientRecord, HoldingKind, Money, RecordRef

__all__ = ["NUMBERS", "PLACEHOLDER", "THINGS", "Doing", "History", "Newcomer", "Step", "histories", "steps"]

NUMBERS = (
    ("021 123 4567", "+64 21 123 4567", "０２１１２３４５６７"),
    ("021 123 4568", "+64211234568", "0064211234568"),
    ("021 123 4569", "+64211234569", "(021) 123-4569"),
)
"""A few mobile numbers, each in spellings that mean the same in New Zealand; the first household's, and two others'."""

THINGS: tuple[tuple[HoldingKind, Money | None, int | None], ...] = (
    (HoldingKind.CARD, None, None),
    (HoldingKind.CARD, None, None),
    (HoldingKind.BALANCE, Money("10.10", "NZD"), None),
    (HoldingKind.BALANCE, Money("-0.01", "NZD"), None),
    (HoldingKind.INVOICE, Money("99.99", "AUD"), None),
    (HoldingKind.PACKAGE, None, 3),
)
"""What a record may hold: of two currencies, some with a sum and some with a count."""

PLACEHOLDER = "none@example.com"
"""What is typed into a form where somebody has no email: on many records, and nobody's."""

_EMAILS = (None, "ana@example.com", "ben@example.com", PLACEHOLDER)
_NAMES = (("Ana", "Kingi"), ("Ana", None), ("Ben", "Kingi"), (None, None))
_BEGAN = (
    datetime(2025, 1, 5, 9, tzinfo=UTC),
    datetime(2025, 1, 5, 9, tzinfo=UTC),
    datetime(2025, 6, 1, 9, 30, tzinfo=UTC),
)


class Doing(StrEnum):
    """What can happen."""

    ADD = "add"
    """The platform has a new client row."""
    BOOK = "book"
    """An appointment is made for a record, absorbed ones too: an old screen of the platform may still show them."""
    GIVE = "give"
    """A record gets a card, a balance, a package or an invoice."""
    CHANGE_CONTACT = "change contact"
    LOG_IN = "log in"
    """With a code to a mobile number."""
    NOT_ME = "not me"
    MERGE = "merge"
    MERGE_AT_ONCE = "merge at once"
    """Two members of staff merge the same two records the two ways round, at the same moment."""
    MERGE_AND_UNDO = "merge and undo"
    UNDO = "undo"
    DISMISS = "dismiss"
    RESTORE_PAIR = "restore pair"
    DELETE = "delete"


_CLEARED = frozenset[str](("last_name",))
_NOTHING = frozenset[str]()


@frozen
class Newcomer:
    """A client row as it begins: which name, which number in which spelling, which email, which beginning; and which
    of :data:`THINGS` it holds.
    """

    name: int
    number: int
    spelling: int
    email: int
    began: int
    consents: bool | None
    cleared: bool
    holds: int | None = None

    def record(self, ref: RecordRef) -> ClientRecord:
        """As the platform stores it. The number 3 is none at all; a mobile may also have been cleared on purpose."""
        first, last = _NAMES[self.name]
        mobile = NUMBERS[self.number][self.spelling] if self.number < len(NUMBERS) else None
        return ClientRecord(
            ref,
            _BEGAN[self.began],
            first_name=first,
            last_name=last,
            mobile=mobile,
            email=_EMAILS[self.email],
            consents={} if self.consents is None else {"marketing_email": self.consents},
            cleared=_CLEARED if self.cleared and last is None else _NOTHING,  # type: ignore[arg-type]
        )


@frozen
class Step:
    """One thing that happens, in one of the businesses, to whoever the numbers come to (counted round)."""

    doing: Doing
    business: int
    first: int
    second: int
    number: int


@frozen
class History:
    """Two businesses with a few clients each, whose ids, numbers and names are the same, and what happens in them."""

    clients: tuple[tuple[Newcomer, ...], ...]
    steps: tuple[Step, ...]


_NEWCOMERS = st.builds(
    Newcomer,
    name=st.integers(0, 3),
    number=st.sampled_from((0, 0, 0, 1, 2, 3)),
    spelling=st.integers(0, 2),
    email=st.integers(0, 3),
    began=st.integers(0, 2),
    consents=st.sampled_from((None, True, False)),
    cleared=st.booleans(),
    holds=st.none() | st.integers(0, len(THINGS) - 1),
)
_OFTEN = (Doing.MERGE, Doing.MERGE, Doing.MERGE, Doing.UNDO, Doing.BOOK, Doing.BOOK, Doing.LOG_IN)
_STEPS = st.builds(
    Step,
    doing=st.sampled_from((*_OFTEN, *Doing)),
    business=st.sampled_from((0, 0, 0, 1)),
    first=st.integers(0, 4),
    second=st.integers(0, 4),
    number=st.integers(0, 2),
)
_CLIENTS = st.lists(_NEWCOMERS, min_size=2, max_size=4).map(tuple)
_BUSINESSES = st.tuples(_CLIENTS, _CLIENTS)


def steps() -> st.SearchStrategy[Step]:
    """One step."""
    return _STEPS


def histories(longest: int) -> st.SearchStrategy[History]:
    """A history of at most so many steps."""
    short = st.lists(_STEPS, min_size=1, max_size=longest)  # first, so that a broken history can become this short
    long = st.lists(_STEPS, min_size=longest // 2, max_size=longest)
    return st.builds(History, _BUSINESSES, (short | long | long).map(tuple))


BETWEEN_LOGINS = timedelta(minutes=11)
"""How long somebody waits before asking for the next code."""
