"""The duplicate report: a page of it, one record's part of it, all of it. Rule: ``rules/who_is_the_same.py``.

Groups are shown at the smallest key of their component, in the order of the keys. So a page begins where the last one
ended, reads on from there, and looks up what hangs together with what it finds; it never reads the whole business,
unless a component is so large that the whole scan is cheaper. All three ways show the same groups (law 15).
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import InvalidCursor
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.components import MOST_HOLDERS as MOST_HOLDERS
from clientportal.operations.components import IndexComponent, components_around, holders, index_components
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.looking import look
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import records_of, roots_of
from clientportal.operations.setting import Setup, Staff
from clientportal.operations.weighing import weigh
from clientportal.outcomes import DuplicateGroup, Duplicates
from clientportal.policy import Policy
from clientportal.records import ContactEntry
from clientportal.rules.who_may_manage import Permission, may
from clientportal.values import RecordRef

__all__ = ["DUPLICATES", "DUPLICATES_OF", "DuplicatesOf", "ListDuplicates", "scan"]

KEYS_AT_ONCE = 200
"""How many colliding keys a page looks around at a time."""

COMPONENTS_AT_ONCE = 200
"""How many components the whole scan reads the rows of at a time."""


# --- a page --------------------------------------------------------------------------------------------------------


@frozen
class ListDuplicates(Paged):
    """From where, how many groups."""

    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


@frozen
class _Place:
    """Where a page ended: from which of the store's cursors on the keys were read, at which key the last group stood,
    and its first record, for a component may be several groups."""

    batch: str | None
    key: str
    ref: RecordRef

    def __str__(self) -> str:
        body = json.dumps([self.batch, self.key, str(self.ref)]).encode()
        return base64.urlsafe_b64encode(body).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> _Place:
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            parts: Any = json.loads(raw)
            batch, key, ref = parts
            if not isinstance(key, str) or not isinstance(ref, str) or not isinstance(batch, str | None):
                raise ValueError("a cursor is made of text")
            return cls(batch, key, RecordRef.parse(ref))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidCursor("this cursor was not made by the duplicate report: begin at its first page") from error


@frozen
class _Shown:
    groups: tuple[DuplicateGroup, ...]
    next: str | None = None


async def _load_page(reading: Reading, asked: ListDuplicates) -> _Shown:
    last = None if asked.after is None else _Place.read(asked.after)
    batch = None if last is None else last.batch
    policy = reading.policy
    found: list[tuple[_Place, DuplicateGroup]] = []
    every: list[IndexComponent] | None = None
    while len(found) <= asked.limit:
        page = await reading.state.collisions(
            ContactEntry, "key", after=batch, limit=KEYS_AT_ONCE, most=MOST_HOLDERS + 1
        )
        held = holders(page.items, policy)
        near = await components_around(reading.state, policy, held=held) if every is None else every
        if near is None:
            near = every = await index_components(reading.state, policy)
        ahead = [one for one in near if one.first in held and (last is None or one.first >= last.key)]
        while ahead and len(found) <= asked.limit:
            some = asked.limit + 1 - len(found)
            for component, groups in zip(ahead, await weigh(reading, ahead[:some], policy), strict=False):
                fresh = (one for one in groups if last is None or (component.first, one.refs[0]) > (last.key, last.ref))
                found.extend((_Place(batch, component.first, one.refs[0]), one) for one in fresh)
            ahead = ahead[some:]
        batch = page.next
        if batch is None:
            break
    more = str(found[asked.limit - 1][0]) if len(found) > asked.limit else None
    return _Shown(tuple(group for _, group in found[: asked.limit]), more)


def _because(groups: int, policy: Policy) -> Because:
    return Because(
        "who_is_the_same.group_records",
        (("groups", str(groups)),),
        (("contacts.shared_by_at_most", str(policy.contacts.shared_by_at_most)),),
    )


def _decide_page(seen: _Shown, _asked: ListDuplicates, policy: Policy, _now: datetime) -> Decision[Duplicates]:
    return grant(Duplicates(seen.groups, seen.next), _because(len(seen.groups), policy))


DUPLICATES = Operation[ListDuplicates, _Shown, Duplicates](
    name="duplicates",
    load=_load_page,
    decide=_decide_page,
    writes=False,
    permission=Permission.SEE_DUPLICATES,
)


# --- one record ----------------------------------------------------------------------------------------------------


@frozen
class DuplicatesOf:
    """Which record: one of a merged client's will do."""

    ref: RecordRef


@frozen
class _OfOne:
    known: bool
    group: DuplicateGroup | None = None


async def _load_one(reading: Reading, asked: DuplicatesOf) -> _OfOne:
    root = (await roots_of(reading, [asked.ref]))[asked.ref]
    if root not in await records_of(reading, [root]):
        return _OfOne(known=False)
    near = await components_around(reading.state, reading.policy, persons=[str(root)])
    if near is None:
        near = await index_components(reading.state, reading.policy)
    own = [one for one in near if str(root) in one.persons]
    groups = (group for each in await weigh(reading, own, reading.policy) for group in each)
    return _OfOne(known=True, group=next((group for group in groups if root in group.refs), None))


def _decide_one(seen: _OfOne, asked: DuplicatesOf, policy: Policy, _now: datetime) -> Decision[DuplicateGroup | None]:
    because = _because(int(seen.group is not None), policy)
    if not seen.known:
        return refuse(Reason.NOT_FOUND, because)
    return grant(seen.group, because)


DUPLICATES_OF = Operation[DuplicatesOf, _OfOne, DuplicateGroup | None](
    name="duplicates_of",
    load=_load_one,
    decide=_decide_one,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.SEE_DUPLICATES,
)


# --- all of it -----------------------------------------------------------------------------------------------------


async def _all_components(reading: Reading) -> list[IndexComponent]:
    return await index_components(reading.state, reading.policy)


async def scan(setup: Setup, staff: Staff) -> AsyncIterator[DuplicateGroup]:
    """Yield every group, in the order of the pages: one reading of the index, then the rows of some at a time.

    Each portion is read in a unit of its own, so that a large business holds no transaction open.
    """
    no = may(staff.permissions, Permission.SEE_DUPLICATES)
    if no is not None:
        await note_refusal(setup, staff, "scan_duplicates", "", no)
        raise setup.refused(no, staff.tenant)
    await note_action(setup, staff, "scan_duplicates", Because("who_is_the_same.group_records"))
    components = await look(setup, staff, _all_components)
    policy = setup.policy_of(staff.tenant)
    for start in range(0, len(components), COMPONENTS_AT_ONCE):
        some = components[start : start + COMPONENTS_AT_ONCE]
        for groups in await look(setup, staff, weigh, some, policy):
            for group in groups:
                yield group
