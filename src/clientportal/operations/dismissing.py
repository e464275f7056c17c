"""What staff tell the duplicate report: "not a duplicate", and "this contact is nobody's"."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.people import records_of
from clientportal.operations.requesting_codes import read_any_contact
from clientportal.policy import Policy
from clientportal.records import ContactHistory, Dismissal, Put, Remove
from clientportal.rules.placeholders import says_nothing
from clientportal.rules.who_may_manage import Permission
from clientportal.values import ContactKey, MatchKey, RecordRef, mask

__all__ = ["DISMISS", "FLAG_PLACEHOLDER", "RESTORE_PAIR", "Pair", "PlaceholderContact"]


@frozen
class Pair:
    """Two records."""

    first: RecordRef
    second: RecordRef


@frozen
class _Pair:
    dismissal: Dismissal | None
    known: bool
    actor: str


async def _load_pair(reading: Reading, pair: Pair) -> _Pair:
    rows = await records_of(reading, [pair.first, pair.second])
    dismissal = await reading.state.get(Dismissal, Dismissal.pair_id(pair.first, pair.second))
    return _Pair(dismissal, len(rows) == 2, reading.actor)


def _decide_dismiss(seen: _Pair, pair: Pair, _policy: Policy, now: datetime) -> Decision[bool]:
    """Remember that two records are different people: one fact, whichever way round it is said."""
    because = Because("who_is_the_same.dismiss", (("pair", f"{pair.first}, {pair.second}"),))
    if pair.first == pair.second:
        return refuse(Reason.SAME_RECORD, because)
    if not seen.known:
        return refuse(Reason.NOT_FOUND, because)
    if seen.dismissal is not None:
        return grant(False, because)
    first, second = sorted((str(pair.first), str(pair.second)))
    made = Dismissal(
        id=Dismissal.pair_id(pair.first, pair.second), first=first, second=second, at=now, actor=seen.actor
    )
    return grant(True, because, (Put(made),))


def _decide_restore(seen: _Pair, pair: Pair, _policy: Policy, _now: datetime) -> Decision[bool]:
    because = Because("who_is_the_same.restore", (("pair", f"{pair.first}, {pair.second}"),))
    if seen.dismissal is None:
        return grant(False, because)
    return grant(True, because, (Remove(seen.dismissal),))


def _about_pair(pair: Pair) -> str:
    return f"{pair.first} and {pair.second}"


DISMISS = Operation[Pair, _Pair, bool](
    name="dismiss", load=_load_pair, decide=_decide_dismiss, subject=_about_pair, permission=Permission.MERGE
)
RESTORE_PAIR = Operation[Pair, _Pair, bool](
    name="restore_pair", load=_load_pair, decide=_decide_restore, subject=_about_pair, permission=Permission.MERGE
)


@frozen
class PlaceholderContact:
    """A contact that is none (``none@example.com``), as staff type it, and whether it is flagged."""

    contact: str
    flagged: bool = True


@frozen
class _Flagging:
    key: ContactKey
    history: ContactHistory | None


async def _load_history(reading: Reading, asked: PlaceholderContact) -> _Flagging:
    _, key = read_any_contact(asked.contact, reading.policy)
    return _Flagging(key, await reading.state.get(ContactHistory, str(key), lock=True))


def _decide_flag(seen: _Flagging, asked: PlaceholderContact, _policy: Policy, _now: datetime) -> Decision[bool]:
    because = Because("who_is_the_same.placeholder", (("contact", mask(seen.key.value)),))
    history = seen.history or ContactHistory(id=str(seen.key))
    # Where nobody has said anything, what is typed where people have none counts as a placeholder by itself.
    now_so = says_nothing(MatchKey.of(seen.key)) if history.word is None else history.word
    if now_so == asked.flagged and (history.placeholder or not asked.flagged):
        return grant(False, because)
    return grant(True, because, (Put(evolve(history, placeholder=asked.flagged, cleared=not asked.flagged)),))


FLAG_PLACEHOLDER = Operation[PlaceholderContact, _Flagging, bool](
    name="flag_placeholder",
    load=_load_history,
    decide=_decide_flag,
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    permission=Permission.MERGE,
)
