"""What a client is told of: making notices, listing them, marking them read (V10, V13). Rules: ``rules/notifying.py``.

Notices are the portal's own records, each under the record that it was told: a merge shows those of all its records,
and an undo tells them apart again, because nothing was ever moved.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import InvalidCursor, InvalidInput
from clientportal.messages.notices import worded
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import Principal, group_of, principal, records_of
from clientportal.operations.sections import require_section
from clientportal.operations.sessions import Nothing
from clientportal.outcomes.notices import MarkedRead, NoticeLine, NoticePage, Notified
from clientportal.policy import Policy
from clientportal.records import Notice, NoticeKind, Put, Receipt
from clientportal.rules.franchises import is_shown
from clientportal.rules.notifying import News, as_told
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef
from clientportal.values.field_checks import quoted
from clientportal.values.instants import as_utc, sortable

__all__ = ["LIST_NOTICES", "MARK_READ", "NOTIFY", "STAFF_NOTIFY", "UNREAD", "ListNotices", "MarkRead", "Notify"]

SECTION = "notifications"
MOST_UNREAD = 100
"""Counting stops here: a badge says "99+"."""

_FEW = 8
_MOST = 10_000
_AT_ONCE = 200
MAX_TITLE, MAX_TEXT, MAX_LINK = 200, 2_000, 200


# --- whose ---------------------------------------------------------------------------------------------------------


async def _reader(reading: Reading) -> Principal:
    """The caller, where the business shows notices."""
    caller = await principal(reading)
    await require_section(reading, SECTION)
    return caller


def _found_by(caller: Principal) -> tuple[str, tuple[str, ...]]:
    """By which key a caller's notices are found: those of their records, or where only single appointments are theirs
    those about these (A7)."""
    if caller.group is None:
        return "booking", tuple(ref.id for ref in caller.bookings)
    return "ref", tuple(map(str, caller.group.refs))


def _is_theirs(reading: Reading, caller: Principal, notice: Notice) -> bool:
    key, values = _found_by(caller)
    return getattr(notice, key) in values and _is_shown(reading, notice)


def _is_shown(reading: Reading, notice: Notice) -> bool:
    """Whether a notice is shown at this door of a franchise: it tells of what belongs to one business, and whoever
    looks there, staff through the client's eyes among them, reads nothing of the others'.
    """
    shares = reading.policy.franchise.shares
    section = notice.section if notice.section in shares else SECTION
    return is_shown(notice.business, section, reading.setup.branch, shares)


# --- listing -------------------------------------------------------------------------------------------------------


@frozen
class _Place:
    """Where a page ended: the last notice's moment and id, over all records alike."""

    at: datetime
    id: str

    def __str__(self) -> str:
        body = json.dumps([sortable(self.at), self.id]).encode()
        return base64.urlsafe_b64encode(body).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> _Place:
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            parts: Any = json.loads(raw)
            at, id = parts
            if not isinstance(at, str) or not isinstance(id, str):
                raise ValueError("a cursor is made of text")
            return cls(as_utc(datetime.fromisoformat(at)), id)
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise InvalidCursor("this cursor was not made by the list of notices: begin at its first page") from error

    def before(self, notice: Notice) -> bool:
        """Whether a notice stands after this place, where the newest comes first."""
        return (notice.at, notice.id) < (self.at, self.id)


@frozen
class ListNotices(Paged):
    """From where, how many."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


async def _load_list(reading: Reading, asked: ListNotices) -> NoticePage:
    caller = await _reader(reading)
    place = None if asked.after is None else _Place.read(asked.after)
    found = await _newest(reading, *_found_by(caller), place, asked.limit + 1)
    shown = found[: asked.limit]
    words = await _words(reading)
    lines = tuple(_line(reading, one, words) for one in shown)
    more = str(_Place(shown[-1].at, shown[-1].id)) if len(found) > asked.limit else None
    return NoticePage(lines, more)


async def _newest(reading: Reading, key: str, values: Sequence[str], place: _Place | None, limit: int) -> list[Notice]:
    """The newest notices after a place, over several records: one statement for each of a few, or one for them all."""
    found: list[Notice] = []
    if len(values) > _FEW:
        every = await reading.state.find_any(Notice, key, values, limit=_MOST)
        found = [one for one in every if (place is None or place.before(one)) and _is_shown(reading, one)]
    else:
        for value in values:
            found += await _newest_of(reading, key, value, place, limit)
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:limit]


async def _newest_of(reading: Reading, key: str, value: str, place: _Place | None, limit: int) -> list[Notice]:
    """Of one record. Those of the very moment at which the last page ended come again, and are left out here."""
    found: list[Notice] = []
    after: str | None = None
    while True:
        page = await reading.state.page(
            Notice, key, [value], upto=None if place is None else place.at, after=after, limit=limit, newest_first=True
        )
        later = (one for one in page.items if place is None or place.before(one))
        found += [one for one in later if _is_shown(reading, one)]
        after = page.next
        if after is None or len(found) >= limit:
            return found[:limit]


async def _words(reading: Reading) -> Mapping[str, str]:
    return {"business": (await reading.host.business()).name}


def _line(reading: Reading, notice: Notice, words: Mapping[str, str]) -> NoticeLine:
    said = worded(reading.texts, notice, words)
    return NoticeLine(
        id=notice.id,
        at=notice.at,
        kind=notice.kind,
        title=said["title"],
        text=said["text"],
        section=notice.section,
        item=notice.item,
        read_at=notice.read_at,
    )


def _decide_list(seen: NoticePage, _asked: object, _policy: Policy, _now: datetime) -> Decision[NoticePage]:
    return grant(seen, Because("who_may_see.own"))


LIST_NOTICES = Operation[ListNotices, NoticePage, NoticePage](
    name="notices", load=_load_list, decide=_decide_list, writes=False
)


# --- unread --------------------------------------------------------------------------------------------------------


async def _unread_of(reading: Reading, caller: Principal, limit: int) -> list[Notice]:
    key, values = _found_by(caller)
    if key == "ref" and not reading.setup.branch:
        return list(await reading.state.find_any(Notice, "unread", values, limit=limit))
    found = await reading.state.find_any(Notice, "unread" if key == "ref" else key, values, limit=_MOST)
    return [one for one in found if one.read_at is None and _is_shown(reading, one)][:limit]


async def _load_unread(reading: Reading, _asked: Nothing) -> int:
    return len(await _unread_of(reading, await _reader(reading), MOST_UNREAD))


def _decide_unread(seen: int, _asked: object, _policy: Policy, _now: datetime) -> Decision[int]:
    return grant(seen, Because("who_may_see.own"))


UNREAD = Operation[Nothing, int, int](name="unread_notices", load=_load_unread, decide=_decide_unread, writes=False)


@frozen
class MarkRead:
    """Which notice, or ``None`` for all."""

    id: str | None = None


async def _load_marking(reading: Reading, asked: MarkRead) -> tuple[Notice, ...] | None:
    caller = await principal(reading)
    await require_section(reading, SECTION, "mark_read")
    if asked.id is None:
        return tuple(await _unread_of(reading, caller, _AT_ONCE + 1))
    notice = await reading.state.get(Notice, asked.id, lock=True)
    return None if notice is None or not _is_theirs(reading, caller, notice) else (notice,)


def _decide_marking(
    seen: tuple[Notice, ...] | None, _asked: MarkRead, _policy: Policy, now: datetime
) -> Decision[MarkedRead]:
    because = Because("who_may_see.own")
    if seen is None:
        return refuse(Reason.NOT_FOUND, because)
    unread = [one for one in seen if one.read_at is None][:_AT_ONCE]
    writes = tuple(Put(evolve(one, read_at=now)) for one in unread)
    return grant(MarkedRead(len(unread), more=len(seen) > _AT_ONCE), because, writes)


MARK_READ = Operation[MarkRead, "tuple[Notice, ...] | None", MarkedRead](
    name="mark_read", load=_load_marking, decide=_decide_marking, subject=lambda asked: (asked.id or "")[:200]
)


# --- telling -------------------------------------------------------------------------------------------------------


def _kind(value: NoticeKind | str) -> NoticeKind:
    try:
        return NoticeKind(value)
    except ValueError as error:
        raise InvalidInput(f"{quoted(value)} is no kind of notice; there are {', '.join(NoticeKind)}") from error


def _up_to(most: int) -> Any:
    def check(_instance: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, str):
            raise InvalidInput(f"notify: {attribute.name} is text; this is {type(value).__name__}")
        if len(value) > most:
            raise InvalidInput(f"notify: {attribute.name} has at most {most} characters; this has {len(value)}")

    return check


@frozen
class Notify:
    """Whom, of what, in whose words, and where it leads."""

    ref: RecordRef
    kind: NoticeKind = field(converter=_kind)
    title: str = field(default="", validator=_up_to(MAX_TITLE))
    text: str = field(default="", repr=False, validator=_up_to(MAX_TEXT))
    section: str = field(default="", validator=_up_to(40))
    item: str = field(default="", validator=_up_to(MAX_LINK))

    def __attrs_post_init__(self) -> None:
        if self.kind is NoticeKind.OTHER and not self.title.strip():
            raise InvalidInput("notify: a notice of the kind 'other' has a title; the others have usual ones")


@frozen
class _Telling:
    known: bool
    branch: str
    ids: tuple[str, str]


async def _load_telling(reading: Reading, asked: Notify) -> _Telling:
    group = await group_of(reading, asked.ref)
    known = bool(await records_of(reading, [asked.ref, group.root]))
    return _Telling(known, reading.setup.branch, (reading.fresh_id(), reading.fresh_id()))


def _decide_telling(seen: _Telling, asked: Notify, policy: Policy, now: datetime) -> Decision[Notified]:
    because = Because(
        "notifying.as_told",
        (("kind", asked.kind.value),),
        (("portal.notices_by_email", str(policy.portal.notices_by_email)),),
    )
    if not seen.known:
        return refuse(Reason.NOT_FOUND, because)
    news = News(
        ref=asked.ref,
        kind=asked.kind,
        title=asked.title,
        text=asked.text,
        section=asked.section,
        item=asked.item,
        business=seen.branch,
    )
    outcome = Notified(seen.ids[0], policy.portal.notices_by_email)
    return grant(outcome, because, as_told(news, policy, now, seen.ids))


def _remember(outcome: Notified) -> Mapping[str, str]:
    return {"notice": outcome.id, "mailed": "1" if outcome.by_email else ""}


async def _replay(_reading: Reading, _asked: object, receipt: Receipt) -> Decision[Notified]:
    outcome = Notified(receipt.result["notice"], bool(receipt.result["mailed"]))
    return grant(outcome, Because("performing.perform", (("receipt", "found"),)))


NOTIFY = Operation[Notify, _Telling, Notified](
    name="notify",
    load=_load_telling,
    decide=_decide_telling,
    subject=lambda asked: str(asked.ref),
    keyed=Keyed(_remember, _replay),
)
STAFF_NOTIFY = Operation[Notify, _Telling, Notified](
    name="staff_notify",
    load=_load_telling,
    decide=_decide_telling,
    subject=lambda asked: str(asked.ref),
    permission=Permission.NOTIFY,
    keyed=Keyed(_remember, _replay),
)
